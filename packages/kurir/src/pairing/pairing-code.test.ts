import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rejection, thrown } from '../auth/testing/expect-error.js'
import { encodeBinaryNode } from '../binary/encode.js'
import type { BinaryNode } from '../binary/node.js'
import { nodeOfVector, plainNode, readVectors, type VectorNode } from '../binary/testing/vectors.js'
import { derivePairingCodeKey } from '../crypto/baileys-names.js'
import { generateKeyPair, type KeyPair } from '../crypto/curve.js'
import { KurirError } from '../errors/kurir-error.js'
import { Browsers } from './browsers.js'
import {
  answerPrimaryHello,
  beginPairingByCode,
  buildCountryCodeQuery,
  type CodePairing,
  type PrimaryHello,
  parseLinkCodeNotification,
  readCountryCode,
  readPairingReference,
} from './pairing-code.js'
import {
  bytesToCrockford,
  generatePairingCode,
  normalizePairingCode,
  type PairingMaterial,
  unwrapEphemeral,
} from './pairing-code-crypto.js'
import { beginPrimaryHello, openCompanionFinish, parseLinkCodeRequest } from './pairing-code-phone.js'

interface KeyVector {
  private: string
  public: string
}
interface HelloVector {
  salt: string
  iv: string
  pbkdf2Key: string
  wrapped: string
}
interface CodeVectors {
  crockford: { cases: { bytes: string; code: string }[] }
  keys: Record<
    'companionEphemeral' | 'primaryEphemeral' | 'companionIdentity' | 'primaryIdentity' | 'companionNoise',
    KeyVector
  >
  code: string
  companionHello: HelloVector
  primaryHello: HelloVector
  finish: { random: string; bundleSalt: string; bundleIv: string; wrappedBundle: string }
  advSecret: string
  advSecretBase64: string
  stanzas: { name: string; node: VectorNode; hex: string }[]
}
const vectors = readVectors<CodeVectors>('01-pairing-code')
const bytes = (hex: string) => Buffer.from(hex, 'hex')
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')
const pair = (key: KeyVector): KeyPair => ({ private: bytes(key.private), public: bytes(key.public) })
const keys = {
  companionEphemeral: pair(vectors.keys.companionEphemeral),
  primaryEphemeral: pair(vectors.keys.primaryEphemeral),
  companionIdentity: pair(vectors.keys.companionIdentity),
  primaryIdentity: pair(vectors.keys.primaryIdentity),
  companionNoise: pair(vectors.keys.companionNoise),
}
const { code } = vectors

/** Hands out the recorded values in order. */
function recorded(ephemeral: KeyPair, ...random: string[]): PairingMaterial {
  const left = random.map(bytes)
  return {
    generateKeyPair: () => ephemeral,
    randomBytes: length => {
      const next = left.shift()
      expect(next?.length).toBe(length)
      return next ?? Buffer.alloc(length)
    },
  }
}

function stanza(name: string): { readonly node: BinaryNode; readonly hex: string } {
  const found = vectors.stanzas.find(candidate => candidate.name === name)
  if (found === undefined) throw new Error(`no vector ${name}`)
  return { node: nodeOfVector(found.node), hex: found.hex }
}

function expectStanza(built: BinaryNode, name: string): void {
  const expected = stanza(name)
  const withId: BinaryNode = { ...built, attrs: { ...built.attrs, id: expected.node.attrs.id ?? '' } }
  expect(plainNode(withId)).toEqual(plainNode(expected.node))
  const { to = '', type = '', id = '', xmlns = '' } = withId.attrs
  expect(hex(encodeBinaryNode({ ...withId, attrs: { to, type, id, xmlns } }))).toBe(expected.hex)
}

async function recordedPairing(): Promise<CodePairing> {
  const pairing = await beginPairingByCode({
    creds: { noiseKey: keys.companionNoise },
    phoneNumber: '+1 (555) 000-1111',
    browser: Browsers.macOS('Chrome'),
    code,
    material: recorded(keys.companionEphemeral, vectors.companionHello.salt, vectors.companionHello.iv),
  })
  return { ...pairing, reference: readPairingReference(stanza('companion_hello result').node) }
}

describe('the code', () => {
  for (const { bytes: input, code: text } of vectors.crockford.cases) {
    it(`${input} is ${text}`, () => expect(bytesToCrockford(bytes(input))).toBe(text))
  }

  it('is generated in its alphabet and normalised from what people type (docs/protocol/01 §7.1)', () => {
    for (let round = 0; round < 50; round++) {
      const generated = generatePairingCode()
      expect(normalizePairingCode(generated)).toBe(generated)
    }
    expect(normalizePairingCode(' vtpv-xvr2 ')).toBe('VTPVXVR2')
    for (const wrong of ['', 'VTPVXVR', 'VTPVXVR22', 'VTPVXVR0', 'VTPVXVRI', 'VTPVXVRO', 'VTPVXVRU', 'ÄTPVXVR2']) {
      thrown(() => normalizePairingCode(wrong), 'invalid-pairing-code')
    }
  })

  it('stands for a key', async () => {
    for (const hello of [vectors.companionHello, vectors.primaryHello]) {
      expect(hex(await derivePairingCodeKey(code, bytes(hello.salt)))).toBe(hello.pbkdf2Key)
    }
  })
})

