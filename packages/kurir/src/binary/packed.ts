import { NodeDecodeError } from './errors.js'

/**
 * Packed strings: two characters to a byte, the first in the upper half (docs/protocol/01, packed strings). Strings of
 * an odd length end in a padding nibble, 15, that the length byte announces.
 */

/** Longest string that is written packed, in characters. */
export const MAX_PACKED_LENGTH = 127

/** Characters by nibble. */
export type PackedAlphabet = Uint16Array
export const HEX_ALPHABET: PackedAlphabet = characterPairs('0123456789ABCDEF')
export const NIBBLE_ALPHABET: PackedAlphabet = characterPairs('0123456789-.')

/** By packed byte: the codes of its two characters, the first in the upper half; 0 when a nibble has no character. */
function characterPairs(alphabet: string): PackedAlphabet {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    const high = byte >>> 4
    const low = byte & 15
    if (high >= alphabet.length || low >= alphabet.length) return 0
    return (alphabet.charCodeAt(high) << 8) | alphabet.charCodeAt(low)
  })
}

/**
 * Writes the characters `start` to `end` of `text`, which must all be in one alphabet, and returns the position behind
 * them.
 */
export function packText(text: string, start: number, end: number, target: Uint8Array, position: number): number {
  const odd = (end - start) & 1
  let written = position
  target[written++] = ((end - start + 1) >>> 1) | (odd << 7)
  let index = start
  for (; index + 1 < end; index += 2) {
    target[written++] = (nibbleOf(text.charCodeAt(index)) << 4) | nibbleOf(text.charCodeAt(index + 1))
  }
  if (odd) target[written++] = (nibbleOf(text.charCodeAt(index)) << 4) | 15
  return written
}

/** The four bits of `0`–`9`, `A`–`F`, `-` and `.`; the alphabets agree where they overlap. */
function nibbleOf(character: number): number {
  if (character >= 0x41) return character - 0x37
  if (character >= 0x30) return character - 0x30
  return character - 0x23
}

/**
 * The text of the `length` (at least 1) packed bytes at `start`. With `odd` the last nibble is padding: 15, or, unless
 * `strict`, any nibble that has a character, which is dropped as every reader does. Throws {@link NodeDecodeError} for
 * a nibble without a character.
 */
export function unpackText(
  bytes: Uint8Array,
  start: number,
  length: number,
  odd: boolean,
  alphabet: PackedAlphabet,
  strict: boolean,
): string {
  const end = start + length - 1
  const lastByte = bytes[end] ?? 0
  if (odd && (lastByte & 15) !== 15 && (strict || alphabet[lastByte] === 0)) throw invalidNibble(end)
  const last = alphabet[odd ? lastByte & 0xf0 : lastByte] ?? 0
  if (last === 0) throw invalidNibble(end)
  const short = length >= 3 && length <= 8 ? unpackShort(bytes, start, length, alphabet, last) : ''
  const text = short === '' ? unpackLong(bytes, start, end, alphabet, last) : short
  return text.slice(0, odd ? length * 2 - 1 : length * 2)
}

/**
 * Strings of 3–8 bytes, which account numbers are, with `last` repeated up to 16 characters; '' when a nibble is
 * invalid. A fixed number of arguments makes this twice as fast as a list of them.
 */
function unpackShort(bytes: Uint8Array, start: number, length: number, alphabet: PackedAlphabet, last: number): string {
  const a = pairAt(bytes, start, alphabet)
  const b = pairAt(bytes, start + 1, alphabet)
  const c = length > 3 ? pairAt(bytes, start + 2, alphabet) : last
  const d = length > 4 ? pairAt(bytes, start + 3, alphabet) : last
  const e = length > 5 ? pairAt(bytes, start + 4, alphabet) : last
  const f = length > 6 ? pairAt(bytes, start + 5, alphabet) : last
  const g = length > 7 ? pairAt(bytes, start + 6, alphabet) : last
  if (a === 0 || b === 0 || c === 0 || d === 0 || e === 0 || f === 0 || g === 0) return ''
  return String.fromCharCode(
    a >>> 8,
    a & 255,
    b >>> 8,
    b & 255,
    c >>> 8,
    c & 255,
    d >>> 8,
    d & 255,
    e >>> 8,
    e & 255,
    f >>> 8,
    f & 255,
    g >>> 8,
    g & 255,
    last >>> 8,
    last & 255,
  )
}

function unpackLong(bytes: Uint8Array, start: number, end: number, alphabet: PackedAlphabet, last: number): string {
  const codes = codesOfLength((end + 1 - start) * 2)
  let written = 0
  for (let index = start; index <= end; index++) {
    const pair = index === end ? last : pairAt(bytes, index, alphabet)
    if (pair === 0) throw invalidNibble(index)
    codes[written++] = pair >>> 8
    codes[written++] = pair & 255
  }
  return String.fromCharCode.apply(null, codes)
}

function pairAt(bytes: Uint8Array, offset: number, alphabet: PackedAlphabet): number {
  return alphabet[bytes[offset] ?? 0] ?? 0
}

/** Reused lists of character codes, by length: `fromCharCode` on a list of the right length makes no garbage. */
const codeLists: number[][] = []

function codesOfLength(length: number): number[] {
  while (codeLists.length <= length) codeLists.push(new Array(codeLists.length).fill(0))
  return codeLists[length] ?? []
}

function invalidNibble(offset: number): NodeDecodeError {
  return new NodeDecodeError('invalid-node', 'invalid-nibble', offset)
}
