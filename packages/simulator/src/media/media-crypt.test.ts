import { expandMediaKey, type MediaType } from 'kurir/media'
import { describe, expect, it } from 'vitest'
import { readVectors } from '../testing/vectors.js'
import { checkedMedia, decryptedMedia, encryptedMedia } from './media-crypt.js'

interface FileVector {
  readonly mediaType: MediaType
  readonly plaintextLength: number
  readonly plaintext: { readonly hex?: string }
  readonly encryptedFileHex?: string
  readonly fileSha256: string
  readonly fileEncSha256: string
}

const vectors = readVectors<{ mediaKeyHex: string; files: FileVector[] }>('03-media-crypto.json')
const mediaKey = Buffer.from(vectors.mediaKeyHex, 'hex')
const written = vectors.files.filter(file => file.plaintext.hex !== undefined && file.encryptedFileHex !== undefined)

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

const collect = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('encrypted files', () => {
  it.each([1, 7, 16, 64, 100_000])('are those of the vectors, in pieces of %i bytes', async size => {
    expect(written.length).toBeGreaterThan(3)
    for (const { mediaType, plaintext, encryptedFileHex = '', fileSha256, fileEncSha256 } of written) {
      const keys = expandMediaKey(mediaKey, mediaType)
      const content = Buffer.from(plaintext.hex ?? '', 'hex')
      const { file, digest } = encryptedMedia(inPieces(content, size), keys)
      expect((await collect(file)).toString('hex')).toBe(encryptedFileHex)
      expect(digest().fileSha256.toString('hex')).toBe(fileSha256)
      expect(digest().fileEncSha256.toString('hex')).toBe(fileEncSha256)
      expect(digest().fileLength).toBe(content.length)
      const encrypted = Buffer.from(encryptedFileHex, 'hex')
      const opened = decryptedMedia(inPieces(encrypted, size), keys, digest())
      expect((await collect(opened)).equals(content)).toBe(true)
    }
  })

  it('are refused with any other byte, and when they are cut', async () => {
    const keys = expandMediaKey(mediaKey, 'image')
    const encrypted = await collect(encryptedMedia(inPieces(Buffer.alloc(100, 1), 9), keys).file)
    const open = (file: Buffer) => collect(decryptedMedia(inPieces(file, 50), keys, {}))
    for (let index = 0; index < encrypted.length; index += 1) {
      const damaged = Buffer.from(encrypted)
      damaged.writeUInt8(damaged.readUInt8(index) ^ 1, index)
      await expect(open(damaged)).rejects.toMatchObject({ code: 'media-content-invalid', data: { check: 'mac' } })
    }
    for (const length of [0, 5, 10, 26]) {
      await expect(open(encrypted.subarray(0, length))).rejects.toMatchObject({ code: 'media-content-invalid' })
    }
  })

  it('have no digest before they were read', () => {
    expect(() => encryptedMedia(inPieces(Buffer.alloc(1), 1), expandMediaKey(mediaKey, 'image')).digest()).toThrow()
  })
})

describe('plain files of channels', () => {
  it('are checked by hash and length', async () => {
    const read = (expected: object) => collect(checkedMedia(inPieces(Buffer.from('plain'), 2), expected))
    expect((await read({ fileLength: 5 })).toString()).toBe('plain')
    await expect(read({ fileLength: 4 })).rejects.toMatchObject({ data: { check: 'length' } })
    await expect(read({ fileSha256: Buffer.alloc(32) })).rejects.toMatchObject({ data: { check: 'content hash' } })
  })
})
