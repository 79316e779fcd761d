import { contentBytes, getBinaryNodeChild } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { aesGcmDecrypt, aesGcmEncrypt } from '../crypto/aes.js'
import { type KeyPair, x25519 } from '../crypto/curve.js'
import { hmacSha256, sha256 } from '../crypto/digest.js'
import { hkdf } from '../crypto/hkdf.js'
import { randomBytes } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'
import { proto } from '../proto/index.js'
import { bytesToCrockford } from './pairing-code-crypto.js'

/*
 * Pairing that the account's passkey confirms (docs/protocol/01 §6.7). The server may demand it during a pairing by QR
 * or by code. Everything here is pure: the WebAuthn assertion comes from the user's authenticator.
 */

const KEY_LENGTH = 32
const NONCE_LENGTH = 32
const IV_LENGTH = 12
const CODE_BYTES = 5
const HANDOFF_INFO = 'shortcake-passkey-handoff-v1'
const ENCRYPTION_INFO = 'Pairing Information Encryption Key'

/** The companion's side of one passkey pairing. */
export interface PasskeyPrologue {
  readonly ephemeral: KeyPair
  readonly deviceType: proto.DeviceProps.PlatformType
  readonly ref: string
  /** 32 random bytes that the prologue commits to and that are shown later. */
  readonly nonce: Uint8Array
  /** ProloguePayload. */
  readonly payload: Uint8Array
}

/** Begins with a reference of the server; ephemeral key and nonce are fresh for each attempt. */
export function beginPasskeyPrologue(
  ref: string,
  deviceType: proto.DeviceProps.PlatformType,
  ephemeral: KeyPair,
  nonce: Uint8Array = randomBytes(NONCE_LENGTH),
): PasskeyPrologue {
  const identity = proto.CompanionEphemeralIdentity.encode({ publicKey: ephemeral.public, deviceType, ref }).finish()
  const payload = proto.ProloguePayload.encode({
    companionEphemeralIdentity: identity,
    commitment: { hash: passkeyCommitment(identity, nonce) },
  }).finish()
  return { ephemeral, deviceType, ref, nonce, payload }
}

/** SHA-256 over the encoded CompanionEphemeralIdentity and the nonce. */
export function passkeyCommitment(companionEphemeralIdentity: Uint8Array, nonce: Uint8Array): Buffer {
  return sha256(Buffer.concat([companionEphemeralIdentity, nonce]))
}

/**
 * Key that proves that a passkey pairing continues the one that showed the QR; valid for five minutes.
 *
 * @param advSecret the secret in use so far: draw a new one afterwards
 */
export function passkeyHandoffKey(advSecret: Uint8Array): Buffer {
  return hkdf(advSecret, KEY_LENGTH, { info: HANDOFF_INFO })
}

export function passkeyHandoffProof(handoffKey: Uint8Array, prologuePayload: Uint8Array): Buffer {
  return hmacSha256(handoffKey, prologuePayload)
}

/** The phone's half: its ephemeral key and nonce. */
export interface PrimaryEphemeral {
  readonly publicKey: Uint8Array
  readonly nonce: Uint8Array
}

/** Eight characters that both devices show. */
export function passkeyVerificationCode(companionNonce: Uint8Array, primary: PrimaryEphemeral): string {
  const hash = sha256(Buffer.concat([companionNonce, primary.publicKey]))
  const code = Buffer.from(primary.nonce.subarray(0, CODE_BYTES))
  for (const [index, byte] of code.entries()) code[index] = byte ^ hash.readUInt8(index)
  return bytesToCrockford(code)
}

/** Key of the pairing request, the same on both sides. */
export function passkeyEncryptionKey(
  own: KeyPair,
  peer: Uint8Array,
  session: { readonly deviceType: number; readonly ref: string },
): Buffer {
  const salt = Buffer.from(`Companion Pairing ${session.deviceType} with ref ${session.ref}`)
  return hkdf(x25519(own, peer), KEY_LENGTH, { salt, info: ENCRYPTION_INFO })
}

/** What the companion tells the phone in the end. */
export interface PasskeyPairingRequest {
  /** Noise public key. */
  readonly noiseKey: Uint8Array
  readonly identityKey: Uint8Array
  /** The new one, that pair-success will be checked with. */
  readonly advSecret: Uint8Array
}

/** EncryptedPairingRequest for the phone. */
export function sealPasskeyRequest(
  request: PasskeyPairingRequest,
  encryptionKey: Uint8Array,
  iv: Uint8Array = randomBytes(IV_LENGTH),
): Uint8Array {
  const plaintext = proto.PairingRequest.encode({
    companionPublicKey: request.noiseKey,
    companionIdentityKey: request.identityKey,
    advSecret: request.advSecret,
  }).finish()
  return proto.EncryptedPairingRequest.encode({
    encryptedPayload: aesGcmEncrypt(encryptionKey, iv, plaintext),
    iv,
  }).finish()
}

/** The phone's side of {@link sealPasskeyRequest}. @throws KurirError `mac-mismatch`, `invalid-passkey-stanza` */
export function openPasskeyRequest(bytes: Uint8Array, encryptionKey: Uint8Array): PasskeyPairingRequest {
  const { encryptedPayload, iv } = proto.EncryptedPairingRequest.decode(bytes)
  const payload = encryptedPayload ?? new Uint8Array()
  if (iv?.length !== IV_LENGTH) throw malformed('iv')
  const request = proto.PairingRequest.decode(aesGcmDecrypt(encryptionKey, iv, payload))
  return {
    noiseKey: keyOf(request.companionPublicKey, 'companion-public-key'),
    identityKey: keyOf(request.companionIdentityKey, 'companion-identity-key'),
    advSecret: keyOf(request.advSecret, 'adv-secret'),
  }
}

