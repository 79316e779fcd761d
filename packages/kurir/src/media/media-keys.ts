import { hkdf } from '../crypto/hkdf.js'
import { KurirError } from '../errors/kurir-error.js'
import { hkdfInfoKey, type MediaType } from './media-kinds.js'

/** Bytes of a media key; expanded to 112 bytes. */
export const mediaKeyLength = 32
const expandedLength = 112

/** The keys of one file. */
export interface MediaKeys {
  readonly iv: Buffer
  readonly cipherKey: Buffer
  readonly macKey: Buffer
  /** Not used by any client. */
  readonly refKey: Buffer
}

/**
 * Expands a media key (docs/protocol/03, 7.2).
 *
 * @throws KurirError `invalid-media-key` (400) for an empty key
 */
export function expandMediaKey(mediaKey: Uint8Array, type: MediaType): MediaKeys {
  if (mediaKey.byteLength === 0) throw invalidMediaKey('Cannot derive from empty media key')
  const expanded = hkdf(mediaKey, expandedLength, { info: hkdfInfoKey(type) })
  return {
    iv: expanded.subarray(0, 16),
    cipherKey: expanded.subarray(16, 48),
    macKey: expanded.subarray(48, 80),
    refKey: expanded.subarray(80, 112),
  }
}

/**
 * Expands a media key as bytes or as base64, with or without `data:;base64,` before it.
 *
 * @throws KurirError `invalid-media-key` (400) for an empty key
 */
export async function getMediaKeys(
  buffer: string | Uint8Array | null | undefined,
  mediaType: MediaType,
): Promise<{ iv: Buffer; cipherKey: Buffer; macKey: Buffer }> {
  if (!buffer) throw invalidMediaKey('Cannot derive from empty media key')
  const mediaKey = typeof buffer === 'string' ? Buffer.from(buffer.replace(/^data:;base64,/, ''), 'base64') : buffer
  const { iv, cipherKey, macKey } = expandMediaKey(mediaKey, mediaType)
  return { iv, cipherKey, macKey }
}

export function invalidMediaKey(message: string): KurirError {
  return new KurirError('invalid-media-key', message, { statusCode: 400 })
}
