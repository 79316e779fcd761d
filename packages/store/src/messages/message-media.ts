import { extractMessageContent, type proto } from 'kurir'

export type MediaKind = 'image' | 'video' | 'audio' | 'document' | 'sticker'

/** A file that a message brought, as the index knows it; to download it, take the message. */
export interface MessageMedia {
  readonly kind: MediaKind
  readonly mimeType: string | undefined
  readonly fileName: string | undefined
  /** Bytes. */
  readonly fileSize: number | undefined
  /** SHA-256 of the file, base64: the same file sent twice has the same. */
  readonly sha256: string | undefined
}

/** The file in a message; undefined for a message without one. */
export function mediaOf(message: proto.IMessage | null | undefined): MessageMedia | undefined {
  const content = extractMessageContent(message)
  if (content === undefined) return undefined
  const { imageMessage, videoMessage, ptvMessage, audioMessage, documentMessage, stickerMessage } = content
  const video = videoMessage ?? ptvMessage
  if (imageMessage) return entry('image', imageMessage)
  if (video) return entry('video', video)
  if (audioMessage) return entry('audio', audioMessage)
  if (documentMessage) return entry('document', documentMessage)
  return stickerMessage ? entry('sticker', stickerMessage) : undefined
}

interface FileFacts {
  readonly mimetype?: string | null | undefined
  readonly fileName?: string | null | undefined
  readonly fileLength?: unknown
  readonly fileSha256?: Uint8Array | null | undefined
}

function entry(kind: MediaKind, { mimetype, fileName, fileLength, fileSha256 }: FileFacts): MessageMedia {
  const size = Number(fileLength ?? Number.NaN)
  return {
    kind,
    mimeType: mimetype ?? undefined,
    fileName: fileName ?? undefined,
    fileSize: Number.isSafeInteger(size) ? size : undefined,
    sha256: fileSha256?.byteLength ? Buffer.from(fileSha256).toString('base64') : undefined,
  }
}
