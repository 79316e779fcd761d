import { randomInt } from '../crypto/random.js'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'

/** Pad lengths run from 1 to this. */
const longestPad = 16

/**
 * Appends `length` bytes of value `length`. Everything that is encrypted end to end with enc version 2 is padded; the
 * plaintext of channels is not (docs/protocol/02, 4.1).
 *
 * @param length 1 to 16; random when left out
 */
export function padMessage(encoded: Uint8Array, length: number = randomInt(1, longestPad + 1)): Buffer {
  if (!Number.isInteger(length) || length < 1 || length > longestPad) {
    throw new KurirError('invalid-padding', 'A message is padded with 1 to 16 bytes', {
      statusCode: 400,
      data: { field: 'length', length },
    })
  }
  const padded = Buffer.allocUnsafe(encoded.byteLength + length)
  padded.set(encoded, 0)
  padded.fill(length, encoded.byteLength)
  return padded
}

/** Appends a random pad: Baileys' name for {@link padMessage}. */
export function writeRandomPadMax16(message: Uint8Array): Buffer {
  return padMessage(message)
}

/**
 * Removes the pad, after checking every byte of it: a wrong pad means that the plaintext is not what its sender
 * encrypted. The result shares memory with the input.
 *
 * @throws KurirError `invalid-padding` for empty input, a pad of 0 or more than 16 bytes, a pad longer than the input,
 * or pad bytes that differ
 */
export function unpadRandomMax16(padded: Uint8Array): Uint8Array {
  const total = padded.byteLength
  const length = padded[total - 1]
  if (length === undefined) throw invalidPadding('The padded message is empty', total)
  if (length < 1 || length > longestPad || length > total) throw invalidPadding('The pad has no valid length', total)
  for (let index = total - length; index < total; index += 1) {
    if (padded[index] !== length) throw invalidPadding('The pad bytes differ', total)
  }
  return padded.subarray(0, total - length)
}

/** A message as it goes into encryption: encoded and padded. Encode once and pad per device with {@link padMessage}. */
export function encodeWAMessage(message: proto.IMessage): Buffer {
  return padMessage(proto.Message.encode(message).finish())
}

/** A message as channels carry it: encoded, not padded, not encrypted. */
export function encodeNewsletterMessage(message: proto.IMessage): Uint8Array {
  return proto.Message.encode(message).finish()
}

function invalidPadding(message: string, length: number): KurirError {
  return new KurirError('invalid-padding', message, { statusCode: 400, data: { length } })
}
