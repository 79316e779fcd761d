import type { ILogger } from '../logger/logger.js'
import { copyMedia, encryptMedia } from './encrypt-media.js'
import type { MediaType, WAMediaUpload } from './media-types.js'

/*
 * The forms in which Baileys offers what the room does. They leave their temporary files to the caller.
 */

/** Encrypts a file into a temporary one; see `encryptMedia`. The caller removes `encFilePath`. */
export async function encryptedStream(
  media: WAMediaUpload,
  mediaType: MediaType,
  options: { saveOriginalFileIfRequired?: boolean; logger?: ILogger; opts?: RequestInit } = {},
): Promise<{
  mediaKey: Buffer
  originalFilePath: string | undefined
  encFilePath: string
  mac: Buffer
  fileEncSha256: Buffer
  fileSha256: Buffer
  fileLength: number
}> {
  const { mediaKey, path, originalPath, mac, fileEncSha256, fileSha256, fileLength } = await encryptMedia(
    media,
    mediaType,
    { keepOriginal: options.saveOriginalFileIfRequired, options: options.opts },
  )
  return {
    mediaKey,
    originalFilePath: originalPath,
    encFilePath: path,
    mac,
    fileEncSha256,
    fileSha256,
    fileLength,
  }
}

/** Copies a file into a temporary one; see `copyMedia`. The caller removes `filePath`. */
export async function getRawMediaUploadData(
  media: WAMediaUpload,
  _mediaType: MediaType,
  _logger?: ILogger,
): Promise<{ filePath: string; fileSha256: Buffer; fileLength: number }> {
  const { path, fileSha256, fileLength } = await copyMedia(media)
  return { filePath: path, fileSha256, fileLength }
}
