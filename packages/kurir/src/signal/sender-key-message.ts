import { ProtobufReader, varintLength } from './protobuf-reader.js'
import { SignalError } from './signal-error.js'
import {
  checkVersion,
  messageVersion,
  missingField,
  readKey,
  writeBytesField,
  writeKeyField,
  writeNumberField,
} from './signal-message.js'

const signatureLength = 64
const chainKeyLength = 32
const typedKeyLength = 33

/** A `skmsg` body taken apart; the byte fields share memory with the input. */
export interface SenderKeyMessage {
  readonly keyId: number
  readonly iteration: number
  readonly ciphertext: Uint8Array
  /** What the signature covers: version byte and protobuf. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/** What a member needs to read the messages of another from `iteration` on. */
export interface SenderKeyDistribution {
  readonly keyId: number
  readonly iteration: number
  /** 32 bytes. */
  readonly chainKey: Uint8Array
  /** 32 raw bytes. */
  readonly signingKey: Uint8Array
}

/** Encodes a `skmsg` body. `sign` signs its argument with 64 bytes. */
export function encodeSenderKeyMessage(
  content: { readonly keyId: number; readonly iteration: number; readonly ciphertext: Uint8Array },
  sign: (input: Uint8Array) => Uint8Array,
): Buffer {
  const { keyId, iteration, ciphertext } = content
  const length = ciphertext.byteLength
  const signedLength = 4 + varintLength(keyId) + varintLength(iteration) + varintLength(length) + length
  const bytes = Buffer.allocUnsafe(signedLength + signatureLength)
  bytes[0] = messageVersion
  let offset = writeNumberField(bytes, 0x08, keyId, 1)
  offset = writeNumberField(bytes, 0x10, iteration, offset)
  offset = writeBytesField(bytes, 0x1a, ciphertext, offset)
  bytes.set(sign(bytes.subarray(0, offset)), offset)
  return bytes
}

/**
 * Takes a `skmsg` body apart; the signature is not checked here.
 *
 * @throws SignalError `invalid-message`, `unsupported-message-version`
 */
export function decodeSenderKeyMessage(bytes: Uint8Array): SenderKeyMessage {
  const end = bytes.byteLength - signatureLength
  if (end < 1) throw new SignalError('invalid-message', { detail: 'too short' })
  checkVersion(bytes)
  const reader = new ProtobufReader(bytes, 1, end)
  let keyId: number | undefined
  let iteration = 0
  let ciphertext: Uint8Array | undefined
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) keyId = reader.uint32()
    else if (field === 2) iteration = reader.uint32()
    else if (field === 3) ciphertext = reader.bytes()
    else reader.skip()
  }
  if (keyId === undefined || ciphertext === undefined) throw missingField()
  return { keyId, iteration, ciphertext, signed: bytes.subarray(0, end), signature: bytes.subarray(end) }
}

export function encodeSenderKeyDistribution(content: SenderKeyDistribution): Buffer {
  const { keyId, iteration, chainKey, signingKey } = content
  const bytes = Buffer.allocUnsafe(
    1 + 2 + varintLength(keyId) + varintLength(iteration) + (2 + chainKeyLength) + (2 + typedKeyLength),
  )
  bytes[0] = messageVersion
  let offset = writeNumberField(bytes, 0x08, keyId, 1)
  offset = writeNumberField(bytes, 0x10, iteration, offset)
  offset = writeBytesField(bytes, 0x1a, chainKey, offset)
  writeKeyField(bytes, 0x22, signingKey, offset)
  return bytes
}

/**
 * Takes a sender key distribution message apart. All four fields must be there. Third-party clients have been seen to
 * leave out the version byte (docs/protocol/02 §3.4); as no field starts with `33`, such a body cannot be mistaken.
 *
 * @throws SignalError `invalid-message`, `invalid-message-key`
 */
export function decodeSenderKeyDistribution(bytes: Uint8Array): SenderKeyDistribution {
  const reader = new ProtobufReader(bytes, bytes[0] === messageVersion ? 1 : 0, bytes.byteLength)
  let keyId: number | undefined
  let iteration: number | undefined
  let chainKey: Uint8Array | undefined
  let signingKey: Uint8Array | undefined
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) keyId = reader.uint32()
    else if (field === 2) iteration = reader.uint32()
    else if (field === 3) chainKey = reader.bytes()
    else if (field === 4) signingKey = readKey(reader.bytes())
    else reader.skip()
  }
  if (keyId === undefined || iteration === undefined || chainKey === undefined || signingKey === undefined) {
    throw missingField()
  }
  if (chainKey.byteLength !== chainKeyLength)
    throw new SignalError('invalid-message-key', { detail: 'chain key length' })
  return { keyId, iteration, chainKey, signingKey }
}
