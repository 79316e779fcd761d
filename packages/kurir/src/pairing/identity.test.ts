import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeAccount, encodedAccount, encodeSignedDeviceIdentity } from '../auth/account-identity.js'
import { thrown } from '../auth/testing/expect-error.js'
import { decodeNode } from '../binary/decode.js'
import { encodeBinaryNode } from '../binary/encode.js'
import type { BinaryNode } from '../binary/node.js'
import { nodeOfVector, plainNode, readVectors, type VectorNode } from '../binary/testing/vectors.js'
import { generateKeyPair } from '../crypto/curve.js'
import { xeddsaSign, xeddsaVerify } from '../crypto/xeddsa.js'
import { KurirError } from '../errors/kurir-error.js'
import { proto } from '../proto/index.js'
import { verifyDeviceIdentity, WA_ADV_HOSTED_DEVICE_SIG_PREFIX } from '../signal/device-identity.js'
import { configureSuccessfulPairing, grantDeviceIdentity, signKeyIndexList } from './identity.js'
import {
  buildPairDevice,
  buildPairSuccess,
  buildRemoveCompanionDevice,
  isPairingRefresh,
  pairDeviceReply,
  pairingErrorReply,
  parsePairDevice,
  parsePairDeviceSign,
  parsePairSuccess,
} from './stanzas.js'

interface KeyVector {
  private: string
  public: string
}
interface PairingVectors {
  keys: { identity: KeyVector; account: KeyVector; advSecret: string }
  pairDevice: { node: VectorNode; hex: string; reply: VectorNode; replyHex: string }
  pairSuccess: {
    name: string
    deviceIdentityType: { outerAccountType: number | null; accountType: number | null; deviceType: number | null }
    details: string
    deviceIdentityContent: string
    pairSuccess: VectorNode
    pairSuccessHex: string
    deviceSignedBytes: string
    deviceSignature: string
    replyContent: string
    replyWithSignatureKey: string
    reply: VectorNode
    replyHex: string
    resultingCreds: { me: object; platform: string; signalIdentities: { identifier: object; identifierKey: string }[] }
  }[]
  negative: { name: string; field: string; deviceIdentityContent: string }[]
}
const vectors = readVectors<PairingVectors>('01-pairing-qr')
const bytes = (hex: string) => Buffer.from(hex, 'hex')
const hex = (data: Uint8Array | null | undefined) => Buffer.from(data ?? []).toString('hex')
const pair = (key: KeyVector) => ({ private: bytes(key.private), public: bytes(key.public) })
const identity = pair(vectors.keys.identity)
const account = pair(vectors.keys.account)
const creds = { advSecretKey: vectors.keys.advSecret, signedIdentityKey: identity, signalIdentities: [] }

/** The reply with the recorded device signature: Baileys signs without randomness, which nobody should. */
function withSignature(reply: BinaryNode, signature: Buffer): BinaryNode {
  const sign = parsePairDeviceSign(reply)
  const signed = proto.ADVSignedDeviceIdentity.decode(sign.deviceIdentity)
  const content = proto.ADVSignedDeviceIdentity.encode({ ...signed, deviceSignature: signature }).finish()
  const inner = { tag: 'device-identity', attrs: { 'key-index': String(sign.keyIndex) }, content }
  return { ...reply, content: [{ tag: 'pair-device-sign', attrs: {}, content: [inner] }] }
}

function stanzaWith(deviceIdentity: Uint8Array | undefined, device: Record<string, string> | undefined): BinaryNode {
  const content: BinaryNode[] = []
  if (deviceIdentity) content.push({ tag: 'device-identity', attrs: {}, content: deviceIdentity })
  if (device) content.push({ tag: 'device', attrs: device })
  return { tag: 'iq', attrs: { id: '7' }, content: [{ tag: 'pair-success', attrs: {}, content }] }
}
const device = { jid: '15550001111:3@s.whatsapp.net', lid: '100000012345678:3@lid' }

describe('pair-device', () => {
  it('is read and answered', () => {
    const node = decodeNode(bytes(vectors.pairDevice.hex))
    expect(plainNode(node)).toEqual(plainNode(nodeOfVector(vectors.pairDevice.node)))
    const references = parsePairDevice(node)
    expect(references).toHaveLength(6)
    expect(references[0]).toBe('2@ref-1-AbCdEf0123456789')
    expect(hex(encodeBinaryNode(pairDeviceReply(node)))).toBe(vectors.pairDevice.replyHex)
    expect(plainNode(buildPairDevice('3145728001', references))).toEqual(plainNode(node))
  })

  it('accepts references as text, and refuses an offer without any', () => {
    const offer = (content: BinaryNode[]): BinaryNode => ({
      tag: 'iq',
      attrs: { id: '1' },
      content: [{ tag: 'pair-device', attrs: {}, content }],
    })
    expect(parsePairDevice(offer([{ tag: 'ref', attrs: {}, content: 'abc' }]))).toEqual(['abc'])
    thrown(() => parsePairDevice(offer([])), 'invalid-pair-device')
    thrown(() => parsePairDevice(offer([{ tag: 'ref', attrs: {} }])), 'invalid-pair-device')
  })
})

