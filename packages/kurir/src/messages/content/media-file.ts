import { KurirError } from '../../errors/index.js'
import { copyMedia, type EncryptedFile, encryptMedia, type PreparedFile } from '../../media/encrypt-media.js'
import type { MediaType, MediaUploadResult, WAMediaUpload, WAMediaUploadFunction } from '../../media/media-types.js'
import type { MessageContentGenerationOptions } from './content-types.js'

/** The members that every message with a file has. */
export interface FileFields {
  url: string
  directPath: string
  fileSha256: Uint8Array
  fileLength: number
  mediaKey?: Uint8Array
  fileEncSha256?: Uint8Array
  mediaKeyTimestamp?: number
  streamingSidecar?: Uint8Array
}

/** A file that was uploaded. */
export interface UploadedFile<Details> {
  readonly fields: FileFields
  readonly result: MediaUploadResult
  readonly details: Details
}

export interface UploadJob<Details> {
  readonly media: WAMediaUpload
  readonly type: MediaType
  /** Where the plaintext can be read meanwhile: what is found out about the file. Never rejects. */
  readonly inspect?: (original: string | Uint8Array, file: PreparedFile | EncryptedFile) => Promise<Details>
  readonly isNewsletter: boolean
  readonly sidecar?: boolean
  readonly mediaKey?: Uint8Array | undefined
}

/** @throws KurirError `media-upload-unavailable` (400) */
export function uploaderOf({ upload }: MessageContentGenerationOptions): WAMediaUploadFunction {
  if (upload !== undefined) return upload
  throw new KurirError('media-upload-unavailable', 'Media needs the option `upload`: sockets have it', {
    statusCode: 400,
  })
}

/**
 * Encrypts and uploads a file, for channels unencrypted, and looks into it meanwhile. Temporary files are gone when this
 * is over, however it ends.
 *
 * @throws KurirError `media-upload-unavailable`; as `encryptMedia`, and as the upload function
 */
export async function uploadFile<Details>(
  job: UploadJob<Details>,
  options: MessageContentGenerationOptions,
): Promise<UploadedFile<Details | undefined>> {
  const upload = uploaderOf(options)
  const { media, type, inspect, isNewsletter } = job
  const source = {
    options: options.options,
    agent: options.agent,
    allowPrivateAddresses: options.allowPrivateAddresses,
    signal: options.signal,
  }
  const hasBytes = media instanceof Uint8Array
  const keepOriginal = inspect !== undefined && !hasBytes
  const keyType = options.mediaTypeOverride ?? type
  const file = isNewsletter
    ? await copyMedia(media, source)
    : await encryptMedia(media, keyType, { ...source, keepOriginal, sidecar: job.sidecar, mediaKey: job.mediaKey })
  try {
    const original = hasBytes ? media : file.originalPath
    const sent = isEncrypted(file) ? file.fileEncSha256 : file.fileSha256
    const [result, details] = await Promise.all([
      upload(file.path, {
        fileEncSha256B64: sent.toString('base64'),
        mediaType: keyType,
        timeoutMs: options.mediaUploadTimeoutMs,
        signal: options.signal,
        onProgress: options.onUploadProgress,
        ...(isNewsletter ? { newsletter: true } : {}),
      }),
      original === undefined ? undefined : inspect?.(original, file),
    ])
    return { fields: fieldsOf(file, result, options.now ?? Date.now()), result, details }
  } finally {
    await file.discard()
  }
}

export function isEncrypted(file: PreparedFile | EncryptedFile): file is EncryptedFile {
  return 'mediaKey' in file
}

function fieldsOf(file: PreparedFile | EncryptedFile, result: MediaUploadResult, now: number): FileFields {
  const { fileSha256, fileLength } = file
  const fields: FileFields = { url: result.mediaUrl, directPath: result.directPath, fileSha256, fileLength }
  if (!isEncrypted(file)) return fields
  fields.mediaKey = file.mediaKey
  fields.fileEncSha256 = file.fileEncSha256
  fields.mediaKeyTimestamp = Math.floor(now / 1000)
  if (file.streamingSidecar !== undefined) fields.streamingSidecar = file.streamingSidecar
  return fields
}
