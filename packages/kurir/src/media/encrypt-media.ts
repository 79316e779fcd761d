import { createHash } from 'node:crypto'
import { randomBytes } from '../crypto/random.js'
import { type EncryptedMediaInfo, MediaEncryptor } from './media-encryptor.js'
import { expandMediaKey, mediaKeyLength } from './media-keys.js'
import { type MediaSourceOptions, openSource } from './media-source.js'
import type { MediaType, WAMediaUpload } from './media-types.js'
import { TemporaryFiles } from './temporary-file.js'

/** A file that waits on disk to be uploaded. */
export interface PreparedFile {
  /** What is to be uploaded. */
  readonly path: string
  /** Where the plaintext can be read, if it was asked for or lies there anyway. */
  readonly originalPath: string | undefined
  readonly fileSha256: Buffer
  /** Bytes of plaintext. */
  readonly fileLength: number
  /** Removes what was made here; the program's own file stays. Never rejects. */
  readonly discard: () => Promise<void>
}

export interface EncryptedFile extends PreparedFile, EncryptedMediaInfo {
  readonly mediaKey: Buffer
}

export interface EncryptMediaOptions extends MediaSourceOptions {
  /** Keeps the plaintext on disk too. */
  readonly keepOriginal?: boolean | undefined
  readonly sidecar?: boolean | undefined
  /** 32 bytes; random when absent. */
  readonly mediaKey?: Uint8Array | undefined
}

/**
 * Encrypts a file into a temporary one, in one pass with constant memory: its hash has to be known before the upload
 * begins. Nothing stays on disk when it fails.
 *
 * @throws KurirError as `openSource`
 */
export async function encryptMedia(
  media: WAMediaUpload,
  type: MediaType,
  options: EncryptMediaOptions = {},
): Promise<EncryptedFile> {
  const mediaKey = Buffer.from(options.mediaKey ?? randomBytes(mediaKeyLength))
  const encryptor = new MediaEncryptor(expandMediaKey(mediaKey, type), { sidecar: options.sidecar === true })
  const source = await openSource(media, options)
  const files = new TemporaryFiles()
  try {
    const encrypted = await files.create('encrypted')
    const original = options.keepOriginal && source.path === undefined ? await files.create('original') : undefined
    for await (const chunk of source.chunks) {
      const ciphertext = encryptor.update(chunk)
      if (original !== undefined) await original.write(Buffer.from(chunk))
      await encrypted.write(ciphertext)
    }
    const { rest, info } = encryptor.finish()
    await encrypted.write(rest)
    await files.close()
    const originalPath = options.keepOriginal ? (source.path ?? original?.path) : undefined
    return { ...info, mediaKey, path: encrypted.path, originalPath, discard: () => files.discard() }
  } catch (error) {
    source.close()
    await files.discard()
    throw error
  }
}

/**
 * Copies a file into a temporary one, unencrypted, as channels and profile pictures need it.
 *
 * @throws KurirError as `openSource`
 */
export async function copyMedia(media: WAMediaUpload, options: MediaSourceOptions = {}): Promise<PreparedFile> {
  const source = await openSource(media, options)
  const files = new TemporaryFiles()
  try {
    const copy = await files.create('plain')
    const hash = createHash('sha256')
    let fileLength = 0
    for await (const chunk of source.chunks) {
      hash.update(chunk)
      fileLength += chunk.byteLength
      await copy.write(Buffer.from(chunk))
    }
    await files.close()
    const discard = () => files.discard()
    return { path: copy.path, originalPath: copy.path, fileSha256: hash.digest(), fileLength, discard }
  } catch (error) {
    source.close()
    await files.discard()
    throw error
  }
}