describe('pair-success', () => {
  for (const vector of vectors.pairSuccess) {
    it(`${vector.name}: is verified, stored and answered`, () => {
      const node = decodeNode(bytes(vector.pairSuccessHex))
      expect(plainNode(node)).toEqual(plainNode(nodeOfVector(vector.pairSuccess)))
      const { creds: stored, reply } = configureSuccessfulPairing(node, creds)

      const { me, platform, signalIdentities } = vector.resultingCreds
      expect(stored.me).toEqual(me)
      expect(stored.platform).toBe(platform)
      expect(stored.signalIdentities).toEqual(
        signalIdentities.map(({ identifier, identifierKey }) => ({ identifier, identifierKey: bytes(identifierKey) })),
      )
      const { details, accountSignatureKey, deviceSignature } = decodeAccount(stored.account ?? {})
      expect(hex(details)).toBe(vector.details)
      expect(hex(accountSignatureKey)).toBe(vectors.keys.account.public)
      expect(xeddsaVerify(identity.public, bytes(vector.deviceSignedBytes), deviceSignature)).toBe(true)

      const recorded = withSignature(reply, bytes(vector.deviceSignature))
      expect(plainNode(recorded)).toEqual(plainNode(nodeOfVector(vector.reply)))
      expect(hex(encodeBinaryNode(recorded))).toBe(vector.replyHex)
      expect(hex(parsePairDeviceSign(recorded).deviceIdentity)).toBe(vector.replyContent)
    })

    it(`${vector.name}: the account is encoded with and without the signature key, from bytes and from saved text`, () => {
      const saved = proto.ADVSignedDeviceIdentity.decode(bytes(vector.replyWithSignatureKey))
      for (const form of [saved, encodedAccount(saved)]) {
        expect(hex(encodeSignedDeviceIdentity(form, true))).toBe(vector.replyWithSignatureKey)
        expect(hex(encodeSignedDeviceIdentity(form, false))).toBe(vector.replyContent)
      }
    })
  }

  it('is built as it is read', () => {
    const success = {
      deviceIdentity: Buffer.of(1, 2),
      jid: device.jid,
      lid: device.lid,
      platform: 'smba',
      businessName: 'Shop',
    }
    expect(parsePairSuccess(buildPairSuccess('1', 1_700_000_000, success))).toEqual(success)
  })

  const codes: Record<string, string> = { hmac: 'pairing-hmac-mismatch' }
  for (const { name, field, deviceIdentityContent } of vectors.negative) {
    it(`${name}: is refused (docs/protocol/01 §6.5: Baileys does not detect a wrong account signature)`, () => {
      const stanza = stanzaWith(bytes(deviceIdentityContent), device)
      const code = codes[field] ?? 'pairing-account-signature-invalid'
      const error = thrown(() => configureSuccessfulPairing(stanza, creds), code)
      expect(error.output.statusCode).toBe(401)
      const text = code === 'pairing-hmac-mismatch' ? 'hmac-mismatch' : 'signature-mismatch'
      expect(pairingErrorReply(stanza, error)).toEqual({
        tag: 'iq',
        attrs: { to: '@s.whatsapp.net', type: 'error', id: '7' },
        content: [{ tag: 'error', attrs: { code: '401', text } }],
      })
    })
  }

  it('is refused under another secret, for another device, and when something is missing', () => {
    const [vector] = vectors.pairSuccess
    const content = bytes(vector?.deviceIdentityContent ?? '')
    const good = stanzaWith(content, device)
    const otherSecret = { ...creds, advSecretKey: Buffer.alloc(32, 1).toString('base64') }
    thrown(() => configureSuccessfulPairing(good, otherSecret), 'pairing-hmac-mismatch')
    const otherDevice = { ...creds, signedIdentityKey: generateKeyPair() }
    thrown(() => configureSuccessfulPairing(good, otherDevice), 'pairing-account-signature-invalid')
    for (const stanza of [
      stanzaWith(undefined, device),
      stanzaWith(Buffer.alloc(501), device),
      stanzaWith(content, undefined),
      stanzaWith(content, { jid: device.jid }),
      { tag: 'iq', attrs: {} },
    ]) {
      const error = thrown(() => configureSuccessfulPairing(stanza, creds), 'pairing-incomplete')
      expect(pairingErrorReply(stanza, error).content).toEqual([
        { tag: 'error', attrs: { code: '500', text: 'internal-error' } },
      ])
    }
  })

  it('is refused when the phone granted no key index', () => {
    const secret = Buffer.from(creds.advSecretKey, 'base64')
    const grant = { account, deviceIdentity: identity.public, advSecret: secret, rawId: 1, timestamp: 2, keyIndex: 0 }
    thrown(
      () => configureSuccessfulPairing(stanzaWith(grantDeviceIdentity(grant), device), creds),
      'device-identity-invalid',
    )
  })

  it('gives only typed errors for damaged identities', () => {
    const good = bytes(vectors.pairSuccess[0]?.deviceIdentityContent ?? '')
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 255 }), fc.nat(), (at, value, length) => {
        const damaged = Buffer.from(good)
        damaged[at % damaged.length] = value
        const cut = damaged.subarray(0, 1 + (length % damaged.length))
        try {
          configureSuccessfulPairing(stanzaWith(cut, device), creds)
          expect(cut.equals(good)).toBe(true)
        } catch (error) {
          expect(KurirError.is(error)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('what a phone grants', () => {
  it.each([
    [false, false],
    [true, true],
    [true, false],
  ])(
    'hosted account %s, hosted device %s: is accepted by the device, whose answer the phone accepts',
    (hosted, hostedDevice) => {
      const phone = generateKeyPair()
      const own = generateKeyPair()
      const secret = Buffer.alloc(32, 9)
      const grant = grantDeviceIdentity({
        account: phone,
        deviceIdentity: own.public,
        advSecret: secret,
        rawId: 77,
        timestamp: 1_700_000_000,
        keyIndex: 4,
        hosted,
        hostedDevice,
      })
      const { reply, creds: stored } = configureSuccessfulPairing(stanzaWith(grant, device), {
        advSecretKey: secret.toString('base64'),
        signedIdentityKey: own,
      })
      const { deviceIdentity, keyIndex } = parsePairDeviceSign(reply)
      expect(keyIndex).toBe(4)
      const verified = verifyDeviceIdentity(deviceIdentity, own.public, phone.public)
      expect(verified).toEqual({
        rawId: 77,
        timestamp: 1_700_000_000,
        keyIndex: 4,
        accountKey: phone.public,
        hosted: hostedDevice,
      })
      const withKey = encodeSignedDeviceIdentity(stored.account ?? {}, true)
      expect(verifyDeviceIdentity(withKey, own.public, undefined).keyIndex).toBe(4)
    },
  )
})

interface AdvVectors {
  account: KeyVector
  device: KeyVector
  keyIndexList: { details: string; signed: string }
  deviceIdentity: { details: string; accountSignature: string; deviceSignature: string; signed: string }
}
const adv = readVectors<AdvVectors>('02-adv')

describe('device identity beside a message (docs/protocol/02 §5.6)', () => {
  const signed = bytes(adv.deviceIdentity.signed)
  const devicePublic = bytes(adv.device.public)
  const accountPublic = bytes(adv.account.public)

  it('is verified, with either form of the key', () => {
    const expected = { rawId: 77, timestamp: 1_760_000_000, keyIndex: 3, accountKey: accountPublic, hosted: false }
    expect(verifyDeviceIdentity(signed, devicePublic, undefined)).toEqual(expected)
    expect(verifyDeviceIdentity(signed, Buffer.concat([Buffer.of(5), devicePublic]), undefined)).toEqual(expected)
  })

  it('takes the known account key where none is embedded', () => {
    const { accountSignatureKey: _, ...rest } = proto.ADVSignedDeviceIdentity.decode(signed)
    const bare = proto.ADVSignedDeviceIdentity.encode(rest).finish()
    expect(verifyDeviceIdentity(bare, devicePublic, accountPublic).keyIndex).toBe(3)
    const error = thrown(() => verifyDeviceIdentity(bare, devicePublic, undefined), 'device-identity-invalid')
    expect(error.data).toMatchObject({ check: 'account-key' })
    const other = thrown(
      () => verifyDeviceIdentity(bare, devicePublic, generateKeyPair().public),
      'device-identity-invalid',
    )
    expect(other.data).toMatchObject({ check: 'account-signature' })
  })

  it('says which check failed', () => {
    const parts = proto.ADVSignedDeviceIdentity.decode(signed)
    const changed = (changes: proto.IADVSignedDeviceIdentity) =>
      proto.ADVSignedDeviceIdentity.encode({ ...parts, ...changes }).finish()
    const check = (identityBytes: Uint8Array, key: Uint8Array = devicePublic, hosted = false) =>
      thrown(() => verifyDeviceIdentity(identityBytes, key, undefined, hosted), 'device-identity-invalid').data
    expect(check(signed, generateKeyPair().public)).toMatchObject({ check: 'account-signature', retryReason: 12 })
    expect(check(changed({ accountSignature: Buffer.alloc(64) }))).toMatchObject({ check: 'account-signature' })
    expect(check(changed({ deviceSignature: Buffer.alloc(64) }))).toMatchObject({ check: 'device-signature' })
    expect(check(changed({ deviceSignature: Buffer.alloc(3) }))).toMatchObject({ check: 'device-signature' })
    expect(check(changed({ accountSignatureKey: Buffer.alloc(3) }))).toMatchObject({ check: 'account-key' })
    expect(check(signed, Buffer.alloc(3))).toMatchObject({ check: 'device-key' })
    expect(check(signed, devicePublic, true)).toMatchObject({ check: 'device-signature' })
    expect(check(Buffer.from('ffff', 'hex'))).toMatchObject({ check: 'encoding' })
    expect(check(Buffer.alloc(0))).toMatchObject({ check: 'account-key' })
  })

  it('of a sender on a hosted server carries the hosted device prefix', () => {
    const own = pair(adv.device)
    const phone = pair(adv.account)
    const details = bytes(adv.deviceIdentity.details)
    const covered = Buffer.concat([WA_ADV_HOSTED_DEVICE_SIG_PREFIX, details, own.public, phone.public])
    const hosted = proto.ADVSignedDeviceIdentity.encode({
      ...proto.ADVSignedDeviceIdentity.decode(signed),
      deviceSignature: xeddsaSign(own.private, covered),
    }).finish()
    expect(verifyDeviceIdentity(hosted, own.public, undefined, true).keyIndex).toBe(3)
    thrown(() => verifyDeviceIdentity(hosted, own.public, undefined), 'device-identity-invalid')
  })

  it('needs raw id, time and key index', () => {
    const own = pair(adv.device)
    const phone = pair(adv.account)
    for (const details of [
      { rawId: 1, timestamp: 2 },
      { rawId: 1, keyIndex: 3 },
      { timestamp: 2, keyIndex: 3 },
      { rawId: 1, timestamp: 2, keyIndex: 0 },
    ]) {
      const inner = proto.ADVDeviceIdentity.encode(details).finish()
      const identityBytes = proto.ADVSignedDeviceIdentity.encode({
        details: inner,
        accountSignatureKey: phone.public,
        accountSignature: xeddsaSign(phone.private, Buffer.concat([Buffer.of(6, 0), inner, own.public])),
        deviceSignature: xeddsaSign(own.private, Buffer.concat([Buffer.of(6, 1), inner, own.public, phone.public])),
      }).finish()
      expect(
        thrown(() => verifyDeviceIdentity(identityBytes, own.public, undefined), 'device-identity-invalid').data,
      ).toMatchObject({ check: 'details' })
    }
  })
})

describe('signed key index list', () => {
  it('has the recorded details and a signature over them', () => {
    const phone = pair(adv.account)
    const list = { rawId: 77, timestamp: 1_760_000_000, currentIndex: 5, validIndexes: [0, 3, 5], accountType: 0 }
    const made = proto.ADVSignedKeyIndexList.decode(signKeyIndexList(phone, list))
    expect(hex(made.details)).toBe(adv.keyIndexList.details)
    const covered = Buffer.concat([Buffer.of(6, 2), bytes(adv.keyIndexList.details)])
    expect(xeddsaVerify(phone.public, covered, made.accountSignature ?? Buffer.alloc(0))).toBe(true)
    const hosted = proto.ADVSignedKeyIndexList.decode(signKeyIndexList(phone, { ...list, accountType: 1 }))
    const hostedCovered = Buffer.concat([Buffer.of(6, 7), hosted.details ?? Buffer.alloc(0)])
    expect(xeddsaVerify(phone.public, hostedCovered, hosted.accountSignature ?? Buffer.alloc(0))).toBe(true)
  })
})

describe('other pairing stanzas', () => {
  it('logout asks to remove this device', () => {
    const { stanzas } = readVectors<{ stanzas: { name: string; node: VectorNode }[] }>('01-prekeys')
    const logout = stanzas.find(({ name }) => name === 'logout')?.node
    const built = buildRemoveCompanionDevice('15550001111:3@s.whatsapp.net')
    expect({ ...built, attrs: { ...built.attrs, id: '1.2-10' } }).toEqual(logout)
  })

  it('a refresh is recognised', () => {
    const refresh: BinaryNode = {
      tag: 'notification',
      attrs: { id: '5', from: '@s.whatsapp.net', type: 'companion_reg_refresh' },
    }
    expect(isPairingRefresh(refresh)).toBe(true)
    expect(isPairingRefresh({ ...refresh, attrs: { ...refresh.attrs, type: 'encrypt' } })).toBe(false)
  })
})
