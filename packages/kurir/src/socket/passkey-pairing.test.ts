import { describe, expect, it, vi } from 'vitest'
import { contentBytes, getBinaryNodeChild } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { generateKeyPair } from '../crypto/curve.js'
import { randomBytes } from '../crypto/random.js'
import {
  openPasskeyRequest,
  type PasskeyAssertion,
  passkeyEncryptionKey,
  passkeyHandoffKey,
  passkeyHandoffProof,
  passkeyVerificationCode,
} from '../pairing/passkey.js'
import { proto } from '../proto/index.js'
import { type PasskeyAuthenticator, PasskeyPairing } from './passkey-pairing.js'
import { result, type TestCore, testCore } from './testing/collaborator-core.js'

const OPTIONS = '{"challenge":"AAAA"}'
const assertion: PasskeyAssertion = {
  credentialId: Buffer.of(1),
  clientDataJSON: Buffer.from('{}'),
  authenticatorData: Buffer.of(2),
  signature: Buffer.of(3),
}

const notification = (type: string, ...content: BinaryNode[]): BinaryNode => ({
  tag: 'notification',
  attrs: { id: '1', from: '@s.whatsapp.net', type },
  content,
})
const leaf = (tag: string, content: Uint8Array): BinaryNode => ({ tag, attrs: {}, content })

/** A phone that answers the prologue, with what it needs to check what the companion says. */
const primary = { ephemeral: generateKeyPair(), nonce: randomBytes(32) }
const continuation = notification(
  'crsc_continuation',
  leaf(
    'primary_ephemeral_identity',
    proto.PrimaryEphemeralIdentity.encode({ publicKey: primary.ephemeral.public, nonce: primary.nonce }).finish(),
  ),
)

function pairing(passkey: PasskeyAuthenticator | undefined) {
  const core: TestCore = testCore({
    answer: request => {
      if (getBinaryNodeChild(request, 'ref')) return result(leaf('ref', Buffer.from('ref-1')))
      if (getBinaryNodeChild(request, 'passkey_request_options')) {
        return result(leaf('passkey_request_options', Buffer.from(OPTIONS)))
      }
      return result()
    },
    config: passkey === undefined ? {} : { passkey },
  })
  const began = vi.fn()
  const session = new PasskeyPairing(core, began)
  const sent = async (tag: string): Promise<BinaryNode> =>
    vi.waitFor(() => {
      const found = core.sent.map(stanza => getBinaryNodeChild(stanza, tag)).find(child => child !== undefined)
      if (found === undefined) throw new Error(`no ${tag} was sent`)
      return found
    })
  return { core, session, began, sent }
}

describe('PasskeyPairing (docs/protocol/01 §6.7)', () => {
  it('proves the account with the passkey and tells the phone the keys', async () => {
    const asked: string[] = []
    const shown: string[] = []
    const { core, session, began, sent } = pairing({
      authenticate: async options => {
        asked.push(options)
        return assertion
      },
      confirmCode: code => void shown.push(code),
    })
    const secretOfQr = Buffer.from(core.creds.advSecretKey, 'base64')
    session.receive(notification('passkey_prologue_request', leaf('passkey_request_options', Buffer.from(OPTIONS))))
    const prologue = await sent('passkey_prologue')
    expect([asked, began.mock.calls.length]).toEqual([[OPTIONS], 1])
    const payload = contentBytes(getBinaryNodeChild(prologue, 'prologue_payload')) ?? Buffer.of()
    expect(contentBytes(getBinaryNodeChild(prologue, 'pairing_handoff_proof'))).toEqual(
      passkeyHandoffProof(passkeyHandoffKey(secretOfQr), payload),
    )
    const newSecret = Buffer.from(core.creds.advSecretKey, 'base64')
    expect(newSecret.equals(secretOfQr)).toBe(false)

    session.receive(continuation)
    const sealed = contentBytes(await sent('encrypted_pairing_request')) ?? Buffer.of()
    const nonce = contentBytes(await sent('companion_nonce')) ?? Buffer.of()
    expect(shown).toEqual([passkeyVerificationCode(nonce, { ...primary, publicKey: primary.ephemeral.public })])
    const { companionEphemeralIdentity } = proto.ProloguePayload.decode(payload)
    const identity = proto.CompanionEphemeralIdentity.decode(companionEphemeralIdentity ?? Buffer.of())
    const key = passkeyEncryptionKey(primary.ephemeral, identity.publicKey ?? Buffer.of(), {
      deviceType: Number(identity.deviceType),
      ref: identity.ref ?? '',
    })
    expect(openPasskeyRequest(sealed, key)).toEqual({
      noiseKey: Buffer.from(core.creds.noiseKey.public),
      identityKey: Buffer.from(core.creds.signedIdentityKey.public),
      advSecret: newSecret,
    })
    expect(core.endedWith()).toBeUndefined()
  })

  it('asks for options that did not come along', async () => {
    const asked: string[] = []
    const { session, sent } = pairing({
      authenticate: async options => {
        asked.push(options)
        return assertion
      },
    })
    session.receive(notification('passkey_prologue_request'))
    await sent('passkey_prologue')
    expect(asked).toEqual([OPTIONS])
  })

  it('ends the connection when the user refuses, or says that the codes differ', async () => {
    const refusing = pairing({ authenticate: () => Promise.reject(new Error('not now')) })
    refusing.session.receive(notification('passkey_prologue_request'))
    await vi.waitFor(() => expect(refusing.core.endedWith()).toMatchObject({ code: 'passkey-failed' }))
    const differing = pairing({
      authenticate: async () => assertion,
      confirmCode: () => Promise.reject(new Error('another code')),
    })
    differing.session.receive(notification('passkey_prologue_request'))
    await differing.sent('passkey_prologue')
    differing.session.receive(continuation)
    await vi.waitFor(() => expect(differing.core.endedWith()).toMatchObject({ code: 'passkey-failed' }))
    expect(differing.core.sent.some(stanza => getBinaryNodeChild(stanza, 'encrypted_pairing_request'))).toBe(false)
  })

  it('says so when there is nobody to ask, and ignores phones that go on with nothing', async () => {
    const without = pairing(undefined)
    without.session.receive(notification('passkey_prologue_request'))
    const early = pairing({ authenticate: async () => assertion })
    early.session.receive(continuation)
    early.session.receive({ ...continuation, attrs: { ...continuation.attrs, from: 'somebody@lid' } })
    expect([without.core.log.map(({ level }) => level), early.core.log.map(({ level }) => level)]).toEqual([
      ['warn'],
      ['warn'],
    ])
    expect([without.core.sent, early.core.sent]).toEqual([[], []])
  })
})