describe('the companion', () => {
  it('says hello as recorded', async () => {
    const pairing = await recordedPairing()
    expectStanza(pairing.request, 'companion_hello')
    expect(pairing.jid).toBe('15550001111@s.whatsapp.net')
    expect(pairing.ephemeral).toBe(keys.companionEphemeral)
  })

  it('uses a fresh ephemeral for each attempt (docs/protocol/01 §7.2: Baileys reuses one)', async () => {
    const options = {
      creds: { noiseKey: keys.companionNoise },
      phoneNumber: '15550001111',
      browser: Browsers.macOS('Chrome'),
    }
    const [one, two] = [await beginPairingByCode(options), await beginPairingByCode(options)]
    expect(one.ephemeral.public).not.toEqual(two.ephemeral.public)
    expect(one.code).not.toBe(two.code)
  })

  it('refuses what is no phone number', async () => {
    for (const phoneNumber of ['', '123456', '0815123456', 'my number']) {
      const options = { creds: { noiseKey: keys.companionNoise }, phoneNumber, browser: Browsers.macOS('Chrome') }
      await rejection(beginPairingByCode(options), 'invalid-phone-number')
    }
  })

  it('finishes as recorded and derives the secret', async () => {
    const hello = parseLinkCodeNotification(stanza('primary_hello notification').node)
    expect(hello.kind).toBe('primary-hello')
    const { random, bundleSalt, bundleIv } = vectors.finish
    const material = recorded(keys.companionEphemeral, random, bundleSalt, bundleIv)
    const creds = { signedIdentityKey: keys.companionIdentity }
    const finish = await answerPrimaryHello(hello as PrimaryHello, await recordedPairing(), creds, material)
    expectStanza(finish.request, 'companion_finish')
    expect(finish.advSecretKey).toBe(vectors.advSecretBase64)
  })

  it('refuses the answer to another attempt', async () => {
    const hello = parseLinkCodeNotification(stanza('primary_hello notification').node) as PrimaryHello
    const creds = { signedIdentityKey: keys.companionIdentity }
    const pairing = await recordedPairing()
    const other = { ...hello, reference: Buffer.from('another') }
    await rejection(answerPrimaryHello(other, pairing, creds), 'link-code-reference-mismatch')
    await rejection(
      answerPrimaryHello(hello, { ...pairing, reference: undefined }, creds),
      'link-code-reference-mismatch',
    )
  })

  it('refuses a phone key of small order', async () => {
    const hello = parseLinkCodeNotification(stanza('primary_hello notification').node) as PrimaryHello
    const creds = { signedIdentityKey: keys.companionIdentity }
    const small = { ...hello, primaryIdentity: Buffer.alloc(32) }
    await rejection(answerPrimaryHello(small, await recordedPairing(), creds), 'invalid-public-key')
  })
})

describe('notifications', () => {
  const notification = (attrs: BinaryNode['attrs'], content: BinaryNode[] = []): BinaryNode => ({
    tag: 'notification',
    attrs: { id: '1', type: 'link_code_companion_reg' },
    content: [{ tag: 'link_code_companion_reg', attrs, content }],
  })

  it('ask for a new code', () => {
    const ref = { tag: 'link_code_pairing_ref', attrs: {}, content: Buffer.from('r') }
    expect(parseLinkCodeNotification(notification({ stage: 'refresh_code' }, [ref]))).toEqual({
      kind: 'refresh-code',
      manual: false,
      reference: Buffer.from('r'),
    })
    const manual = notification({ stage: 'refresh_code', force_manual_refresh: 'true' })
    expect(parseLinkCodeNotification(manual)).toEqual({ kind: 'refresh-code', manual: true, reference: undefined })
  })

  it('of an unknown stage are refused (docs/protocol/01 §7.3: Baileys takes any stage for primary_hello)', () => {
    const { content } = stanza('primary_hello notification').node
    const [inner] = Array.isArray(content) ? content : []
    const renamed = notification({ stage: 'something_new' }, Array.isArray(inner?.content) ? inner.content : [])
    expect(thrown(() => parseLinkCodeNotification(renamed), 'invalid-link-code-stanza').data).toEqual({
      element: 'stage',
    })
  })

  it('with missing or wrong parts are refused', () => {
    const { content } = stanza('primary_hello notification').node
    const inner = Array.isArray(content) ? content[0] : undefined
    const parts = Array.isArray(inner?.content) ? inner.content : []
    for (const [index, part] of parts.entries()) {
      const others = parts.filter(other => other !== part)
      thrown(
        () => parseLinkCodeNotification(notification({ stage: 'primary_hello' }, others)),
        'invalid-link-code-stanza',
      )
      if (index === 2) continue
      const short = { ...part, content: Buffer.alloc(31) }
      thrown(
        () => parseLinkCodeNotification(notification({ stage: 'primary_hello' }, [...others, short])),
        'invalid-link-code-stanza',
      )
    }
    thrown(() => parseLinkCodeNotification({ tag: 'notification', attrs: {} }), 'invalid-link-code-stanza')
  })

  it('give only typed errors', () => {
    const node = fc.record({
      tag: fc.constantFrom('link_code_pairing_ref', 'primary_identity_pub'),
      attrs: fc.constant({}),
      content: fc.oneof(fc.string(), fc.uint8Array()),
    })
    fc.assert(
      fc.property(fc.string(), fc.array(node), (stage, content) => {
        try {
          parseLinkCodeNotification(notification({ stage }, content))
        } catch (error) {
          expect(KurirError.is(error)).toBe(true)
        }
      }),
    )
  })
})

