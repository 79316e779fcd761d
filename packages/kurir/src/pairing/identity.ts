import { encodeSignedDeviceIdentity } from '../auth/account-identity.js'
import type { AuthenticationCreds } from '../auth/credentials.js'
import type { BinaryNode } from '../binary/node.js'
import { type KeyPair, rawPublicKey, typedPublicKey } from '../crypto/curve.js'
import { hmacSha256 } from '../crypto/digest.js'
import { constantTimeEqual } from '../crypto/random.js'
import { xeddsaSign, xeddsaVerify } from '../crypto/xeddsa.js'
import { KurirError } from '../errors/kurir-error.js'
import { proto } from '../proto/index.js'
import {
  deviceIdentityInvalid,
  WA_ADV_ACCOUNT_SIG_PREFIX,
  WA_ADV_DEVICE_SIG_PREFIX,
  WA_ADV_HOSTED_ACCOUNT_SIG_PREFIX,
} from '../signal/device-identity.js'
import type { SignalIdentity } from '../signal/key-store.js'
import { WA_ADV_HOSTED_KEY_INDEX_LIST_PREFIX, WA_ADV_KEY_INDEX_LIST_PREFIX } from '../usync/key-index-list.js'
import { buildPairDeviceSign, parsePairSuccess } from './stanzas.js'

/** ADVEncryptionType. */
const E2EE = 0
const HOSTED = 1
const KEY_LENGTH = 32
const SIGNATURE_LENGTH = 64

export { encodeSignedDeviceIdentity }

/** Identity record of the account's phone: its key under the account's LID, device 0. */
export function createSignalIdentity(wid: string, accountSignatureKey: Uint8Array): SignalIdentity {
  return { identifier: { name: wid, deviceId: 0 }, identifierKey: Buffer.from(typedPublicKey(accountSignatureKey)) }
}

export interface SuccessfulPairing {
  readonly creds: Partial<AuthenticationCreds>
  /** Answer to the server; send it only after `creds` are durable. */
  readonly reply: BinaryNode
}

/**
 * Checks the identity that a phone granted (HMAC under the shared secret, account signature over our own identity
 * key), signs it, and returns what to store and what to answer (docs/protocol/01 §6.4 to §6.6).
 *
 * @throws KurirError `pairing-incomplete`, `pairing-hmac-mismatch` (401), `pairing-account-signature-invalid` (401),
 *   `device-identity-invalid`, `invalid-protobuf`
 */
export function configureSuccessfulPairing(
  stanza: BinaryNode,
  creds: Pick<AuthenticationCreds, 'advSecretKey' | 'signedIdentityKey' | 'signalIdentities'>,
): SuccessfulPairing {
  const success = parsePairSuccess(stanza)
  const signed = openDeviceIdentity(success.deviceIdentity, Buffer.from(creds.advSecretKey, 'base64'))
  const details = proto.ADVDeviceIdentity.decode(signed.details)
  const own = creds.signedIdentityKey
  const prefix = details.deviceType === HOSTED ? WA_ADV_HOSTED_ACCOUNT_SIG_PREFIX : WA_ADV_ACCOUNT_SIG_PREFIX
  if (
    !xeddsaVerify(
      signed.accountSignatureKey,
      Buffer.concat([prefix, signed.details, own.public]),
      signed.accountSignature,
    )
  ) {
    throw new KurirError('pairing-account-signature-invalid', 'The account did not sign the identity of this device', {
      statusCode: 401,
    })
  }
  if (!details.keyIndex) throw deviceIdentityInvalid('details')
  const account = { ...signed, deviceSignature: signDeviceIdentity(own, signed.details, signed.accountSignatureKey) }
  const identity = createSignalIdentity(success.lid, signed.accountSignatureKey)
  return {
    creds: {
      account,
      me: {
        id: success.jid,
        lid: success.lid,
        ...(success.businessName === undefined ? {} : { name: success.businessName }),
      },
      signalIdentities: [...(creds.signalIdentities ?? []), identity],
      platform: success.platform,
    },
    reply: buildPairDeviceSign(stanza.attrs.id ?? '', encodeSignedDeviceIdentity(account, false), details.keyIndex),
  }
}

interface GrantedIdentity {
  readonly details: Uint8Array
  readonly accountSignatureKey: Uint8Array
  readonly accountSignature: Uint8Array
}

