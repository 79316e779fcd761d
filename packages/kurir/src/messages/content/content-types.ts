import type { WAMessage, WAMessageKey } from '../../events/message-types.js'
import type { MediaGenerationOptions, WAMediaUpload } from '../../media/media-types.js'
import type { proto } from '../../proto/index.js'

/**
 * What `sendMessage` accepts, one type for each kind of content. A new kind adds its type here, a builder file beside
 * this one, and a line in `content-kinds.ts`.
 */

/** Preview of a link, as fetched or as given by the caller. */
export interface WAUrlInfo {
  'canonical-url': string
  /** The URL as it stands in the text. */
  'matched-text': string
  title: string
  description?: string | undefined
  jpegThumbnail?: Uint8Array | undefined
  /** An uploaded larger picture. */
  highQualityThumbnail?: proto.Message.IImageMessage | undefined
  originalThumbnailUrl?: string | undefined
}

/** Members that several kinds of content take. */
export interface ContentModifiers {
  /** People mentioned; the text has to contain `@<user>` for each. */
  mentions?: string[] | undefined
  /** Mentions everybody in the group. */
  mentionAll?: boolean | undefined
  /** Merged over the computed context. */
  contextInfo?: proto.IContextInfo | undefined
}

/** Content that may replace the content of a message sent before. */
export interface Editable {
  /** Key of the own message to change. */
  edit?: WAMessageKey | null | undefined
}

export interface TextContent extends ContentModifiers, Editable {
  text: string
  /** `null`: none; left out: made from the first https URL when the socket can fetch it. */
  linkPreview?: WAUrlInfo | null | undefined
}

/** Members that every kind of media takes. */
export interface MediaModifiers extends ContentModifiers, Editable {
  /** `image/jpeg`, `video/mp4`, `audio/ogg; codecs=opus`, `image/webp` or `application/pdf` when left out. */
  mimetype?: string | undefined
  /** May be opened once only: images, videos, video notes and audio. */
  viewOnce?: boolean | undefined
  /** Key of the album that the media belongs to. */
  albumParentKey?: WAMessageKey | undefined
}

interface Dimensions {
  /** Pixels; computed for images when left out. */
  width?: number | undefined
  height?: number | undefined
}

interface Thumbnail {
  /** JPEG, as bytes or base64; computed when left out. */
  jpegThumbnail?: string | Uint8Array | undefined
}

export interface ImageContent extends MediaModifiers, Dimensions, Thumbnail {
  image: WAMediaUpload
  caption?: string | undefined
}

export interface VideoContent extends MediaModifiers, Dimensions, Thumbnail {
  video: WAMediaUpload
  caption?: string | undefined
  /** The MP4 is played like a GIF: without sound, again and again. */
  gifPlayback?: boolean | undefined
  /** A round video note. */
  ptv?: boolean | undefined
  /** Duration; read from the file when left out. */
  seconds?: number | undefined
}

export interface AudioContent extends MediaModifiers {
  audio: WAMediaUpload
  /** A voice note; the file should be OGG/Opus, mono. */
  ptt?: boolean | undefined
  /** Duration; read from the file when left out. */
  seconds?: number | undefined
  /** 64 values from 0 to 100; computed for voice notes when left out. */
  waveform?: Uint8Array | undefined
}

export interface StickerContent extends MediaModifiers, Dimensions {
  /** WebP, 512 × 512; other images are converted where `sharp` is installed. */
  sticker: WAMediaUpload
  /** Detected when left out. */
  isAnimated?: boolean | undefined
}

export interface DocumentContent extends MediaModifiers, Thumbnail {
  document: WAMediaUpload
  mimetype: string
  fileName?: string | undefined
  title?: string | undefined
  pageCount?: number | undefined
  caption?: string | undefined
}

/** A file with what is said about it. Further members are copied where the message has a field of that name. */
export type AnyMediaMessageContent = ImageContent | VideoContent | AudioContent | StickerContent | DocumentContent

/** Everything that makes an ordinary message. */
export type AnyRegularMessageContent = TextContent | AnyMediaMessageContent

/** Everything that `sendMessage` accepts. */
export type AnyMessageContent = AnyRegularMessageContent

/** What building content may use of the outside world. */
export interface MessageContentGenerationOptions extends MediaGenerationOptions {
  /** Fetches the preview of a link. */
  getUrlInfo?: ((text: string) => Promise<WAUrlInfo | undefined>) | undefined
  /** Destination, where it matters for the content. */
  jid?: string | undefined
  /** `#RRGGBB`, `#AARRGGBB` or a number; status texts. */
  backgroundColor?: string | number | undefined
  /** 0 to 10, see docs/protocol/03, 2.3; status texts. */
  font?: number | undefined
  /** Unix milliseconds; the clock when left out. */
  now?: number | undefined
  /** 32 bytes for a new message secret; random when left out. */
  messageSecret?: Uint8Array | undefined
}

/** Options of `sendMessage`. */
export interface MiscMessageGenerationOptions {
  timestamp?: Date | undefined
  /** Message to answer. */
  quoted?: WAMessage | undefined
  /** Seconds until the message disappears. */
  ephemeralExpiration?: number | undefined
  /** Unix seconds at which the chat's timer was set; the socket knows it. */
  ephemeralSettingTimestamp?: number | undefined
  messageId?: string | undefined
  mediaUploadTimeoutMs?: number | undefined
  statusJidList?: string[] | undefined
  backgroundColor?: string | undefined
  font?: number | undefined
  /** Accepted for compatibility, not used. */
  broadcast?: boolean | undefined
  useCachedGroupMetadata?: boolean | undefined
}

export interface MessageGenerationOptionsFromContent extends MiscMessageGenerationOptions {
  /** Own JID, with device. */
  userJid: string
  /** Own LID: quoted messages in LID chats name us by it. */
  userLid?: string | undefined
}

export interface MessageGenerationOptions
  extends Omit<MessageContentGenerationOptions, 'backgroundColor' | 'font'>,
    MessageGenerationOptionsFromContent {}
