/**
 * The seeds of messages that a chain has passed over, waiting for those messages to arrive late: a sorted byte string
 * of 36-byte entries, counter (big-endian) and seed. Kept as bytes because a record is stored far more often than a
 * skipped seed is used: storing is one copy, loading is none.
 */
export type SkippedKeys = Uint8Array

export const skippedKeyLength = 36
const seedLength = 32

/** Skipped seeds kept per chain; the oldest go first (docs/protocol/02 §2.5, §3.3). */
export const skippedKeyLimit = 2000

export const noSkippedKeys: SkippedKeys = new Uint8Array(0)

export function skippedKeyCount(keys: SkippedKeys): number {
  return keys.byteLength / skippedKeyLength
}

/** The seed of a message, sharing memory with `keys`. */
export function findSkippedKey(keys: SkippedKeys, counter: number): Uint8Array | undefined {
  const index = indexOf(keys, counter)
  if (index < 0) return undefined
  const start = index * skippedKeyLength + 4
  return keys.subarray(start, start + seedLength)
}

export function withoutSkippedKey(keys: SkippedKeys, counter: number): SkippedKeys {
  const index = indexOf(keys, counter)
  if (index < 0) return keys
  const remaining = keys.byteLength - skippedKeyLength
  if (remaining === 0) return noSkippedKeys
  const start = index * skippedKeyLength
  const result = new Uint8Array(remaining)
  result.set(keys.subarray(0, start))
  result.set(keys.subarray(start + skippedKeyLength), start)
  return result
}

/** Appends seeds for the counters from `firstCounter` on, which all exceed those in `keys`. */
export function appendSkippedKeys(keys: SkippedKeys, firstCounter: number, seeds: readonly Uint8Array[]): SkippedKeys {
  if (seeds.length === 0) return keys
  const kept = newestSkippedKeys(keys, Math.max(skippedKeyLimit - seeds.length, 0))
  const result = new Uint8Array(kept.byteLength + seeds.length * skippedKeyLength)
  result.set(kept)
  let offset = kept.byteLength
  let counter = firstCounter
  for (const seed of seeds) {
    writeCounter(result, counter++, offset)
    result.set(seed, offset + 4)
    offset += skippedKeyLength
  }
  return result
}

/** The newest `count` entries, sharing memory with `keys`. */
export function newestSkippedKeys(keys: SkippedKeys, count: number): SkippedKeys {
  const excess = keys.byteLength - count * skippedKeyLength
  return excess <= 0 ? keys : keys.subarray(excess)
}

/** Builds the sorted form of entries in any order. Entries whose seed has not 32 bytes are the caller's mistake. */
export function skippedKeysFrom(
  entries: readonly { readonly counter: number; readonly seed: Uint8Array }[],
): SkippedKeys {
  const byCounter = new Map(entries.map(entry => [entry.counter, entry.seed]))
  const counters = [...byCounter.keys()].sort((left, right) => left - right).slice(-skippedKeyLimit)
  const result = new Uint8Array(counters.length * skippedKeyLength)
  counters.forEach((counter, index) => {
    const seed = byCounter.get(counter)
    if (seed === undefined) return
    writeCounter(result, counter, index * skippedKeyLength)
    result.set(seed, index * skippedKeyLength + 4)
  })
  return result
}

/** The entries in ascending order of their counters; seeds share memory with `keys`. */
export function skippedKeyEntries(keys: SkippedKeys): { counter: number; seed: Uint8Array }[] {
  const entries: { counter: number; seed: Uint8Array }[] = []
  for (let offset = 0; offset < keys.byteLength; offset += skippedKeyLength) {
    entries.push({ counter: readCounter(keys, offset), seed: keys.subarray(offset + 4, offset + skippedKeyLength) })
  }
  return entries
}

/** True when the bytes have the form described above. */
export function areSkippedKeysSorted(keys: Uint8Array): boolean {
  if (keys.byteLength % skippedKeyLength !== 0) return false
  for (let offset = skippedKeyLength; offset < keys.byteLength; offset += skippedKeyLength) {
    if (readCounter(keys, offset - skippedKeyLength) >= readCounter(keys, offset)) return false
  }
  return true
}

function indexOf(keys: SkippedKeys, counter: number): number {
  let low = 0
  let high = skippedKeyCount(keys) - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const found = readCounter(keys, middle * skippedKeyLength)
    if (found === counter) return middle
    if (found < counter) low = middle + 1
    else high = middle - 1
  }
  return -1
}

function readCounter(keys: SkippedKeys, offset: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [keys[offset], keys[offset + 1], keys[offset + 2], keys[offset + 3]]
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}

function writeCounter(target: Uint8Array, counter: number, offset: number): void {
  target[offset] = counter >>> 24
  target[offset + 1] = counter >>> 16
  target[offset + 2] = counter >>> 8
  target[offset + 3] = counter
}