/** A stanza of the server that belongs to a passkey pairing. Acknowledge it in any case. */
export type PasskeyNotification =
  /** Start: with the WebAuthn options (JSON), or without when they have to be asked for. */
  | { readonly kind: 'prologue-request'; readonly options: string | undefined }
  /** The phone has answered the prologue. */
  | { readonly kind: 'continuation'; readonly primary: PrimaryEphemeral }

const LARGEST_OPTIONS = 4096

/**
 * Reads a notification; undefined when it does not belong to a passkey pairing or does not come from the server.
 *
 * @throws KurirError `invalid-passkey-stanza`
 */
export function parsePasskeyNotification(notification: BinaryNode): PasskeyNotification | undefined {
  const { from, type } = notification.attrs
  if (from !== S_WHATSAPP_NET && from !== S_WHATSAPP_NET.slice(1)) return undefined
  if (type === 'passkey_prologue_request') {
    return { kind: 'prologue-request', options: optionsOf(getBinaryNodeChild(notification, 'passkey_request_options')) }
  }
  if (type !== 'crsc_continuation') return undefined
  const bytes = contentBytes(getBinaryNodeChild(notification, 'primary_ephemeral_identity'))
  if (bytes === undefined) throw malformed('primary_ephemeral_identity')
  const { publicKey, nonce } = proto.PrimaryEphemeralIdentity.decode(bytes)
  return {
    kind: 'continuation',
    primary: { publicKey: keyOf(publicKey, 'primary-public-key'), nonce: keyOf(nonce, 'primary-nonce') },
  }
}

/** The WebAuthn options in the answer to {@link buildPasskeyOptionsQuery}. @throws KurirError `invalid-passkey-stanza` */
export function readPasskeyOptions(answer: BinaryNode): string {
  const options = optionsOf(getBinaryNodeChild(answer, 'passkey_request_options'))
  if (options === undefined) throw malformed('passkey_request_options')
  return options
}

function optionsOf(node: BinaryNode | undefined): string | undefined {
  const bytes = contentBytes(node)
  if (bytes === undefined) return undefined
  if (bytes.length === 0 || bytes.length > LARGEST_OPTIONS) throw malformed('passkey_request_options')
  return Buffer.from(bytes).toString()
}

export function buildPasskeyOptionsQuery(): BinaryNode {
  return pairingRequest('get', [{ tag: 'passkey_request_options', attrs: {} }])
}

/** Asks for a reference; {@link readPasskeyReference} reads the answer. */
export function buildPasskeyReferenceQuery(): BinaryNode {
  return pairingRequest('get', [{ tag: 'ref', attrs: {} }])
}

/** @throws KurirError `invalid-passkey-stanza` */
export function readPasskeyReference(answer: BinaryNode): string {
  const bytes = contentBytes(getBinaryNodeChild(answer, 'ref'))
  if (!bytes?.length) throw malformed('ref')
  return Buffer.from(bytes).toString()
}

/** The user's WebAuthn assertion. */
export interface PasskeyAssertion {
  /** Raw credential id. */
  readonly credentialId: Uint8Array
  readonly clientDataJSON: Uint8Array
  readonly authenticatorData: Uint8Array
  readonly signature: Uint8Array
  readonly userHandle?: Uint8Array | undefined
}

/** `passkey_prologue`: the assertion, the commitment and, where there is one, the proof of the handoff. */
export function buildPasskeyPrologue(
  prologue: PasskeyPrologue,
  assertion: PasskeyAssertion,
  handoffProof?: Uint8Array,
): BinaryNode {
  const content: BinaryNode[] = [
    { tag: 'credential_id', attrs: {}, content: assertion.credentialId },
    { tag: 'webauthn_assertion', attrs: {}, content: Buffer.from(assertionJson(assertion)) },
    { tag: 'prologue_payload', attrs: {}, content: prologue.payload },
  ]
  if (handoffProof !== undefined) content.push({ tag: 'pairing_handoff_proof', attrs: {}, content: handoffProof })
  return pairingRequest('set', [{ tag: 'passkey_prologue', attrs: {}, content }])
}

export function buildCompanionNonce(nonce: Uint8Array): BinaryNode {
  return pairingRequest('set', [{ tag: 'companion_nonce', attrs: {}, content: nonce }])
}

export function buildEncryptedPairingRequest(request: Uint8Array): BinaryNode {
  return pairingRequest('set', [{ tag: 'encrypted_pairing_request', attrs: {}, content: request }])
}

/** Binary members are unpadded base64url. */
function assertionJson(assertion: PasskeyAssertion): string {
  const id = base64url(assertion.credentialId)
  return JSON.stringify({
    id,
    rawId: id,
    type: 'public-key',
    response: {
      clientDataJSON: base64url(assertion.clientDataJSON),
      authenticatorData: base64url(assertion.authenticatorData),
      signature: base64url(assertion.signature),
      userHandle: assertion.userHandle === undefined ? null : base64url(assertion.userHandle),
    },
  })
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

function pairingRequest(type: 'get' | 'set', content: BinaryNode[]): BinaryNode {
  return { tag: 'iq', attrs: { to: S_WHATSAPP_NET, type, xmlns: 'md' }, content }
}

function keyOf(bytes: Uint8Array | null | undefined, element: string): Uint8Array {
  if (bytes?.length !== KEY_LENGTH) throw malformed(element)
  return bytes
}

function malformed(element: string): KurirError {
  return new KurirError('invalid-passkey-stanza', `A passkey stanza lacks a usable ${element}`, {
    statusCode: 400,
    data: { element },
  })
}
