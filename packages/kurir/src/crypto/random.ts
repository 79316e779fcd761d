import { randomFillSync, timingSafeEqual } from 'node:crypto'

const poolSize = 4096
/** Requests above this size bypass the pool: one system call for them costs less than refilling it. */
const largestPooledRequest = 256

const pool = Buffer.alloc(poolSize)
let used = poolSize

/**
 * Cryptographically strong random bytes, synchronously and without a system call for each request. The bytes are
 * copied out of the pool and erased there, so no two callers ever share memory and a later reader of the pool cannot
 * learn what was handed out.
 *
 * @param length number of bytes, 0 or more
 */
export function randomBytes(length: number): Buffer {
  const result = Buffer.alloc(length)
  fillRandom(result, 0, length)
  return result
}

/** {@link randomBytes} into memory that is there already: `length` bytes from `offset` on. */
export function fillRandom(target: Uint8Array, offset: number, length: number): void {
  if (length > largestPooledRequest) {
    randomFillSync(target, offset, length)
    return
  }
  if (used + length > poolSize) {
    randomFillSync(pool)
    used = 0
  }
  pool.copy(target, offset, used, used + length)
  pool.fill(0, used, used + length)
  used += length
}

/**
 * A uniformly distributed integer in `[minimum, limit)`. The span may be at most 2^48.
 *
 * @throws RangeError when the bounds are not integers, empty or too far apart
 */
export function randomInt(minimum: number, limit: number): number {
  const span = limit - minimum
  if (!Number.isSafeInteger(minimum) || !Number.isSafeInteger(limit) || span < 1 || span > 2 ** 48) {
    throw new RangeError('randomInt needs integer bounds with a span of 1 to 2^48')
  }
  // Values in the incomplete last multiple of the span would make small results more likely: draw again.
  const acceptBelow = 2 ** 48 - (2 ** 48 % span)
  for (;;) {
    const value = randomBytes(6).readUIntBE(0, 6)
    if (value < acceptBelow) return minimum + (value % span)
  }
}

/** Compares without leaking where the difference lies; arrays of different length are unequal. */
export function constantTimeEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && timingSafeEqual(left, right)
}