/** Opens the HMAC envelope around a granted identity and checks the sizes inside. */
function openDeviceIdentity(bytes: Uint8Array, advSecret: Uint8Array): GrantedIdentity {
  const envelope = proto.ADVSignedDeviceIdentityHMAC.decode(bytes)
  const signedBytes = envelope.details ?? new Uint8Array()
  const expected = identityHmac(advSecret, signedBytes, envelope.accountType === HOSTED)
  if (!constantTimeEqual(expected, envelope.hmac ?? new Uint8Array())) {
    throw new KurirError('pairing-hmac-mismatch', 'The granted identity is not authenticated by the pairing secret', {
      statusCode: 401,
    })
  }
  const { details, accountSignatureKey, accountSignature } = proto.ADVSignedDeviceIdentity.decode(signedBytes)
  if (!details?.length || accountSignatureKey?.length !== KEY_LENGTH || accountSignature?.length !== SIGNATURE_LENGTH) {
    throw deviceIdentityInvalid('incomplete')
  }
  // Copies: the credentials outlive the frame that these are views of.
  return {
    details: Buffer.from(details),
    accountSignatureKey: Buffer.from(accountSignatureKey),
    accountSignature: Buffer.from(accountSignature),
  }
}

function identityHmac(advSecret: Uint8Array, signedIdentity: Uint8Array, hosted: boolean): Buffer {
  return hosted
    ? hmacSha256(advSecret, WA_ADV_HOSTED_ACCOUNT_SIG_PREFIX, signedIdentity)
    : hmacSha256(advSecret, signedIdentity)
}

/** The device's own signature over its identity: always the ordinary prefix for a device that pairs (docs/protocol/01 §6.5). */
export function signDeviceIdentity(identity: KeyPair, details: Uint8Array, accountKey: Uint8Array): Buffer {
  return xeddsaSign(identity, Buffer.concat([WA_ADV_DEVICE_SIG_PREFIX, details, identity.public, accountKey]))
}

export interface DeviceGrant {
  /** Identity key pair of the phone. */
  readonly account: KeyPair
  /** Public identity key of the device, 32 bytes. */
  readonly deviceIdentity: Uint8Array
  readonly advSecret: Uint8Array
  readonly rawId: number
  /** Unix seconds. */
  readonly timestamp: number
  /** 1 or more: 0 is the phone itself. */
  readonly keyIndex: number
  /** The account is hosted in the cloud. */
  readonly hosted?: boolean
  /** The device is a hosted one; as the account by default. */
  readonly hostedDevice?: boolean
}

/** The phone's part: grants an identity to a device. Returns the bytes of ADVSignedDeviceIdentityHMAC. */
export function grantDeviceIdentity(grant: DeviceGrant): Uint8Array {
  const { account, deviceIdentity, advSecret, rawId, timestamp, keyIndex, hosted = false } = grant
  const { hostedDevice = hosted } = grant
  const details = proto.ADVDeviceIdentity.encode({
    rawId,
    timestamp,
    keyIndex,
    accountType: hosted ? HOSTED : E2EE,
    deviceType: hostedDevice ? HOSTED : E2EE,
  }).finish()
  const prefix = hostedDevice ? WA_ADV_HOSTED_ACCOUNT_SIG_PREFIX : WA_ADV_ACCOUNT_SIG_PREFIX
  const signed = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: account.public,
    accountSignature: xeddsaSign(account, Buffer.concat([prefix, details, rawPublicKey(deviceIdentity)])),
  }).finish()
  return proto.ADVSignedDeviceIdentityHMAC.encode({
    details: signed,
    hmac: identityHmac(advSecret, signed, hosted),
    ...(hosted ? { accountType: HOSTED } : {}),
  }).finish()
}

/** The phone's signed list of the key indexes that are in force (docs/protocol/02 §5.4). */
export function signKeyIndexList(account: KeyPair, list: proto.IADVKeyIndexList): Uint8Array {
  const details = proto.ADVKeyIndexList.encode(list).finish()
  const prefix = list.accountType === HOSTED ? WA_ADV_HOSTED_KEY_INDEX_LIST_PREFIX : WA_ADV_KEY_INDEX_LIST_PREFIX
  return proto.ADVSignedKeyIndexList.encode({
    details,
    accountSignature: xeddsaSign(account, Buffer.concat([prefix, details])),
    accountSignatureKey: account.public,
  }).finish()
}