describe('the phone', () => {
  it('reads the recorded requests', () => {
    const hello = parseLinkCodeRequest(stanza('companion_hello').node)
    expect(hello).toEqual({
      kind: 'companion-hello',
      jid: '15550001111@s.whatsapp.net',
      wrappedEphemeral: bytes(vectors.companionHello.wrapped),
      noiseKey: keys.companionNoise.public,
      platformId: '1',
      platformDisplay: 'Chrome (Mac OS)',
    })
    expect(parseLinkCodeRequest(stanza('companion_finish').node)).toMatchObject({
      kind: 'companion-finish',
      wrappedBundle: bytes(vectors.finish.wrappedBundle),
      companionIdentity: keys.companionIdentity.public,
      reference: Buffer.from('2@pairing-ref-0001'),
    })
    thrown(() => parseLinkCodeRequest(buildCountryCodeQuery()), 'invalid-link-code-stanza')
  })

  it('answers as recorded and derives the same secret', async () => {
    const { salt, iv } = vectors.primaryHello
    const reference = Buffer.from('2@pairing-ref-0001')
    const hello = await beginPrimaryHello(
      code,
      keys.primaryIdentity,
      reference,
      recorded(keys.primaryEphemeral, salt, iv),
    )
    const { content } = stanza('primary_hello notification').node
    expect([plainNode(hello.content)]).toEqual(Array.isArray(content) ? content.map(plainNode) : [])
    expect(await unwrapEphemeral(code, bytes(vectors.companionHello.wrapped))).toEqual(keys.companionEphemeral.public)

    const bundle = await openCompanionFinish(
      code,
      bytes(vectors.companionHello.wrapped),
      bytes(vectors.finish.wrappedBundle),
      {
        ephemeral: keys.primaryEphemeral,
        identity: keys.primaryIdentity,
      },
    )
    expect(hex(bundle.advSecret)).toBe(vectors.advSecret)
    expect(bundle.companionIdentity).toEqual(keys.companionIdentity.public)
  })

  it('notices a wrong code, another phone and a bundle of the wrong size', async () => {
    const wrapped = bytes(vectors.companionHello.wrapped)
    const bundle = bytes(vectors.finish.wrappedBundle)
    const primary = { ephemeral: keys.primaryEphemeral, identity: keys.primaryIdentity }
    await rejection(openCompanionFinish('11111111', wrapped, bundle, primary), 'mac-mismatch')
    const other = { ...primary, identity: generateKeyPair() }
    await rejection(openCompanionFinish(code, wrapped, bundle, other), 'link-code-identity-mismatch')
    await rejection(openCompanionFinish(code, wrapped, bundle.subarray(1), primary), 'invalid-link-code-stanza')
    await rejection(openCompanionFinish(code, wrapped.subarray(1), bundle, primary), 'invalid-link-code-stanza')
  })
})

describe('the country', () => {
  it('is asked for and read', () => {
    expect(buildCountryCodeQuery()).toMatchObject({ attrs: { type: 'get', xmlns: 'md' } })
    const country = { tag: 'country_code', attrs: { iso: 'ID' } }
    expect(readCountryCode({ tag: 'iq', attrs: {}, content: [country] })).toBe('ID')
    const nested = { tag: 'link_code_companion_reg', attrs: {}, content: [country] }
    expect(readCountryCode({ tag: 'iq', attrs: {}, content: [nested] })).toBe('ID')
    expect(readCountryCode({ tag: 'iq', attrs: {} })).toBeUndefined()
  })
})
