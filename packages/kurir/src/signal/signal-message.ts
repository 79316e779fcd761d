import { typedPublicKey } from '../crypto/curve.js'
import { ProtobufReader, varintLength, writeVarint } from './protobuf-reader.js'
import { SignalError } from './signal-error.js'

/** Current version 3 in the upper half, oldest understood version 3 in the lower (docs/protocol/02 §2). */
export const messageVersion = 0x33
export const macLength = 8
const publicKeyLength = 32
const typedKeyLength = 33
const keyType = 5
/** `05 ‖ sender ‖ 05 ‖ receiver` stands before the message in the MAC input. */
const associatedDataLength = 2 * typedKeyLength

/** A `msg` body taken apart; the byte fields share memory with the input. */
export interface SignalMessage {
  /** 32 raw bytes. */
  readonly ratchetKey: Uint8Array
  readonly counter: number
  /** Counter of the last message of the sender's previous chain. */
  readonly previousCounter: number
  readonly ciphertext: Uint8Array
  /** Everything that the MAC covers besides the identities: version byte and protobuf. */
  readonly authenticated: Uint8Array
  readonly mac: Uint8Array
}

/** A `pkmsg` body taken apart; keys are raw 32 bytes and share memory with the input. */
export interface PreKeySignalMessage {
  /** Absent when the sender got a bundle without a one-time prekey. */
  readonly preKeyId: number | undefined
  readonly signedPreKeyId: number
  readonly registrationId: number
  readonly baseKey: Uint8Array
  readonly identityKey: Uint8Array
  readonly message: SignalMessage
}

export interface OutgoingSignalMessage {
  readonly senderIdentity: Uint8Array
  readonly receiverIdentity: Uint8Array
  readonly ratchetKey: Uint8Array
  readonly counter: number
  readonly previousCounter: number
  readonly ciphertext: Uint8Array
}

/**
 * Encodes a `msg` body with its MAC. Fields ascend and zeros are written out: some readers tell an absent counter from
 * a zero (docs/protocol/02 §2.4).
 *
 * @param mac computes the 32-byte MAC over its argument; the first eight bytes are used
 */
export function encodeSignalMessage(content: OutgoingSignalMessage, mac: (input: Uint8Array) => Uint8Array): Buffer {
  const { counter, previousCounter, ciphertext } = content
  const length = ciphertext.byteLength
  const bodyLength =
    1 + 2 + typedKeyLength + 3 + varintLength(counter) + varintLength(previousCounter) + varintLength(length) + length
  // The identities that the MAC covers stand in the same memory, before the body: the MAC then needs no copy.
  const bytes = Buffer.allocUnsafe(associatedDataLength + bodyLength + macLength)
  writeTypedKey(bytes, content.senderIdentity, 0)
  writeTypedKey(bytes, content.receiverIdentity, typedKeyLength)
  let offset = associatedDataLength
  bytes[offset++] = messageVersion
  offset = writeKeyField(bytes, 0x0a, content.ratchetKey, offset)
  offset = writeNumberField(bytes, 0x10, counter, offset)
  offset = writeNumberField(bytes, 0x18, previousCounter, offset)
  offset = writeBytesField(bytes, 0x22, ciphertext, offset)
  bytes.set(mac(bytes.subarray(0, offset)).subarray(0, macLength), offset)
  return bytes.subarray(associatedDataLength)
}

/** What the MAC of a received message covers besides {@link SignalMessage.authenticated}. */
export function associatedData(senderIdentity: Uint8Array, receiverIdentity: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(associatedDataLength)
  writeTypedKey(bytes, senderIdentity, 0)
  writeTypedKey(bytes, receiverIdentity, typedKeyLength)
  return bytes
}

export interface OutgoingPreKeySignalMessage {
  readonly preKeyId: number | undefined
  readonly signedPreKeyId: number
  readonly registrationId: number
  readonly baseKey: Uint8Array
  readonly identityKey: Uint8Array
  /** A complete `msg` body. */
  readonly message: Uint8Array
}

/** Encodes a `pkmsg` body. */
export function encodePreKeySignalMessage(content: OutgoingPreKeySignalMessage): Buffer {
  const { preKeyId, signedPreKeyId, registrationId, message } = content
  const length = message.byteLength
  const preKeyLength = preKeyId === undefined ? 0 : 1 + varintLength(preKeyId)
  const bytes = Buffer.allocUnsafe(
    1 +
      preKeyLength +
      2 * (2 + typedKeyLength) +
      (1 + varintLength(length) + length) +
      (1 + varintLength(registrationId)) +
      (1 + varintLength(signedPreKeyId)),
  )
  let offset = 0
  bytes[offset++] = messageVersion
  if (preKeyId !== undefined) offset = writeNumberField(bytes, 0x08, preKeyId, offset)
  offset = writeKeyField(bytes, 0x12, content.baseKey, offset)
  offset = writeKeyField(bytes, 0x1a, content.identityKey, offset)
  offset = writeBytesField(bytes, 0x22, message, offset)
  offset = writeNumberField(bytes, 0x28, registrationId, offset)
  writeNumberField(bytes, 0x30, signedPreKeyId, offset)
  return bytes
}

