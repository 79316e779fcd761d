import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, largestFrameBody } from './frame.js'
import { FrameReader } from './frame-reader.js'

const code = (value: string) => expect.objectContaining({ code: value })

/** Cuts the bytes at the given places and feeds the pieces one by one. */
function readInPieces(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const reader = new FrameReader()
  const borders = [0, ...cuts.map(cut => cut % (stream.byteLength + 1)).sort((a, b) => a - b), stream.byteLength]
  const frames = borders.slice(1).flatMap((end, index) => reader.push(stream.subarray(borders[index], end)))
  expect(reader.buffered).toBe(0)
  return frames
}

describe('encodeFrame', () => {
  it('puts the length in three bytes in front', () => {
    expect(encodeFrame(Buffer.of(9)).toString('hex')).toBe('00000109')
    expect(encodeFrame(Buffer.alloc(0x012345)).subarray(0, 3).toString('hex')).toBe('012345')
    expect(encodeFrame(Buffer.alloc(largestFrameBody)).subarray(0, 3).toString('hex')).toBe('ffffff')
  })

  it('refuses bodies of 2^24 bytes and of none (docs/protocol/01 §1.2)', () => {
    expect(() => encodeFrame(Buffer.alloc(2 ** 24))).toThrowError(code('noise-frame-too-large'))
    expect(() => encodeFrame(Buffer.alloc(0))).toThrowError(code('noise-frame-empty'))
  })
})

describe('FrameReader', () => {
  it('finds the same frames however the stream is cut', () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 600 }), { maxLength: 12 })
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(), { maxLength: 40 }), (expected, cuts) => {
        const frames = readInPieces(Buffer.concat(expected.map(encodeFrame)), cuts)
        expect(frames).toEqual(expected.map(body => Buffer.from(body)))
      }),
    )
  })

  it('finds frames of a stream that comes byte by byte', () => {
    const expected = [Buffer.alloc(1, 1), Buffer.alloc(300, 2), Buffer.alloc(70_000, 3)]
    const reader = new FrameReader()
    const frames: Buffer[] = []
    for (const byte of Buffer.concat(expected.map(encodeFrame))) frames.push(...reader.push(Uint8Array.of(byte)))
    expect(frames.map(frame => frame.byteLength)).toEqual([1, 300, 70_000])
    expect(Buffer.concat(frames).equals(Buffer.concat(expected))).toBe(true)
  })

  it('does not confuse frames that were returned with those that follow', () => {
    const reader = new FrameReader()
    const stream = Buffer.concat([encodeFrame(Buffer.alloc(50, 1)), encodeFrame(Buffer.alloc(50, 2))])
    reader.push(stream.subarray(0, 20))
    const [first] = reader.push(stream.subarray(20, 60))
    const [second] = reader.push(stream.subarray(60))
    expect(first).toEqual(Buffer.alloc(50, 1))
    expect(second).toEqual(Buffer.alloc(50, 2))
  })

  it('can hold the first frame to a lower limit than those behind it', () => {
    const long = encodeFrame(Buffer.alloc(2000, 1))
    const patient = new FrameReader({ firstFrameLimit: 1000 })
    expect(patient.push(Buffer.concat([encodeFrame(Buffer.alloc(1000)), long]))).toHaveLength(2)
    expect(() => new FrameReader({ firstFrameLimit: 1000 }).push(long)).toThrowError(code('noise-frame-too-large'))
    const inPieces = new FrameReader({ firstFrameLimit: 1000 })
    inPieces.push(long.subarray(0, 2))
    expect(() => inPieces.push(long.subarray(2))).toThrowError(code('noise-frame-too-large'))
  })

  it('does not reserve what a header only promises', () => {
    const reader = new FrameReader()
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 100 }, () => new FrameReader())
    for (const each of readers) each.push(Buffer.from('ffffff00', 'hex'))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24)
    expect(reader.push(Buffer.from('ffffff', 'hex'))).toEqual([])
    expect(reader.buffered).toBe(3)
  })

  it('takes the largest frame in small pieces in linear time', () => {
    const reader = new FrameReader()
    const piece = Buffer.alloc(1024, 5)
    reader.push(Buffer.from('ffffff', 'hex'))
    const frames: Buffer[] = []
    for (let sent = 0; sent < largestFrameBody; sent += piece.byteLength) {
      frames.push(...reader.push(piece.subarray(0, Math.min(piece.byteLength, largestFrameBody - sent))))
    }
    expect(frames.map(frame => frame.byteLength)).toEqual([largestFrameBody])
    expect(reader.buffered).toBe(0)
  })

  it('refuses an empty frame and everything after it (docs/protocol/01 §1.2)', () => {
    const whole = new FrameReader()
    expect(() => whole.push(Buffer.from('000000', 'hex'))).toThrowError(code('noise-frame-empty'))
    expect(() => whole.push(encodeFrame(Buffer.of(1)))).toThrowError(code('noise-stream-broken'))
    const split = new FrameReader()
    split.push(Buffer.of(0, 0))
    expect(() => split.push(Buffer.of(0))).toThrowError(code('noise-frame-empty'))
  })

  it('refuses a frame beyond its limit as soon as the header is there', () => {
    const reader = new FrameReader({ limit: 100 })
    expect(reader.push(encodeFrame(Buffer.alloc(100)))).toHaveLength(1)
    expect(() => reader.push(Buffer.of(0, 0, 101))).toThrowError(
      expect.objectContaining({ code: 'noise-frame-too-large', data: { length: 101, limit: 100 } }),
    )
    expect(() => reader.push(Buffer.of(1))).toThrowError(code('noise-stream-broken'))
  })

  it('accepts plain byte arrays and empty pieces', () => {
    const reader = new FrameReader()
    expect(reader.push(new Uint8Array(0))).toEqual([])
    const backing = new Uint8Array([9, 0, 0, 2, 7, 8, 9])
    expect(reader.push(backing.subarray(1, 6))).toEqual([Buffer.of(7, 8)])
  })
})
