import { shortHkdf } from '../crypto/short-hmac.js'

/** Bytes of the hash: 64 lanes of 16 bits, little-endian. */
export const ltHashLength = 128
const laneCount = ltHashLength / 2
const info = Buffer.from('WhatsApp Patch Integrity')

/**
 * The sum over a collection (docs/protocol/04, 1.10): every live value MAC expanded to 128 bytes, added lane by lane
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
  const lanes = readLanes(base)
  for (const item of subtract) addExpanded(lanes, item, -1)
  for (const item of add) addExpanded(lanes, item, 1)
  return writeLanes(lanes)
}

/** The 128 bytes that one value MAC adds. */
export function expandItem(item: Uint8Array): Uint8Array {
  return shortHkdf(item, ltHashLength, info)
}

function addExpanded(lanes: Uint16Array, item: Uint8Array, sign: 1 | -1): void {
  const expanded = expandItem(item)
  for (let lane = 0; lane < laneCount; lane++) {
    const value = (expanded[2 * lane] as number) | ((expanded[2 * lane + 1] as number) << 8)
    lanes[lane] = (lanes[lane] as number) + sign * value
  }
}

function readLanes(bytes: Uint8Array): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, ltHashLength)
  return Uint16Array.from({ length: laneCount }, (_, lane) => view.getUint16(2 * lane, true))
}

function writeLanes(lanes: Uint16Array): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(ltHashLength)
  lanes.forEach((value, lane) => {
    bytes.writeUInt16LE(value, 2 * lane)
  })
  return bytes
}
