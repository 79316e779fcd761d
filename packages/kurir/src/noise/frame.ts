import { KurirError } from '../errors/index.js'

/** Bytes of the length in front of each frame. */
export const frameHeaderLength = 3
/** The longest body that the length can express: 16,777,215 bytes. */
export const largestFrameBody = 2 ** 24 - 1

/**
 * One frame around the body: its length in three bytes, big-endian, and the bytes (`docs/protocol/01` §1.2).
 *
 * @throws KurirError `noise-frame-empty`, `noise-frame-too-large`
 */
export function encodeFrame(body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderLength + checkedLength(body.byteLength, largestFrameBody))
  frame.writeUIntBE(body.byteLength, 0, frameHeaderLength)
  frame.set(body, frameHeaderLength)
  return frame
}

/** The length itself, when it is a possible one for a frame body. */
export function checkedLength(length: number, limit: number): number {
  if (length === 0) {
    throw new KurirError('noise-frame-empty', 'A frame cannot be empty', { statusCode: 400 })
  }
  if (length > limit) {
    throw new KurirError('noise-frame-too-large', 'The frame is longer than allowed', {
      statusCode: 413,
      data: { length, limit },
    })
  }
  return length
}

/** The error of everything that is asked of a stream after its first failure. */
export function streamBroken(): KurirError {
  return new KurirError('noise-stream-broken', 'The stream failed earlier and cannot go on; reconnect', {
    statusCode: 428,
    retryable: true,
  })
}
