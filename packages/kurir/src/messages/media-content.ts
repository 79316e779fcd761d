import { KurirError } from '../errors/index.js'
import type { DownloadableMessage, MediaType } from '../media/media-types.js'
import type { proto } from '../proto/index.js'
import type { WAGenericMediaMessage } from './content-aliases.js'
import { extractMessageContent, getContentType } from './content-type.js'

/** The file of a message: how its keys are derived, and the part of the message that names it. */
export interface MediaOfMessage {
  readonly type: MediaType
  readonly file: DownloadableMessage
  /** What a new upload changes: absent for files that belong to something else, such as thumbnails. */
  readonly holder: MediaHolder | undefined
}

/** The member of a message that holds a file. Changed in place when the file has a new home. */
export interface MediaHolder {
  url?: string | null | undefined
  directPath?: string | null | undefined
  mediaKey?: Uint8Array | null | undefined
}

type Content = proto.IMessage

/** Members of a message that hold a file of their own, and the kinds of the files (docs/protocol/03, 3.5). */
const holders: readonly (readonly [
  MediaType,
  (content: Content) => (DownloadableMessage & MediaHolder) | null | undefined,
])[] = [
  ['image', ({ imageMessage }) => imageMessage],
  ['video', ({ videoMessage }) => videoMessage],
  ['ptv', ({ ptvMessage }) => ptvMessage],
  ['audio', ({ audioMessage }) => audioMessage],
  ['document', ({ documentMessage }) => documentMessage],
  ['sticker', ({ stickerMessage }) => stickerMessage],
  ['sticker-pack', ({ stickerPackMessage }) => stickerPackMessage],
  ['image', ({ productMessage }) => productMessage?.product?.productImage],
  ['image', ({ interactiveMessage }) => interactiveMessage?.header?.imageMessage],
  ['video', ({ interactiveMessage }) => interactiveMessage?.header?.videoMessage],
  ['document', ({ interactiveMessage }) => interactiveMessage?.header?.documentMessage],
]

/**
 * The file of a message, wrappers and business shells taken off; for a text with a link preview, the preview's picture.
 *
 * @throws KurirError `no-message-content` (400) for a message without content, `not-a-media-message` (400)
 */
export function mediaOfMessage(message: proto.IMessage | null | undefined): MediaOfMessage {
  const content = extractMessageContent(message)
  if (content === undefined) {
    throw new KurirError('no-message-content', 'No message present', { statusCode: 400 })
  }
  for (const [type, holderOf] of holders) {
    const holder = holderOf(content)
    if (holder) return { type, file: holder, holder }
  }
  const preview = content.extendedTextMessage
  if (preview?.thumbnailDirectPath) {
    const { thumbnailDirectPath, mediaKey, thumbnailSha256, thumbnailEncSha256 } = preview
    const file = {
      directPath: thumbnailDirectPath,
      mediaKey,
      fileSha256: thumbnailSha256,
      fileEncSha256: thumbnailEncSha256,
    }
    return { type: 'thumbnail-link', file, holder: undefined }
  }
  throw notMedia(getContentType(content))
}

function notMedia(contentType: string | undefined): KurirError {
  return new KurirError('not-a-media-message', `"${contentType ?? 'nothing'}" message is not a media message`, {
    statusCode: 400,
    data: { contentType },
  })
}

/**
 * The document, image, video, audio or sticker of a message.
 *
 * @throws KurirError `not-a-media-message` (400)
 */
export function assertMediaContent(content: proto.IMessage | null | undefined): WAGenericMediaMessage {
  const extracted = extractMessageContent(content)
  const media =
    extracted?.documentMessage ??
    extracted?.imageMessage ??
    extracted?.videoMessage ??
    extracted?.audioMessage ??
    extracted?.stickerMessage
  if (!media) throw notMedia(getContentType(extracted))
  return media
}

/** Base64 SHA-256 of the file of a message; undefined or null for a message without. */
export function mediaMessageSHA256B64(message: proto.IMessage): string | null | undefined {
  const kind = getContentType(message)
  const media = kind === undefined ? undefined : message[kind]
  const hash: unknown = typeof media === 'object' && media !== null ? Reflect.get(media, 'fileSha256') : undefined
  return hash instanceof Uint8Array ? Buffer.from(hash).toString('base64') : (hash as null | undefined)
}

/** Kinds whose thumbnail is all there is to save. */
const picturesOnly: ReadonlySet<string | undefined> = new Set([
  'locationMessage',
  'liveLocationMessage',
  'productMessage',
])

/**
 * The extension of a message's file after its MIME type: `jpeg`, `mp4`, `ogg` …; `.jpeg`, with the dot as in Baileys,
 * for locations and products.
 *
 * @throws KurirError `not-a-media-message` (400) for a message without MIME type
 */
export function extensionForMediaMessage(message: proto.IMessage): string {
  const kind = getContentType(message)
  if (picturesOnly.has(kind)) return '.jpeg'
  const media = kind === undefined ? undefined : message[kind]
  const mimetype: unknown = typeof media === 'object' && media !== null ? Reflect.get(media, 'mimetype') : undefined
  const extension = typeof mimetype === 'string' ? mimetype.split(';')[0]?.split('/')[1] : undefined
  if (extension === undefined) throw notMedia(kind)
  return extension
}