/**
 * Takes a `msg` body apart.
 *
 * @throws SignalError `invalid-message`, `invalid-message-key`, `unsupported-message-version`
 */
export function decodeSignalMessage(bytes: Uint8Array): SignalMessage {
  const end = bytes.byteLength - macLength
  if (end < 1) throw new SignalError('invalid-message', { detail: 'too short' })
  checkVersion(bytes)
  const reader = new ProtobufReader(bytes, 1, end)
  let ratchetKey: Uint8Array | undefined
  let counter = 0
  let previousCounter = 0
  let ciphertext: Uint8Array | undefined
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) ratchetKey = readKey(reader.bytes())
    else if (field === 2) counter = reader.uint32()
    else if (field === 3) previousCounter = reader.uint32()
    else if (field === 4) ciphertext = reader.bytes()
    else reader.skip()
  }
  if (ratchetKey === undefined || ciphertext === undefined) throw missingField()
  const authenticated = bytes.subarray(0, end)
  return { ratchetKey, counter, previousCounter, ciphertext, authenticated, mac: bytes.subarray(end) }
}

/**
 * Takes a `pkmsg` body and the message inside it apart.
 *
 * @throws SignalError `invalid-message`, `invalid-message-key`, `unsupported-message-version`
 */
export function decodePreKeySignalMessage(bytes: Uint8Array): PreKeySignalMessage {
  checkVersion(bytes)
  const reader = new ProtobufReader(bytes, 1, bytes.byteLength)
  let preKeyId: number | undefined
  let baseKey: Uint8Array | undefined
  let identityKey: Uint8Array | undefined
  let message: Uint8Array | undefined
  let registrationId = 0
  let signedPreKeyId = 0
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) preKeyId = reader.uint32()
    else if (field === 2) baseKey = readKey(reader.bytes())
    else if (field === 3) identityKey = readKey(reader.bytes())
    else if (field === 4) message = reader.bytes()
    else if (field === 5) registrationId = reader.uint32()
    else if (field === 6) signedPreKeyId = reader.uint32()
    else reader.skip()
  }
  if (baseKey === undefined || identityKey === undefined || message === undefined) throw missingField()
  return { preKeyId, signedPreKeyId, registrationId, baseKey, identityKey, message: decodeSignalMessage(message) }
}

/** Only `33`: both version halves are 3 (docs/protocol/02 §2). */
export function checkVersion(bytes: Uint8Array): void {
  const version = bytes[0]
  if (version === undefined) throw new SignalError('invalid-message', { detail: 'empty' })
  if (version !== messageVersion) throw new SignalError('unsupported-message-version', { detail: String(version) })
}

/** A typed key of a message as its raw 32 bytes. */
export function readKey(typed: Uint8Array): Uint8Array {
  if (typed.byteLength === typedKeyLength && typed[0] === keyType) return typed.subarray(1)
  throw new SignalError('invalid-message-key', { detail: 'a public key is not 33 bytes with type 05' })
}

export function missingField(): SignalError {
  return new SignalError('invalid-message', { detail: 'a required field is missing' })
}

export function writeNumberField(target: Uint8Array, tag: number, value: number, offset: number): number {
  target[offset] = tag
  return writeVarint(target, value, offset + 1)
}

export function writeBytesField(target: Uint8Array, tag: number, value: Uint8Array, offset: number): number {
  target[offset] = tag
  const start = writeVarint(target, value.byteLength, offset + 1)
  target.set(value, start)
  return start + value.byteLength
}

/** Writes a raw public key as a bytes field in its typed form. */
export function writeKeyField(target: Uint8Array, tag: number, raw: Uint8Array, offset: number): number {
  target[offset] = tag
  target[offset + 1] = typedKeyLength
  writeTypedKey(target, raw, offset + 2)
  return offset + 2 + typedKeyLength
}

function writeTypedKey(target: Uint8Array, raw: Uint8Array, offset: number): void {
  if (raw.byteLength !== publicKeyLength) target.set(typedPublicKey(raw), offset)
  else {
    target[offset] = keyType
    target.set(raw, offset + 1)
  }
}
