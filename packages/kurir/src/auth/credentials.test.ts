import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readVectors } from '../binary/testing/vectors.js'
import { typedPublicKey } from '../crypto/curve.js'
import { xeddsaVerify } from '../crypto/xeddsa.js'
import { KurirError } from '../errors/kurir-error.js'
import { decodeAccount, encodeSignedDeviceIdentity } from './account-identity.js'
import { assertMeId, generateRegistrationId, initAuthCreds, isRegistered } from './credentials.js'
import { decodeCredentials, encodeCredentials } from './credentials-codec.js'
import { thrown } from './testing/expect-error.js'

const { folderA, folderB } = readVectors<{ folderA: Record<string, string>; folderB: Record<string, string> }>(
  '01-auth-state',
)
const savedByBaileys = folderB['creds.json'] ?? ''

describe('fresh credentials', () => {
  it('are complete, different each time and signed', () => {
    const [one, two] = [initAuthCreds(), initAuthCreds()]
    for (const creds of [one, two]) {
      expect(Buffer.from(creds.advSecretKey, 'base64')).toHaveLength(32)
      const { keyPair, signature, keyId } = creds.signedPreKey
      expect(keyId).toBe(1)
      expect(xeddsaVerify(creds.signedIdentityKey.public, typedPublicKey(keyPair.public), signature)).toBe(true)
      expect(creds).toMatchObject({
        nextPreKeyId: 1,
        firstUnuploadedPreKeyId: 1,
        accountSyncCounter: 0,
        processedHistoryMessages: [],
        accountSettings: { unarchiveChats: false },
        registered: false,
      })
      expect(isRegistered(creds)).toBe(false)
    }
    expect(one.noiseKey.public).not.toEqual(two.noiseKey.public)
    expect(one.noiseKey.public).not.toEqual(one.signedIdentityKey.public)
    expect(one.advSecretKey).not.toBe(two.advSecretKey)
  })

  it('have a registration id from 1 to 16380 (docs/protocol/01 §8.1: 0 is refused by others)', () => {
    for (let round = 0; round < 2000; round++) {
      const id = generateRegistrationId()
      expect(id).toBeGreaterThanOrEqual(1)
      expect(id).toBeLessThanOrEqual(16_380)
    }
  })
})

describe('isRegistered (docs/protocol/01 §3.3: a code that was asked for is no login)', () => {
  it('needs a device in the own JID, or the signed account', () => {
    expect(isRegistered({ me: { id: '15550001111@s.whatsapp.net', name: '~' } })).toBe(false)
    expect(isRegistered({ me: { id: '15550001111:3@s.whatsapp.net' } })).toBe(true)
    expect(isRegistered({ me: { id: '15550001111@s.whatsapp.net' }, account: { details: 'AA==' } })).toBe(true)
    expect(isRegistered({})).toBe(false)
  })
})

describe('assertMeId', () => {
  it('gives the own JID or a typed error', () => {
    expect(assertMeId({ me: { id: '1:2@s.whatsapp.net' } })).toBe('1:2@s.whatsapp.net')
    expect(thrown(() => assertMeId({}), 'not-authenticated').output.statusCode).toBe(401)
    thrown(() => assertMeId({ me: { id: '' } }), 'not-authenticated')
  })
})

describe('creds.json', () => {
  it('written by Baileys is read and written back the same', () => {
    for (const text of [savedByBaileys, folderA['creds.json'] ?? '']) {
      expect(JSON.parse(encodeCredentials(decodeCredentials(text)))).toEqual(JSON.parse(text))
    }
  })

  it('holds the account as base64 text, whatever form it had (docs/protocol/01 §9.3)', () => {
    const creds = decodeCredentials(savedByBaileys)
    const account = decodeAccount(creds.account ?? {})
    const rewritten = JSON.parse(encodeCredentials({ ...creds, account }))
    expect(rewritten.account).toEqual(JSON.parse(savedByBaileys).account)
    expect(encodeSignedDeviceIdentity(account, true)).toEqual(encodeSignedDeviceIdentity(creds.account ?? {}, true))
    thrown(() => encodeSignedDeviceIdentity({ details: Buffer.of(1) }, true), 'device-identity-invalid')
  })

  it('of an older version gets the members that it lacks', () => {
    const { noiseKey, signedIdentityKey, signedPreKey, registrationId, advSecretKey } = JSON.parse(savedByBaileys)
    const creds = decodeCredentials(
      JSON.stringify({ noiseKey, signedIdentityKey, signedPreKey, registrationId, advSecretKey, me: null }),
    )
    expect(creds).toMatchObject({
      nextPreKeyId: 1,
      firstUnuploadedPreKeyId: 1,
      processedHistoryMessages: [],
      registered: false,
    })
    expect(creds.pairingEphemeralKeyPair.private).toHaveLength(32)
    expect(isRegistered(creds)).toBe(false)
  })

  it.each([
    ['noiseKey', undefined],
    ['noiseKey', { private: { type: 'Buffer', data: 'AA==' }, public: { type: 'Buffer', data: 'AA==' } }],
    ['signedIdentityKey', 'text'],
    ['signedPreKey', { keyId: 1 }],
    ['registrationId', '7'],
    ['registrationId', -1],
    ['advSecretKey', 'AA=='],
    ['nextPreKeyId', 1.5],
    ['processedHistoryMessages', {}],
    ['accountSettings', []],
    ['me', { name: 'x' }],
    ['account', { details: 7 }],
    ['routingInfo', 'text'],
    ['platform', 7],
    ['signalIdentities', {}],
    ['signalIdentities', [{ identifier: { name: 'x' } }]],
    ['processedHistoryMessages', [7]],
    ['lastAccountSyncTimestamp', 'x'],
  ])('with a wrong %s is refused, and the error names it', (member, value) => {
    const text = JSON.stringify({ ...JSON.parse(savedByBaileys), [member]: value })
    expect(thrown(() => decodeCredentials(text), 'corrupt-auth-state').data).toEqual({ member })
  })

  it('with a damaged server identity is read without it: it only shortens a handshake', () => {
    const key = { type: 'Buffer', data: Buffer.alloc(32, 1).toString('base64') }
    const read = (serverIdentity: unknown) =>
      decodeCredentials(JSON.stringify({ ...JSON.parse(savedByBaileys), serverIdentity })).serverIdentity
    expect(read({ key, root: key, notBefore: 1, notAfter: 2 })).toMatchObject({ notAfter: 2 })
    for (const damaged of ['x', { key, root: 'x', notBefore: 1, notAfter: 2 }, { key, root: key, notBefore: 1 }, []]) {
      expect(read(damaged)).toBeUndefined()
    }
  })

  it('damaged in any way is read or refused with a typed error', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.string({ maxLength: 3 }), (at, length, inserted) => {
        const start = at % savedByBaileys.length
        const text = savedByBaileys.slice(0, start) + inserted + savedByBaileys.slice(start + (length % 4))
        try {
          const creds = decodeCredentials(text)
          expect(creds.noiseKey.private).toHaveLength(32)
          encodeCredentials(creds)
        } catch (error) {
          expect(KurirError.is(error)).toBe(true)
          expect(error).toMatchObject({ code: 'corrupt-auth-state' })
        }
      }),
      { numRuns: 3000 },
    )
  })
})
