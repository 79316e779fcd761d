import { shortHkdf } from '../crypto/short-hmac.js'
import { LtHashLanes } from './lt-hash-lanes.js'

/** Bytes of the hash: 64 numbers of 16 bits, little-endian. */
export const ltHashLength = 128
const numberCount = ltHashLength / 2
const itemLength = 32
const info = Buffer.from('WhatsApp Patch Integrity')

/**
 * The sum over a collection (docs/protocol/04, 1.10): every live value MAC expanded to 128 bytes, added number by number
 * modulo 65536. The order does not matter, so the hash of a collection follows from the one before by what left and
 * what came.
 *
 * @param base 128 bytes; stays as it is
 * @returns the hash without `subtract` and with `add`
 */
export function updateLtHash(
  base: Uint8Array,
  subtract: readonly Uint8Array[],
  add: readonly Uint8Array[],
): Buffer<ArrayBuffer> {
  const numbers = readNumbers(base)
  accumulate(numbers, subtract, -1)
  accumulate(numbers, add, 1)
  return writeNumbers(numbers)
}

/** The 128 bytes that one value MAC adds. */
export function expandItem(item: Uint8Array): Uint8Array {
  return shortHkdf(item, ltHashLength, info)
}

/** Fewer items are not worth setting up four hashes at once. */
const fewItems = 16
/** Made when first needed; null where it cannot be had. */
let lanes: LtHashLanes | null | undefined

/** Adds the expansions of the items, or takes them away: four at once, and what is left singly. */
function accumulate(numbers: Uint16Array, items: readonly Uint8Array[], sign: 1 | -1): void {
  const inLanes = countInLanes(items)
  if (inLanes > 0) {
    if (lanes === undefined) lanes = LtHashLanes.make() ?? null
    const sums = lanes?.sum(items, inLanes)
    for (let index = 0; index < numberCount; index++) {
      numbers[index] = (numbers[index] as number) + sign * (sums?.[index] ?? 0)
    }
  }
  for (let index = lanes ? inLanes : 0; index < items.length; index++) {
    addExpanded(numbers, items[index] as Uint8Array, sign)
  }
}

function countInLanes(items: readonly Uint8Array[]): number {
  if (items.length < fewItems || lanes === null) return 0
  return items.every(({ byteLength }) => byteLength === itemLength) ? items.length & -4 : 0
}

function addExpanded(numbers: Uint16Array, item: Uint8Array, sign: 1 | -1): void {
  const expanded = expandItem(item)
  for (let index = 0; index < numberCount; index++) {
    const value = (expanded[2 * index] as number) | ((expanded[2 * index + 1] as number) << 8)
    numbers[index] = (numbers[index] as number) + sign * value
  }
}

function readNumbers(bytes: Uint8Array): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, ltHashLength)
  return Uint16Array.from({ length: numberCount }, (_, index) => view.getUint16(2 * index, true))
}

function writeNumbers(numbers: Uint16Array): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(ltHashLength)
  numbers.forEach((value, index) => {
    bytes.writeUInt16LE(value, 2 * index)
  })
  return bytes
}
