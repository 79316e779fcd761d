import { describe, expect, it } from 'vitest'
import { generateKeyPair, typedPublicKey } from '../crypto/curve.js'
import { xeddsaSign } from '../crypto/xeddsa.js'
import { KurirError } from '../errors/kurir-error.js'
import { proto } from '../proto/index.js'
import { checkCompanion, type KnownIdentities, type OtherAccountPolicy } from './companion-trust.js'
import {
  WA_ADV_ACCOUNT_SIG_PREFIX,
  WA_ADV_DEVICE_SIG_PREFIX,
  WA_ADV_HOSTED_DEVICE_SIG_PREFIX,
} from './device-identity.js'

const account = generateKeyPair()
const device = generateKeyPair()
const phoneJid = '1234567@lid'
const companionJid = '1234567:3@lid'

function deviceIdentity(by = account, devicePrefix = WA_ADV_DEVICE_SIG_PREFIX): Uint8Array {
  const details = proto.ADVDeviceIdentity.encode({ rawId: 9, timestamp: 1_700_000_000, keyIndex: 2 }).finish()
  const deviceSigned = Buffer.concat([devicePrefix, details, device.public, by.public])
  return proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: by.public,
    accountSignature: xeddsaSign(by, Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, device.public])),
    deviceSignature: xeddsaSign(device, deviceSigned),
  }).finish()
}

/** Identities by JID. */
function identities(
  entries: Record<string, Uint8Array> = {},
): KnownIdentities & { readonly known: Map<string, Uint8Array> } {
  const known = new Map(Object.entries(entries))
  return {
    known,
    getIdentityKey: async jid => known.get(jid),
    saveIdentityKey: async (jid, key) => {
      known.set(jid, key)
      return true
    },
  }
}

const shown = { jid: companionJid, identityKey: device.public, deviceIdentity: deviceIdentity() }

async function refusal(work: Promise<unknown>): Promise<[code: string, check: unknown]> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!KurirError.is(error)) throw new Error('nothing was refused')
  return [error.code, (error.data as { check?: unknown }).check]
}

describe('the proof of a companion (docs/protocol/02 §5.6, §8.1)', () => {
  it('is accepted under the known account key, and under an unknown one, which goes on record', async () => {
    const known = identities({ [phoneJid]: account.public })
    const accepted = await checkCompanion(known, shown, 'refuse')
    expect(accepted).toMatchObject({ accountChanged: false, identity: { rawId: 9, keyIndex: 2 } })
    const stranger = identities()
    expect(
      await checkCompanion(stranger, { ...shown, identityKey: typedPublicKey(device.public) }, 'refuse'),
    ).toBeDefined()
    expect(stranger.known.get(phoneJid)).toEqual(account.public)
  })

  it('is not asked of phones, nor of companions whose identity is on record', async () => {
    const bare = { ...shown, deviceIdentity: undefined }
    expect(await checkCompanion(identities(), { ...bare, jid: phoneJid }, 'refuse')).toBeUndefined()
    expect(await checkCompanion(identities(), { ...bare, jid: '1234567:0@lid' }, 'refuse')).toBeUndefined()
    const known = identities({ [companionJid]: device.public })
    expect(await checkCompanion(known, bare, 'refuse')).toBeUndefined()
  })

  it('is asked of a companion that shows another identity than the one on record', async () => {
    const known = identities({ [companionJid]: generateKeyPair().public })
    expect(await refusal(checkCompanion(known, { ...shown, deviceIdentity: undefined }, 'refuse'))).toEqual([
      'device-identity-missing',
      undefined,
    ])
    expect(await checkCompanion(known, shown, 'refuse')).toBeDefined()
  })

  const policies: OtherAccountPolicy[] = ['refuse', 'replace']
  it.each(policies)('that is missing or forged is refused, whatever the policy (%s)', async policy => {
    const known = identities({ [phoneJid]: account.public })
    expect(await refusal(checkCompanion(known, { ...shown, deviceIdentity: undefined }, policy))).toEqual([
      'device-identity-missing',
      undefined,
    ])
    const other = { ...shown, identityKey: generateKeyPair().public }
    expect(await refusal(checkCompanion(known, other, policy))).toEqual([
      'device-identity-invalid',
      'account-signature',
    ])
    const empty = { ...shown, deviceIdentity: new Uint8Array() }
    expect(await refusal(checkCompanion(known, empty, policy))).toEqual([
      'device-identity-invalid',
      'account-signature',
    ])
    expect([...known.known]).toEqual([[phoneJid, account.public]])
  })

  it('under another account key is refused, or replaces the identity of the phone', async () => {
    const before = generateKeyPair().public
    const known = identities({ [phoneJid]: before })
    expect(await refusal(checkCompanion(known, shown, 'refuse'))).toEqual(['device-identity-invalid', 'other-account'])
    expect(known.known.get(phoneJid)).toEqual(before)
    expect(await checkCompanion(known, shown, 'replace')).toMatchObject({ accountChanged: true })
    expect(known.known.get(phoneJid)).toEqual(account.public)
  })

  it('of a hosted device has the hosted prefix; its account is the ordinary one', async () => {
    const hosted = { ...shown, jid: '1234567:99@hosted.lid' }
    const known = identities({ [phoneJid]: account.public })
    expect(await refusal(checkCompanion(known, hosted, 'refuse'))).toEqual([
      'device-identity-invalid',
      'device-signature',
    ])
    const signed = deviceIdentity(account, WA_ADV_HOSTED_DEVICE_SIG_PREFIX)
    expect(await checkCompanion(known, { ...hosted, deviceIdentity: signed }, 'refuse')).toMatchObject({
      accountChanged: false,
    })
  })
})
