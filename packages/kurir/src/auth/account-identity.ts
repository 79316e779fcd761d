import { proto } from '../proto/index.js'
import { deviceIdentityInvalid } from '../signal/device-identity.js'

/** The signed device identity with every member as bytes; members that are missing are empty. */
export interface SignedDeviceIdentity {
  readonly details: Uint8Array
  /** The phone's identity key, 32 bytes. */
  readonly accountSignatureKey: Uint8Array
  readonly accountSignature: Uint8Array
  readonly deviceSignature: Uint8Array
}

/** `creds.account` as Baileys leaves it after a reload: base64 instead of bytes (docs/protocol/01 §9.3). */
export type SavedDeviceIdentity = { readonly [Member in keyof SignedDeviceIdentity]?: string | null | undefined }

export type AnyDeviceIdentity = proto.IADVSignedDeviceIdentity | SavedDeviceIdentity

/** Reads `creds.account` in either of its forms. */
export function decodeAccount(account: AnyDeviceIdentity): SignedDeviceIdentity {
  return {
    details: asBytes(account.details),
    accountSignatureKey: asBytes(account.accountSignatureKey),
    accountSignature: asBytes(account.accountSignature),
    deviceSignature: asBytes(account.deviceSignature),
  }
}

/** The form that is written to files; members that are missing are left out. */
export function encodedAccount(account: AnyDeviceIdentity): SavedDeviceIdentity {
  const saved: Record<string, string> = {}
  for (const [member, bytes] of Object.entries(decodeAccount(account))) {
    if (bytes.byteLength > 0) saved[member] = Buffer.from(bytes).toString('base64')
  }
  return saved
}

/**
 * The bytes that go into `<device-identity>`: with the account's signature key beside a prekey message, without it in
 * the answer to pair-success (docs/protocol/01 §6.5 and §6.6).
 *
 * @throws KurirError `device-identity-invalid` when the account is incomplete
 */
export function encodeSignedDeviceIdentity(account: AnyDeviceIdentity, includeSignatureKey: boolean): Uint8Array {
  const { details, accountSignatureKey, accountSignature, deviceSignature } = decodeAccount(account)
  if (details.byteLength === 0 || accountSignature.byteLength !== 64 || deviceSignature.byteLength !== 64) {
    throw deviceIdentityInvalid('incomplete')
  }
  const signed = { details, accountSignature, deviceSignature }
  return proto.ADVSignedDeviceIdentity.encode(
    includeSignatureKey && accountSignatureKey.byteLength > 0 ? { ...signed, accountSignatureKey } : signed,
  ).finish()
}

function asBytes(value: Uint8Array | string | null | undefined): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'base64')
  return value ?? new Uint8Array(0)
}
