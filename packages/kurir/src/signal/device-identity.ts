import { rawPublicKey } from '../crypto/curve.js'
import { xeddsaVerify } from '../crypto/xeddsa.js'
import { KurirError } from '../errors/kurir-error.js'
import { proto } from '../proto/index.js'
import { RetryReason } from './retry-reason.js'

/** What each ADV signature over a device identity covers begins with two bytes (docs/protocol/01 §6.5). */
export const WA_ADV_ACCOUNT_SIG_PREFIX: Buffer = Buffer.of(6, 0)
export const WA_ADV_DEVICE_SIG_PREFIX: Buffer = Buffer.of(6, 1)
export const WA_ADV_HOSTED_ACCOUNT_SIG_PREFIX: Buffer = Buffer.of(6, 5)
export const WA_ADV_HOSTED_DEVICE_SIG_PREFIX: Buffer = Buffer.of(6, 6)

/** What is wrong with a device identity. */
export type DeviceIdentityCheck =
  | 'encoding'
  | 'incomplete'
  | 'device-key'
  | 'account-key'
  | 'account-signature'
  | 'device-signature'
  | 'details'
  /** It holds, but under another account key than the one on record. */
  | 'other-account'

/** Code `device-identity-invalid`; `data.check` names what failed. */
export function deviceIdentityInvalid(check: DeviceIdentityCheck, data: object = {}, cause?: unknown): KurirError {
  return new KurirError('device-identity-invalid', `The device identity is not accepted: ${check}`, {
    statusCode: 400,
    data: { check, retryReason: RetryReason.AdvFailure, ...data },
    cause,
  })
}

export interface VerifiedDeviceIdentity {
  readonly rawId: number
  readonly timestamp: number
  readonly keyIndex: number
  /** The account's identity key, 32 bytes. */
  readonly accountKey: Uint8Array
  readonly hosted: boolean
}

/**
 * Checks an ADVSignedDeviceIdentity, as it stands beside a prekey message, in a key bundle and in the answer to
 * pair-success (docs/protocol/02 §5.6): the account vouches for the device, the device for the account.
 *
 * @param deviceIdentity the identity key that the device used, 32 or 33 bytes
 * @param accountKey the known identity of the account's phone; used when the element carries none
 * @throws KurirError `device-identity-invalid` naming in `data.check` what failed
 */
export function verifyDeviceIdentity(
  bytes: Uint8Array,
  deviceIdentity: Uint8Array,
  accountKey: Uint8Array | undefined,
  hostedServer = false,
): VerifiedDeviceIdentity {
  const { signed, details } = decodeIdentity(bytes)
  const identity = curveKey(deviceIdentity, 'device-key')
  const account = curveKey(signed.accountSignatureKey?.length ? signed.accountSignatureKey : accountKey, 'account-key')
  const signedDetails = signed.details ?? new Uint8Array()
  const hosted = details.deviceType === proto.ADVEncryptionType.HOSTED
  const accountPrefix = hosted ? WA_ADV_HOSTED_ACCOUNT_SIG_PREFIX : WA_ADV_ACCOUNT_SIG_PREFIX
  const accountSigned = Buffer.concat([accountPrefix, signedDetails, identity])
  if (!xeddsaVerify(account, accountSigned, signed.accountSignature ?? new Uint8Array())) {
    throw deviceIdentityInvalid('account-signature')
  }
  const devicePrefix = hostedServer ? WA_ADV_HOSTED_DEVICE_SIG_PREFIX : WA_ADV_DEVICE_SIG_PREFIX
  const deviceSigned = Buffer.concat([devicePrefix, signedDetails, identity, account])
  if (!xeddsaVerify(identity, deviceSigned, signed.deviceSignature ?? new Uint8Array())) {
    throw deviceIdentityInvalid('device-signature')
  }
  const { rawId, timestamp, keyIndex } = details
  if (rawId == null || timestamp == null || !keyIndex) throw deviceIdentityInvalid('details')
  return { rawId, timestamp: Number(timestamp), keyIndex, accountKey: account, hosted }
}

function decodeIdentity(bytes: Uint8Array): {
  readonly signed: proto.IADVSignedDeviceIdentity
  readonly details: proto.IADVDeviceIdentity
} {
  try {
    const signed = proto.ADVSignedDeviceIdentity.decode(bytes)
    return { signed, details: proto.ADVDeviceIdentity.decode(signed.details ?? new Uint8Array()) }
  } catch (cause) {
    throw deviceIdentityInvalid('encoding', {}, cause)
  }
}

function curveKey(key: Uint8Array | undefined, check: DeviceIdentityCheck): Uint8Array {
  try {
    return rawPublicKey(key ?? new Uint8Array())
  } catch (cause) {
    throw deviceIdentityInvalid(check, {}, cause)
  }
}
