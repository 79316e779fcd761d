import { KurirError } from 'kurir/errors'
import { expandMediaKey, type MediaType } from 'kurir/media'
import { normalizeMessageContent } from 'kurir/messages'
import type { proto } from 'kurir/proto'
import { checkedMedia, decryptedMedia, encryptedMedia } from '../media/media-crypt.js'
import type { MediaHost } from '../media/media-host.js'
import type { SeededRandom } from '../random.js'

/** Bytes, or pieces as they come: files of any size need no more memory than a piece. */
export type PhoneFile = Uint8Array | AsyncIterable<Uint8Array>

/** Kinds of media messages. */
export type PhoneMediaKind = 'image' | 'video' | 'gif' | 'ptv' | 'audio' | 'ptt' | 'document' | 'sticker'

/** Where an uploaded file is and how to open it, in the names of media messages. */
export interface UploadedFile {
  readonly url: string
  readonly directPath: string
  readonly mediaKey: Uint8Array
  readonly fileSha256: Uint8Array
  readonly fileEncSha256: Uint8Array
  /** Bytes of plaintext. */
  readonly fileLength: number
}

interface Kind {
  readonly field: 'imageMessage' | 'videoMessage' | 'ptvMessage' | 'audioMessage' | 'documentMessage' | 'stickerMessage'
  readonly mimetype: string
  readonly flags?: Readonly<Record<string, boolean>>
}

const KINDS: Readonly<Record<PhoneMediaKind, Kind>> = {
  image: { field: 'imageMessage', mimetype: 'image/jpeg' },
  video: { field: 'videoMessage', mimetype: 'video/mp4' },
  gif: { field: 'videoMessage', mimetype: 'video/mp4', flags: { gifPlayback: true } },
  ptv: { field: 'ptvMessage', mimetype: 'video/mp4' },
  audio: { field: 'audioMessage', mimetype: 'audio/mp4' },
  ptt: { field: 'audioMessage', mimetype: 'audio/ogg; codecs=opus', flags: { ptt: true } },
  document: { field: 'documentMessage', mimetype: 'application/octet-stream' },
  sticker: { field: 'stickerMessage', mimetype: 'image/webp' },
}

/** Encrypts a file, or leaves it plain for a channel, and puts it on the media host. */
export const uploadFile = async (
  host: MediaHost,
  random: SeededRandom,
  type: MediaType,
  file: PhoneFile,
): Promise<UploadedFile> => {
  const mediaKey = random.bytes(32)
  const encrypted = encryptedMedia(pieces(file), expandMediaKey(mediaKey, type))
  const stored = await host.put(type, encrypted.file)
  return { url: host.urlOf(stored), directPath: stored.directPath, mediaKey, ...encrypted.digest() }
}

/** The message that offers an uploaded file; `fields` are those of its protobuf and go before what is usual. */
export const mediaMessage = (
  kind: PhoneMediaKind,
  { fileLength, ...uploaded }: Omit<UploadedFile, 'mediaKey' | 'fileEncSha256'> & Partial<UploadedFile>,
  fields: Readonly<Record<string, unknown>>,
  now?: number,
): proto.IMessage => {
  const { field, mimetype, flags } = KINDS[kind]
  // Files of channels have no key.
  const time = now === undefined ? {} : { mediaKeyTimestamp: Math.floor(now / 1000) }
  const content = { mimetype, ...flags, ...uploaded, fileLength, ...time, ...fields }
  return { [field]: content }
}

/** The part of a message that names a file, and how its keys are made. */
export interface FilePart {
  readonly type: MediaType
  readonly directPath?: string | null | undefined
  readonly mediaKey?: Uint8Array | null | undefined
  readonly fileSha256?: Uint8Array | null | undefined
  readonly fileEncSha256?: Uint8Array | null | undefined
  readonly fileLength?: { toString(): string } | number | null | undefined
}

/** The file that a message offers; undefined when it offers none. */
export const filePartOf = (message: proto.IMessage): FilePart | undefined => {
  const content = normalizeMessageContent(message) ?? {}
  const { imageMessage, videoMessage, ptvMessage, audioMessage, documentMessage, stickerMessage } = content
  if (imageMessage != null) return { type: 'image', ...imageMessage }
  if (videoMessage != null) return { type: 'video', ...videoMessage }
  if (ptvMessage != null) return { type: 'ptv', ...ptvMessage }
  if (audioMessage != null) return { type: 'audio', ...audioMessage }
  if (documentMessage != null) return { type: 'document', ...documentMessage }
  if (stickerMessage != null) return { type: 'sticker', ...stickerMessage }
  if (content.stickerPackMessage != null) return { type: 'sticker-pack', ...content.stickerPackMessage }
  const productImage = content.productMessage?.product?.productImage
  if (productImage != null) return { type: 'image', ...productImage }
  return linkThumbnail(content.extendedTextMessage)
}

const linkThumbnail = (text: proto.Message.IExtendedTextMessage | null | undefined): FilePart | undefined =>
  text?.thumbnailDirectPath == null
    ? undefined
    : {
        type: 'thumbnail-link',
        directPath: text.thumbnailDirectPath,
        mediaKey: text.mediaKey,
        fileSha256: text.thumbnailSha256,
        fileEncSha256: text.thumbnailEncSha256,
      }

/**
 * The content of the file that a message offers, piece by piece and checked at its end.
 *
 * @throws KurirError `no-media`; `media-gone` with the status of the host; `media-content-invalid`
 */
export const downloadFile = (host: MediaHost, message: proto.IMessage): AsyncIterable<Buffer> => {
  const part = filePartOf(message)
  if (part === undefined) throw new KurirError('no-media', 'The message offers no file', { statusCode: 400 })
  const directPath = part.directPath ?? ''
  const stored = host.store.find(directPath)
  if (stored === undefined || stored.gone !== undefined) {
    throw new KurirError('media-gone', 'The file of the message is not on the media host', {
      statusCode: stored?.gone ?? 404,
      data: { directPath },
    })
  }
  const { fileSha256, fileEncSha256, mediaKey, type } = part
  const fileLength = part.fileLength == null ? undefined : Number(part.fileLength)
  const source = host.store.read(stored)
  if (mediaKey == null) return checkedMedia(source, { fileSha256, fileLength })
  return decryptedMedia(source, expandMediaKey(mediaKey, type), { fileSha256, fileEncSha256, fileLength })
}

async function* pieces(file: PhoneFile): AsyncGenerator<Uint8Array> {
  if (file instanceof Uint8Array) yield file
  else yield* file
}
