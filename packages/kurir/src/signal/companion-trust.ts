import { accountJid, isHostedLidUser, isHostedPnUser, jidDecode } from '../binary/jid.js'
import { rawPublicKey } from '../crypto/curve.js'
import { constantTimeEqual } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'
import { deviceIdentityInvalid, type VerifiedDeviceIdentity, verifyDeviceIdentity } from './device-identity.js'
import type { KurirSignalRepository } from './repository-contract.js'
import { RetryReason } from './retry-reason.js'

/** The identities on record. */
export type KnownIdentities = Pick<KurirSignalRepository, 'getIdentityKey' | 'saveIdentityKey'>

/** What a device shows before a session with it begins: in a prekey message, a key bundle or a retry request. */
export interface ShownIdentity {
  /** The device, in either namespace. */
  readonly jid: string
  /** Its identity key, 32 or 33 bytes. */
  readonly identityKey: Uint8Array
  /** ADVSignedDeviceIdentity, as it came beside the key. */
  readonly deviceIdentity: Uint8Array | undefined
}

/**
 * What to do about a device that is vouched for by another account key than the one on record. A prekey message may
 * announce in this way that the account has registered anew; keys that the server hands out may not, and neither may
 * anything in the name of the own account.
 */
export type OtherAccountPolicy = 'replace' | 'refuse'

/** A companion that was not known before, and what was learned about it. */
export interface NewCompanion {
  readonly identity: VerifiedDeviceIdentity
  /** The identity of the account's phone was another so far. */
  readonly accountChanged: boolean
}

/**
 * A companion proves with its device identity that its account vouches for it, before anything is encrypted for it or
 * read from it (docs/protocol/02 §5.6, §8.1): the service, which hands out the keys, could otherwise put in a device of
 * its own. What the account vouched for once stays on record and needs no further proof; a phone is its account and
 * needs none. A device identity that is missing proves nothing: the device is refused like one with a forged identity.
 *
 * The account key is the identity on record of the account's phone. Where there is none, that of the device identity is
 * believed and goes on record, as with every first contact.
 *
 * @returns undefined for phones and for companions whose identity is on record
 * @throws KurirError `device-identity-missing`; `device-identity-invalid` naming in `data.check` what failed
 */
export async function checkCompanion(
  identities: KnownIdentities,
  { jid, identityKey, deviceIdentity }: ShownIdentity,
  otherAccount: OtherAccountPolicy,
): Promise<NewCompanion | undefined> {
  const account = accountJid(jid)
  if (!isCompanion(jid) || account === undefined) return undefined
  const known = await identities.getIdentityKey(jid)
  if (known !== undefined && constantTimeEqual(known, rawPublicKey(identityKey))) return undefined
  if (deviceIdentity === undefined) throw deviceIdentityMissing(jid)
  const accountKey = await identities.getIdentityKey(account)
  const isHostedServer = isHostedPnUser(jid) === true || isHostedLidUser(jid) === true
  const identity = verifyDeviceIdentity(deviceIdentity, identityKey, accountKey, isHostedServer)
  const accountChanged = accountKey !== undefined && !constantTimeEqual(accountKey, identity.accountKey)
  if (accountChanged && otherAccount === 'refuse') throw deviceIdentityInvalid('other-account', { jid })
  if (accountChanged || accountKey === undefined) await identities.saveIdentityKey(account, identity.accountKey)
  return { identity, accountChanged }
}

/** A linked device, not a phone. */
export function isCompanion(jid: string): boolean {
  return Boolean(jidDecode(jid)?.device)
}

function deviceIdentityMissing(jid: string): KurirError {
  return new KurirError('device-identity-missing', 'A companion showed no proof that its account vouches for it', {
    statusCode: 400,
    data: { jid, retryReason: RetryReason.UnknownCompanionNoPrekey },
  })
}
