import { describe, expect, it } from 'vitest'
import { thrown } from '../auth/testing/expect-error.js'
import type { BinaryNode } from '../binary/node.js'
import { readVectors } from '../binary/testing/vectors.js'
import { type KeyPair, x25519 } from '../crypto/curve.js'
import { proto } from '../proto/index.js'
import {
  beginPasskeyPrologue,
  buildCompanionNonce,
  buildEncryptedPairingRequest,
  buildPasskeyOptionsQuery,
  buildPasskeyPrologue,
  buildPasskeyReferenceQuery,
  openPasskeyRequest,
  parsePasskeyNotification,
  passkeyCommitment,
  passkeyEncryptionKey,
  passkeyHandoffKey,
  passkeyHandoffProof,
  passkeyVerificationCode,
  readPasskeyOptions,
  readPasskeyReference,
  sealPasskeyRequest,
} from './passkey.js'

interface PasskeyVectors {
  deviceType: number
  ref: string
  companionEphemeral: { private: string; public: string }
  primaryEphemeral: { private: string; public: string }
  companionNonce: string
  primaryNonce: string
  companionEphemeralIdentity: string
  commitmentHash: string
  prologuePayload: string
  primaryEphemeralIdentity: string
  verificationCode: string
  sharedSecret: string
  encryptionKey: string
  pairingRequest: string
  iv: string
  encryptedPairingRequest: string
  handoff: { advSecret: string; key: string; proofOverProloguePayload: string }
}
const vectors = readVectors<PasskeyVectors>('01-passkey')
const bytes = (hex: string) => Buffer.from(hex, 'hex')
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')
const pair = (key: { private: string; public: string }): KeyPair => ({
  private: bytes(key.private),
  public: bytes(key.public),
})
const companion = pair(vectors.companionEphemeral)
const primary = pair(vectors.primaryEphemeral)
const notification = (type: string, content: BinaryNode[] = [], from = '@s.whatsapp.net'): BinaryNode => ({
  tag: 'notification',
  attrs: { id: '1', from, type },
  content,
})

