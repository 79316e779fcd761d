import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MediaDecryptor, type MediaReader, PlainMediaReader } from './media-decryptor.js'
import { MediaEncryptor } from './media-encryptor.js'
import { encryptedLength } from './media-format.js'
import { expandMediaKey } from './media-keys.js'
import { firstFrameSidecar } from './sidecar.js'
import { mediaVectors, plaintextOf, plaintextOfVector, vectorMediaKey } from './testing/media-vectors.js'

const keys = expandMediaKey(vectorMediaKey, 'video')
const failed = (check: string) =>
  expect.objectContaining({ code: 'media-integrity-failed', data: expect.objectContaining({ check }) })

function encrypt(plaintext: Uint8Array, pieces: readonly number[] = []) {
  const encryptor = new MediaEncryptor(keys, { sidecar: true })
  const ciphertext = cut(plaintext, pieces).map(piece => encryptor.update(piece))
  const { rest, info } = encryptor.finish()
  return { file: Buffer.concat([...ciphertext, rest]), info }
}

function read(reader: MediaReader, file: Uint8Array, pieces: readonly number[] = []): Buffer {
  const content = cut(file, pieces).flatMap(piece => reader.update(piece))
  return Buffer.concat([...content, reader.finish()])
}

/** Bytes in pieces of these lengths; the rest in one. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let start = 0
  for (const length of lengths) {
    pieces.push(bytes.subarray(start, start + length))
    start += length
  }
  return [...pieces, bytes.subarray(start)]
}

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')
const pieceLengths = fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 20 })

describe('encrypted files (docs/protocol/03, 7.3 and 7.4)', () => {
  it.each(mediaVectors.files)('$mediaType of $plaintextLength bytes', vector => {
    const plaintext = plaintextOfVector(vector)
    const vectorKeys = expandMediaKey(vectorMediaKey, vector.mediaType)
    const encryptor = new MediaEncryptor(vectorKeys, { sidecar: true })
    const head = encryptor.update(plaintext)
    const { rest, info } = encryptor.finish()
    const file = Buffer.concat([head, rest])
    if (vector.encryptedFileHex !== undefined) expect(hex(file)).toBe(vector.encryptedFileHex)
    expect(file.byteLength).toBe(vector.encryptedLength)
    expect(encryptedLength(plaintext.byteLength)).toBe(vector.encryptedLength)
    expect(hex(info.mac)).toBe(vector.mac10)
    expect(hex(info.fileSha256)).toBe(vector.fileSha256)
    expect(hex(info.fileEncSha256)).toBe(vector.fileEncSha256)
    expect(hex(info.streamingSidecar)).toBe(vector.streamingSidecar)
    expect(info.fileLength).toBe(vector.plaintextLength)
    if (vector.firstFrameLength !== undefined) {
      expect(hex(firstFrameSidecar(vectorKeys, file, vector.firstFrameLength))).toBe(vector.firstFrameSidecar)
    }
    expect(read(new MediaDecryptor(vectorKeys, info), file)).toEqual(plaintext)
  })

  it('are the same however the plaintext is cut, and so is what they decrypt to', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200_000 }), pieceLengths, pieceLengths, (length, pieces, otherPieces) => {
        const plaintext = plaintextOf(length)
        const whole = encrypt(plaintext)
        const cutUp = encrypt(plaintext, pieces)
        expect(cutUp.file.equals(whole.file)).toBe(true)
        expect(cutUp.info).toEqual(whole.info)
        expect(read(new MediaDecryptor(keys, whole.info), whole.file, otherPieces).equals(plaintext)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('have a sidecar whatever lies at the edge of a piece', () => {
    for (const length of [65_520, 65_521, 65_535, 65_536, 65_537, 131_056, 131_072]) {
      const { file, info } = encrypt(plaintextOf(length), [1, 65_535, 16, 17])
      const all = Buffer.concat([keys.iv, file])
      const pieces = Math.ceil((all.byteLength - 16) / 65_536)
      expect(info.streamingSidecar?.byteLength).toBe(pieces * 10)
    }
  })
})

describe('files that are not what the message says', () => {
  const { file, info } = encrypt(plaintextOf(1000))

  it('are refused when any byte differs, whether hashes are known or not', () => {
    for (let index = 0; index < file.byteLength; index += 1) {
      const changed = Buffer.from(file)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(() => read(new MediaDecryptor(keys, info), changed)).toThrow(failed('file-hash'))
      expect(() => read(new MediaDecryptor(keys), changed)).toThrow(failed('mac'))
    }
  })

  it('are refused when cut short or continued', () => {
    for (const length of [0, 1, 9, 10]) {
      expect(() => read(new MediaDecryptor(keys), file.subarray(0, length))).toThrow(failed('length'))
    }
    expect(() => read(new MediaDecryptor(keys, info), file.subarray(0, 500))).toThrow(failed('length'))
    expect(() => read(new MediaDecryptor(keys), file.subarray(0, 500))).toThrow(failed('mac'))
    expect(() => read(new MediaDecryptor(keys), Buffer.concat([file, Buffer.alloc(16)]))).toThrow(failed('mac'))
  })

  it('are refused as soon as they are too long, before the rest is read', () => {
    const decryptor = new MediaDecryptor(keys, info)
    decryptor.update(file)
    expect(() => decryptor.update(Buffer.alloc(1))).toThrow(failed('length'))
    expect(() => new MediaDecryptor(keys, { maxLength: 100 }).update(file)).toThrow(
      expect.objectContaining({ code: 'media-too-large', output: expect.objectContaining({ statusCode: 413 }) }),
    )
  })

  it('are refused with the keys of another kind, and with another content hash', () => {
    expect(() => read(new MediaDecryptor(expandMediaKey(vectorMediaKey, 'image')), file)).toThrow(failed('mac'))
    const expected = { fileSha256: Buffer.alloc(32) }
    expect(() => read(new MediaDecryptor(keys, expected), file)).toThrow(failed('content-hash'))
  })

  it('are not decrypted without a MAC key', () => {
    const { iv, cipherKey } = keys
    expect(() => new MediaDecryptor({ iv, cipherKey })).toThrow(expect.objectContaining({ code: 'invalid-media-key' }))
  })

  it('are refused unencrypted too, by their hash and length', () => {
    const plaintext = plaintextOf(1000)
    const { fileSha256 } = info
    expect(read(new PlainMediaReader({ fileSha256, fileLength: 1000 }), plaintext, [1, 500])).toEqual(plaintext)
    const changed = Buffer.from(plaintext)
    changed[7] = 0
    expect(() => read(new PlainMediaReader({ fileSha256 }), changed)).toThrow(failed('content-hash'))
    expect(() => read(new PlainMediaReader({ fileLength: 1001 }), plaintext)).toThrow(failed('length'))
    expect(() => read(new PlainMediaReader({ fileLength: 999 }), plaintext)).toThrow(failed('length'))
    expect(() => read(new PlainMediaReader({ maxLength: 999 }), plaintext)).toThrow(
      expect.objectContaining({ code: 'media-too-large' }),
    )
  })
})
