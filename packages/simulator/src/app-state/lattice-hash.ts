import { hkdf } from 'kurir/crypto'

/**
 * The LT-hash of a collection (docs/protocol/04 §1.10), written a second time: what the library computes is checked by
 * other code than its own. 64 lanes of 16 bits, little-endian, modulo 65536; the order of the items does not matter.
 */
export const LATTICE_HASH_LENGTH = 128

const INFO = 'WhatsApp Patch Integrity'

/** The hash after these value MACs have gone and those have come. */
export const changedHash = (hash: Uint8Array, removed: readonly Uint8Array[], added: readonly Uint8Array[]): Buffer => {
  const result = Buffer.from(hash)
  for (const item of removed) addLanes(result, item, -1)
  for (const item of added) addLanes(result, item, 1)
  return result
}

const addLanes = (hash: Buffer, item: Uint8Array, sign: 1 | -1): void => {
  const expanded = hkdf(item, LATTICE_HASH_LENGTH, { info: INFO })
  for (let lane = 0; lane < LATTICE_HASH_LENGTH; lane += 2) {
    const sum = hash.readUInt16LE(lane) + sign * expanded.readUInt16LE(lane)
    hash.writeUInt16LE(sum & 0xff_ff, lane)
  }
}
