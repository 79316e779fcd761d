import {
  laneCount,
  lanesBlockLength,
  lanesFreeMemory,
  lanesInitialState,
  lanesStateLength,
  lanesWord,
  makeSha256Lanes,
  type Sha256Lanes,
  writeAllLanes,
} from '../crypto/sha256-lanes.js'

/*
 * The expansion of the LT hash for four items at once. HKDF-SHA256 of 32 bytes to 128 is fifteen blocks whose content is
 * known but for the words of earlier hashes; those are computed into their places.
 */

const innerPad = 0x36363636
const outerPad = 0x5c5c5c5c
const itemWords = 8
const blockWords = 16
const stateWords = 8
/** Hashes of 32 bytes make up the expansion of an item. */
const hashesOfItem = 4

// Where things lie in the memory of the lanes.
const saltStates = lanesFreeMemory
const keyStates = saltStates + 2 * lanesStateLength
const result = keyStates + 2 * lanesStateLength
/** An item, and the hash that the outer HMAC takes: 32 bytes behind a block of key. */
const hashBlock = result + lanesStateLength
const keyBlock = hashBlock + lanesBlockLength
/** Info and 01: what the first hash takes. */
const firstBlock = keyBlock + lanesBlockLength
/** The hash before, info and its number, which need two blocks. */
const nextBlock = firstBlock + lanesBlockLength
const lastBlock = nextBlock + lanesBlockLength
const sums = lastBlock + lanesBlockLength

const info = Buffer.from('WhatsApp Patch Integrity')
const infoWords = Array.from({ length: info.byteLength / 4 }, (_, word) => info.readInt32BE(4 * word))
const noWords = (count: number) => Array<number>(count).fill(0)
/** Length in bits of a message that follows a block of key. */
const bitsBehindKey = (bytes: number) => 8 * (64 + bytes)

/** Expands items and adds them up, four at a time. */
export class LtHashLanes {
  readonly #lanes: Sha256Lanes

  private constructor(lanes: Sha256Lanes) {
    this.#lanes = lanes
    const hashLength = 4 * itemWords
    const padding = 0x80000000
    const write = (offset: number, words: readonly number[]) => writeAllLanes(lanes, offset, words)
    write(hashBlock, [...noWords(itemWords), padding, ...noWords(6), bitsBehindKey(hashLength)])
    write(keyBlock, noWords(blockWords))
    write(firstBlock, [...infoWords, 0x01800000, ...noWords(8), bitsBehindKey(info.byteLength + 1)])
    write(nextBlock, [...noWords(itemWords), ...infoWords, 0, 0])
    write(lastBlock, [...noWords(blockWords - 1), bitsBehindKey(hashLength + info.byteLength + 1)])
    // The salt is empty: a key of zeros.
    this.#setKey(saltStates)
  }

  /** Undefined where four hashes at once are not to be had. */
  static make(): LtHashLanes | undefined {
    const lanes = makeSha256Lanes()
    return lanes && new LtHashLanes(lanes)
  }

  /**
   * The sum of the expansions of items, as 64 numbers of which the lower 16 bits count.
   *
   * @param count of the items that are added, a multiple of four
   */
  sum(items: readonly Uint8Array[], count: number): Uint16Array {
    const { words } = this.#lanes
    const firstSum = sums >> 2
    words.fill(0, firstSum, firstSum + hashesOfItem * stateWords * laneCount)
    for (let index = 0; index < count; index += laneCount) {
      for (let lane = 0; lane < laneCount; lane++) this.#putItem(items[index + lane] as Uint8Array, lane)
      this.#expand()
    }
    return this.#total()
  }

  #putItem(item: Uint8Array, lane: number): void {
    const { words } = this.#lanes
    const view = new DataView(item.buffer, item.byteOffset, 4 * itemWords)
    for (let word = 0; word < itemWords; word++) words[lanesWord(hashBlock, word, lane)] = view.getInt32(4 * word)
  }

  /** Expands what lies in the block of hashes, and adds it to the sums. */
  #expand(): void {
    const { accumulate, compress, words } = this.#lanes
    this.#mac(saltStates, hashBlock, keyBlock)
    this.#setKey(keyStates)
    this.#mac(keyStates, firstBlock, nextBlock)
    accumulate(nextBlock, sums)
    const number = lanesWord(nextBlock, blockWords - 2, 0)
    for (let hash = 1; hash < hashesOfItem; hash++) {
      words.fill(((hash + 1) << 24) | 0x800000, number, number + laneCount)
      compress(nextBlock, 0, keyStates, result)
      this.#macRest(keyStates, lastBlock, nextBlock)
      accumulate(nextBlock, sums + hash * lanesStateLength)
    }
  }

  /** HMAC of a message of one block, whose key is kept as two states. */
  #mac(states: number, block: number, to: number): void {
    const { compress } = this.#lanes
    compress(block, 0, states, hashBlock)
    compress(hashBlock, 0, states + lanesStateLength, to)
  }

  /** The same from the last block of a message on. */
  #macRest(states: number, block: number, to: number): void {
    const { compress } = this.#lanes
    compress(block, 0, result, hashBlock)
    compress(hashBlock, 0, states + lanesStateLength, to)
  }

  /** Keeps the key in the block of keys, 32 bytes, as the states after its two pads. */
  #setKey(states: number): void {
    const { compress } = this.#lanes
    compress(keyBlock, innerPad, lanesInitialState, states)
    compress(keyBlock, outerPad, lanesInitialState, states + lanesStateLength)
  }

  /** What the lanes have added up: each has the sums of its own items. */
  #total(): Uint16Array {
    const { words } = this.#lanes
    const total = new Uint16Array(2 * hashesOfItem * stateWords)
    for (let word = 0; word < hashesOfItem * stateWords; word++) {
      for (let lane = 0; lane < laneCount; lane++) {
        const sum = words[lanesWord(sums, word, lane)] as number
        total[2 * word] = (total[2 * word] as number) + sum
        total[2 * word + 1] = (total[2 * word + 1] as number) + (sum >>> 16)
      }
    }
    return total
  }
}
