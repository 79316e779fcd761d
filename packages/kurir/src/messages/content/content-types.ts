import type { WAMessage, WAMessageKey } from '../../events/message-types.js'
import type { ILogger } from '../../logger/logger.js'
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

/** Everything that makes an ordinary message. */
export type AnyRegularMessageContent = TextContent

/** Everything that `sendMessage` accepts. */
export type AnyMessageContent = AnyRegularMessageContent

/** What building content may use of the outside world. */
export interface MessageContentGenerationOptions {
  /** Fetches the preview of a link. */
  getUrlInfo?: ((text: string) => Promise<WAUrlInfo | undefined>) | undefined
  /** Destination, where it matters for the content. */
  jid?: string | undefined
  logger?: ILogger | undefined
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
