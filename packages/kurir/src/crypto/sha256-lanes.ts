import { initialWords, roundConstants } from './sha256-block.js'
import { assembleSha256Lanes, lanesLayout, vectorLength } from './sha256-lanes-wasm.js'
import { instantiate } from './wasm-module.js'

/** Messages that are hashed side by side. */
export const laneCount = 4
/** Bytes of the blocks, and of the states, of all lanes. */
export const lanesBlockLength = 16 * vectorLength
export const lanesStateLength = 8 * vectorLength

/**
 * SHA-256 over four messages at once, on memory of its own. Blocks and states are vectors of words (see
 * {@link lanesWord}); arguments are byte offsets.
 */
export interface Sha256Lanes {
  /** The whole memory, as words. */
  readonly words: Int32Array
  /** States `to` = states `from` after the blocks at `block`, each word combined with `mask` by exclusive or. */
  readonly compress: (block: number, mask: number, from: number, to: number) => void
  /** Adds the bytes of states, as little-endian numbers of 16 bits, to those at `sums`. */
  readonly accumulate: (state: number, sums: number) => void
}

/** States that hashing begins with lie here. */
export const lanesInitialState = lanesLayout.free
/** The memory from here on is free. */
export const lanesFreeMemory = lanesInitialState + lanesStateLength

/** Where in {@link Sha256Lanes.words} a word of a block or state is, for one lane. */
export const lanesWord = (offset: number, word: number, lane: number): number => (offset >> 2) + laneCount * word + lane

/** Undefined where WebAssembly, or its vector instructions, are not to be had. */
export function makeSha256Lanes(): Sha256Lanes | undefined {
  try {
    const { memory, compress, accumulate } = instantiate<Pick<Sha256Lanes, 'compress' | 'accumulate'>>(
      assembleSha256Lanes(),
    )
    const words = new Int32Array(memory.buffer)
    words.set(roundConstants, lanesLayout.constants >> 2)
    const lanes = { words, compress, accumulate }
    writeAllLanes(lanes, lanesInitialState, initialWords)
    return lanes
  } catch {
    return undefined
  }
}

/** Writes the same words into all lanes. */
export function writeAllLanes({ words }: Sha256Lanes, offset: number, source: ArrayLike<number>): void {
  for (let word = 0; word < source.length; word++) {
    words.fill(source[word] as number, lanesWord(offset, word, 0), lanesWord(offset, word + 1, 0))
  }
}
