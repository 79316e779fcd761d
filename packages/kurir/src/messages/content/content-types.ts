import type { WAMessage, WAMessageKey } from '../../events/message-types.js'
import type { MediaGenerationOptions, MediaUploadProgress, WAMediaUpload } from '../../media/media-types.js'
import type { proto } from '../../proto/index.js'
import type { AlbumContent } from './album.js'
import type { LimitSharingContent, RequestPhoneNumberContent, SharePhoneNumberContent } from './chat-settings.js'
import type { CommentContent } from './comment.js'
import type { ContactsContent } from './contacts.js'
import type { DisappearingMessagesContent } from './disappearing.js'
import type { EventContent } from './event.js'
import type { EventResponseContent } from './event-response.js'
import type { ForwardContent } from './forward.js'
import type { GroupInviteContent } from './group-invite.js'
import type { WAUrlInfo } from './link-preview.js'
import type { LiveLocationContent, LocationContent } from './location.js'
import type { OrderContent } from './order.js'
import type { KeepContent, PinContent } from './pin.js'
import type { PollContent, PollResultContent } from './poll.js'
import type { PollAddOptionContent, PollVoteContent } from './poll-vote.js'
import type { ProductContent } from './product.js'
import type { RawContent } from './raw.js'
import type { ReactionContent } from './reaction.js'
import type { ButtonReplyContent, ListReplyContent } from './replies.js'
import type { DeleteContent } from './revoke.js'
import type { StickerPackContent } from './sticker-pack.js'
import type { TextContent } from './text.js'

/**
 * What `sendMessage` accepts. The type of a kind stands beside its builder; a new kind adds it here, and a line in
 * `content-kinds.ts`.
 */

/** Members that every kind of content takes, where they make sense for it. */
export interface ContentModifiers {
  /** People mentioned; the text has to contain `@<user>` for each. */
  mentions?: string[] | undefined
  /** Mentions everybody in the group. */
  mentionAll?: boolean | undefined
  /** Merged over the computed context. */
  contextInfo?: proto.IContextInfo | undefined
  /** Pictures, videos and voice messages only. */
  viewOnce?: boolean | undefined
  /** Pictures and videos only: key of the album's head. */
  albumParentKey?: WAMessageKey | undefined
}

/** Content that may replace the content of a message sent before. */
export interface Editable {
  /** Key of the own message to change. */
  edit?: WAMessageKey | null | undefined
}

/** Kinds of Kurir's own: Baileys sends these through `relayMessage` only, or not at all. */
export type KurirMessageContent =
  | StickerPackContent
  | LiveLocationContent
  | PollVoteContent
  | PollAddOptionContent
  | PollResultContent
  | EventResponseContent
  | CommentContent
  | KeepContent
  | OrderContent
  | RawContent

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
  /** Such stickers are `application/was` files, and sent as they are. */
  isLottie?: boolean | undefined
  isAvatar?: boolean | undefined
  emojis?: string | undefined
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
export type AnyRegularMessageContent =
  | TextContent
  | AnyMediaMessageContent
  | ContactsContent
  | LocationContent
  | ReactionContent
  | GroupInviteContent
  | PinContent
  | ButtonReplyContent
  | ListReplyContent
  | EventContent
  | PollContent
  | AlbumContent
  | ProductContent
  | SharePhoneNumberContent
  | RequestPhoneNumberContent
  | KurirMessageContent

/** Everything that `sendMessage` accepts. */
export type AnyMessageContent =
  | AnyRegularMessageContent
  | ForwardContent
  | DeleteContent
  | DisappearingMessagesContent
  | LimitSharingContent

/** What building content may use of the outside world. */
export interface MessageContentGenerationOptions extends MediaGenerationOptions {
  /** Fetches the preview of a link. */
  getUrlInfo?: ((text: string) => Promise<WAUrlInfo | undefined>) | undefined
  /** Makes the token of a call link; events with a call need it. Times are Unix seconds. */
  getCallLink?: ((type: 'audio' | 'video', event?: { startTime: number }) => Promise<string | undefined>) | undefined
  /** The picture that an invitation to a group shows. */
  getGroupPicture?: ((group: string) => Promise<Uint8Array | undefined>) | undefined
  /** Finds a message that votes, answers, comments and sealed edits belong to. */
  getMessage?: ((key: WAMessageKey) => Promise<proto.IMessage | undefined>) | undefined
  /** Destination, where it matters for the content. */
  jid?: string | undefined
  /** Own JIDs: sealing needs them. */
  userJid?: string | undefined
  userLid?: string | undefined
  /** The destination is the announcement group of a community: reactions are sealed there. */
  isCommunityAnnouncement?: boolean | undefined
  /** `#RRGGBB`, `#AARRGGBB` or a number; status texts. */
  backgroundColor?: string | number | undefined
  /** 0 to 10, see docs/protocol/03, 2.3; status texts. */
  font?: number | undefined
  /** Unix milliseconds; the clock when left out. */
  now?: number | undefined
  /** 32 bytes for a new message secret; random when left out. */
  messageSecret?: Uint8Array | undefined
  /** 32 bytes for the key of a file; random when left out, as it has to be outside of tests. */
  mediaKey?: Uint8Array | undefined
  /** 12 bytes to seal with; random when left out, as it has to be outside of tests. */
  sealingIv?: Uint8Array | undefined
}

/** Options of `sendMessage`. */
export interface MiscMessageGenerationOptions {
  timestamp?: Date | undefined
  /** Message to answer. */
  quoted?: WAMessage | undefined
  /** Seconds until the message disappears; 0 keeps it. The chat's timer when left out, as far as it is known. */
  ephemeralExpiration?: number | string | undefined
  /** Unix seconds at which the chat's timer was set; the socket knows it. */
  ephemeralSettingTimestamp?: number | undefined
  messageId?: string | undefined
  /** Milliseconds without progress after which an upload is given up. */
  mediaUploadTimeoutMs?: number | undefined
  /** Told how far the upload of a file is (Kurir's own). */
  onUploadProgress?: ((progress: MediaUploadProgress) => void) | undefined
  /** Gives the upload up; nothing is sent then (Kurir's own). */
  signal?: AbortSignal | undefined
  /** Who sees a status, or gets the messages of a broadcast list. */
  statusJidList?: string[] | undefined
  /** Which privacy setting of the account the audience of a status follows; `contacts` when left out. */
  statusSetting?: StatusSetting | undefined
  backgroundColor?: string | undefined
  font?: number | undefined
  /** Makes the preview of a link in a text instead of the socket (Kurir's own). */
  getUrlInfo?: ((text: string) => Promise<WAUrlInfo | undefined>) | undefined
  /** Accepted for compatibility, not used. */
  broadcast?: boolean | undefined
  useCachedGroupMetadata?: boolean | undefined
}

export type StatusSetting = 'contacts' | 'allowlist' | 'denylist' | 'close_friends'

export interface MessageGenerationOptionsFromContent extends MiscMessageGenerationOptions {
  /** Own JID, with device. */
  userJid: string
  /** Own LID: quoted messages in LID chats name us by it. */
  userLid?: string | undefined
}

export interface MessageGenerationOptions
  extends Omit<MessageContentGenerationOptions, 'backgroundColor' | 'font' | 'userJid' | 'userLid'>,
    MessageGenerationOptionsFromContent {}
