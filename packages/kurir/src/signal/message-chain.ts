import { chainStep, nextChainKey } from '../crypto/short-hmac.js'
import {
  appendSkippedKeys,
  findSkippedKey,
  noSkippedKeys,
  type SkippedKeys,
  skippedKeyEntries,
  skippedKeyLimit,
  skippedKeysFrom,
  withoutSkippedKey,
} from './skipped-keys.js'

/** How far ahead of what was read last a message may be, in a session and in a group (docs/protocol/02 §2.5, §3.3). */
export const jumpLimit = 25_000

/** Counters are 32-bit, and a chain names its next one: the last number is never used. */
export const counterLimit = 0xffff_ffff

/** A chain that messages are sent on: `next` is the number of the next message. */
export interface SendingChain {
  readonly key: Uint8Array
  readonly next: number
}

/** A chain that messages are read from. Without a key it is closed: only skipped seeds are left of it. */
export interface ReceivingChain {
  readonly key: Uint8Array | undefined
  readonly next: number
  readonly skipped: SkippedKeys
}

/** The outcome of looking for a message's seed; nothing changes until the caller keeps what `settle` returns. */
export type SeedLookup =
  | {
      readonly outcome: 'found'
      readonly seed: Uint8Array
      /** The chain after the message has been read: computed only for messages that prove genuine. */
      readonly settle: () => ReceivingChain
    }
  | { readonly outcome: 'duplicate-message' | 'message-too-far-ahead' | 'invalid-message' }

/** Finds the seed of message `counter`, ahead of the chain, next on it, or skipped before. */
export function lookUpSeed(chain: ReceivingChain, counter: number, limit = jumpLimit): SeedLookup {
  const { key, next, skipped } = chain
  if (counter < next) {
    const seed = findSkippedKey(skipped, counter)
    if (seed === undefined) return { outcome: 'duplicate-message' }
    return {
      outcome: 'found',
      seed,
      settle: () => ({ key, next, skipped: withoutSkippedKey(skipped, counter) }),
    }
  }
  // The sender said before that this chain ends earlier.
  if (key === undefined || counter >= counterLimit) return { outcome: 'invalid-message' }
  if (counter - next > limit) return { outcome: 'message-too-far-ahead' }
  const firstKept = Math.max(next, counter - skippedKeyLimit)
  const firstKeptKey = walk(key, firstKept - next)
  const { seed, nextKey } = chainStep(walk(firstKeptKey, counter - firstKept))
  return {
    outcome: 'found',
    seed,
    settle: () => ({
      key: nextKey,
      next: counter + 1,
      skipped: keepSeeds(skipped, firstKeptKey, firstKept, counter),
    }),
  }
}

/**
 * Ends a chain whose sender has moved on to another: the seeds of its messages up to `lastCounter` are kept, the chain
 * key is dropped. A gap beyond the limit keeps none of them.
 */
export function closeChain(chain: ReceivingChain, lastCounter: number): ReceivingChain {
  const { key, next, skipped } = chain
  const end = lastCounter + 1
  if (key === undefined || end <= next || end - next > jumpLimit || end > counterLimit)
    return { key: undefined, next, skipped }
  const firstKept = Math.max(next, end - skippedKeyLimit)
  return { key: undefined, next: end, skipped: keepSeeds(skipped, walk(key, firstKept - next), firstKept, end) }
}

/** The seeds of messages `first` … `end - 1` beside those that are kept already; `firstKey` is the chain key of the first. */
export function withEarlierSeeds(skipped: SkippedKeys, firstKey: Uint8Array, first: number, end: number): SkippedKeys {
  const firstKept = Math.max(first, end - skippedKeyLimit)
  const earlier = keepSeeds(noSkippedKeys, walk(firstKey, firstKept - first), firstKept, end)
  return skippedKeysFrom([...skippedKeyEntries(earlier), ...skippedKeyEntries(skipped)])
}

export function newReceivingChain(key: Uint8Array, next = 0): ReceivingChain {
  return { key, next, skipped: noSkippedKeys }
}

function walk(chainKey: Uint8Array, steps: number): Uint8Array {
  let key = chainKey
  for (let step = 0; step < steps; step++) key = nextChainKey(key)
  return key
}

/** Adds the seeds of messages `first` … `end - 1`; `firstKey` is the chain key of the first. */
function keepSeeds(skipped: SkippedKeys, firstKey: Uint8Array, first: number, end: number): SkippedKeys {
  if (first === end) return skipped
  const seeds: Uint8Array[] = []
  let key = firstKey
  for (let counter = first; counter < end; counter++) {
    const { seed, nextKey } = chainStep(key)
    seeds.push(seed)
    key = nextKey
  }
  return appendSkippedKeys(skipped, first, seeds)
}