describe('passkey pairing', () => {
  it('commits to a nonce', () => {
    const identity = bytes(vectors.companionEphemeralIdentity)
    expect(hex(passkeyCommitment(identity, bytes(vectors.companionNonce)))).toBe(vectors.commitmentHash)
    const prologue = beginPasskeyPrologue(vectors.ref, vectors.deviceType, companion, bytes(vectors.companionNonce))
    expect(hex(prologue.payload)).toBe(vectors.prologuePayload)
    expect(beginPasskeyPrologue(vectors.ref, 1, companion).nonce).toHaveLength(32)
  })

  it('proves the handoff', () => {
    const key = passkeyHandoffKey(bytes(vectors.handoff.advSecret))
    expect(hex(key)).toBe(vectors.handoff.key)
    expect(hex(passkeyHandoffProof(key, bytes(vectors.prologuePayload)))).toBe(vectors.handoff.proofOverProloguePayload)
  })

  it('reads the answer of the phone and shows the code', () => {
    const identity = { tag: 'primary_ephemeral_identity', attrs: {}, content: bytes(vectors.primaryEphemeralIdentity) }
    const read = parsePasskeyNotification(notification('crsc_continuation', [identity]))
    if (read?.kind !== 'continuation') throw new Error('not a continuation')
    expect(hex(read.primary.publicKey)).toBe(vectors.primaryEphemeral.public)
    expect(hex(read.primary.nonce)).toBe(vectors.primaryNonce)
    expect(passkeyVerificationCode(bytes(vectors.companionNonce), read.primary)).toBe(vectors.verificationCode)
    expect(hex(read.primary.nonce)).toBe(vectors.primaryNonce)
  })

  it('derives one key on both sides and carries the request', () => {
    expect(hex(x25519(companion, primary.public))).toBe(vectors.sharedSecret)
    const session = { deviceType: vectors.deviceType, ref: vectors.ref }
    const key = passkeyEncryptionKey(companion, primary.public, session)
    expect(hex(key)).toBe(vectors.encryptionKey)
    expect(passkeyEncryptionKey(primary, companion.public, session)).toEqual(key)

    const plain = proto.PairingRequest.decode(bytes(vectors.pairingRequest))
    const request = {
      noiseKey: plain.companionPublicKey ?? Buffer.alloc(0),
      identityKey: plain.companionIdentityKey ?? Buffer.alloc(0),
      advSecret: plain.advSecret ?? Buffer.alloc(0),
    }
    const sealed = sealPasskeyRequest(request, key, bytes(vectors.iv))
    expect(hex(sealed)).toBe(vectors.encryptedPairingRequest)
    const opened = openPasskeyRequest(sealed, key)
    expect(Object.values(opened).map(hex)).toEqual(Object.values(request).map(hex))
    thrown(() => openPasskeyRequest(sealed, Buffer.alloc(32)), 'mac-mismatch')
    thrown(() => openPasskeyRequest(Buffer.alloc(0), key), 'invalid-passkey-stanza')
    const short = sealPasskeyRequest({ ...request, advSecret: Buffer.alloc(31) }, key)
    thrown(() => openPasskeyRequest(short, key), 'invalid-passkey-stanza')
  })

  it('reads the request of the server, with and without options', () => {
    expect(parsePasskeyNotification(notification('passkey_prologue_request'))).toEqual({
      kind: 'prologue-request',
      options: undefined,
    })
    const options = (content: Uint8Array) => [{ tag: 'passkey_request_options', attrs: {}, content }]
    const given = parsePasskeyNotification(
      notification('passkey_prologue_request', options(Buffer.from('{}')), 's.whatsapp.net'),
    )
    expect(given).toEqual({ kind: 'prologue-request', options: '{}' })
    expect(readPasskeyOptions({ tag: 'iq', attrs: {}, content: options(Buffer.from('{}')) })).toBe('{}')
    thrown(() => readPasskeyOptions({ tag: 'iq', attrs: {} }), 'invalid-passkey-stanza')
    for (const size of [0, 4097]) {
      thrown(
        () => parsePasskeyNotification(notification('passkey_prologue_request', options(Buffer.alloc(size)))),
        'invalid-passkey-stanza',
      )
    }
  })

  it('listens to the server only, and to its own notifications', () => {
    expect(
      parsePasskeyNotification(notification('passkey_prologue_request', [], '15550001111@s.whatsapp.net')),
    ).toBeUndefined()
    expect(parsePasskeyNotification(notification('encrypt'))).toBeUndefined()
    thrown(() => parsePasskeyNotification(notification('crsc_continuation')), 'invalid-passkey-stanza')
  })

  it('builds its stanzas', () => {
    const prologue = beginPasskeyPrologue(vectors.ref, vectors.deviceType, companion, bytes(vectors.companionNonce))
    const assertion = {
      credentialId: Buffer.from([251, 255]),
      clientDataJSON: Buffer.from('{}'),
      authenticatorData: Buffer.of(1),
      signature: Buffer.of(2),
    }
    const stanza = buildPasskeyPrologue(prologue, assertion, Buffer.alloc(32))
    const [inner] = Array.isArray(stanza.content) ? stanza.content : []
    const parts = Array.isArray(inner?.content) ? inner.content : []
    expect(inner?.tag).toBe('passkey_prologue')
    expect(parts.map(({ tag }) => tag)).toEqual([
      'credential_id',
      'webauthn_assertion',
      'prologue_payload',
      'pairing_handoff_proof',
    ])
    expect(JSON.parse(Buffer.from(parts[1]?.content as Uint8Array).toString())).toEqual({
      id: '-_8',
      rawId: '-_8',
      type: 'public-key',
      response: { clientDataJSON: 'e30', authenticatorData: 'AQ', signature: 'Ag', userHandle: null },
    })
    expect(stanza.attrs).toEqual({ to: '@s.whatsapp.net', type: 'set', xmlns: 'md' })
    expect(buildPasskeyOptionsQuery().attrs.type).toBe('get')
    expect(buildPasskeyReferenceQuery().attrs.type).toBe('get')
    expect(buildCompanionNonce(Buffer.alloc(32)).content).toEqual([
      { tag: 'companion_nonce', attrs: {}, content: Buffer.alloc(32) },
    ])
    expect(buildEncryptedPairingRequest(Buffer.of(1)).content).toEqual([
      { tag: 'encrypted_pairing_request', attrs: {}, content: Buffer.of(1) },
    ])
    expect(
      readPasskeyReference({ tag: 'iq', attrs: {}, content: [{ tag: 'ref', attrs: {}, content: Buffer.from('2@x') }] }),
    ).toBe('2@x')
    thrown(() => readPasskeyReference({ tag: 'iq', attrs: {} }), 'invalid-passkey-stanza')
  })
})
