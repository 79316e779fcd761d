import type { Readable } from 'node:stream'
import { KurirError } from '../errors/kurir-error.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import type { WAMediaUpload } from '../media/media-types.js'
import type {
  AnyMessageContent,
  AudioContent,
  DocumentContent,
  ImageContent,
  MiscMessageGenerationOptions,
  StickerContent,
  VideoContent,
} from '../messages/content/content-types.js'
import type { EventMessageOptions } from '../messages/content/event.js'
import type { PollMessageOptions } from '../messages/content/poll.js'
import type { StickerPackOptions } from '../messages/content/sticker-pack.js'
import type { TextContent } from '../messages/content/text.js'
import type { WASocket } from '../socket/make-wa-socket.js'
import { chatJidOf } from './chat-address.js'
import { type SocketSource, socketOf } from './socket-source.js'
import { type ContactCard, vcardOf } from './vcard.js'

/** A file: its bytes, a stream, a path, or an `http(s):`, `data:` or `file:` URL. */
export type MediaFile = WAMediaUpload | Uint8Array | Readable | URL | string

export type SendOptions = MiscMessageGenerationOptions

/** What goes with a file beside the file itself. */
type Details<Content, Media extends keyof Content> = Omit<Content, Media | 'edit'>

export interface Place {
  /** Degrees. */
  readonly latitude: number
  readonly longitude: number
  readonly name?: string | undefined
  readonly address?: string | undefined
}

/** A picture or video of an album. */
export type AlbumItem =
  | (Details<ImageContent, 'image'> & { readonly image: MediaFile })
  | (Details<VideoContent, 'video'> & { readonly video: MediaFile })

export type MessageSendingSocket = Pick<WASocket, 'sendMessage'>

/**
 * Sending, one method per kind of message. Chats are JIDs or phone numbers with country code. Each method resolves with
 * the message once it is encrypted, stored and on its way (status PENDING); what becomes of it comes as
 * `messages.update`. Each rejects with a KurirError that names the field when something is not valid; nothing is sent
 * then.
 */
export class MessageSending<Socket extends MessageSendingSocket = MessageSendingSocket> {
  readonly #source: SocketSource<Socket>

  /** @param socket a direct or remote socket, or a function that answers the present one */
  constructor(socket: SocketSource<Socket>) {
    this.#source = socket
  }

  protected get socket(): Socket {
    return socketOf(this.#source)
  }

  /** Any content that `sendMessage` takes ([docs/content.md](../../../../docs/content.md)). */
  async send(chat: string, content: AnyMessageContent, options?: SendOptions): Promise<WAMessage> {
    const message = await this.socket.sendMessage(chatJidOf(chat), content, options)
    if (message !== undefined) return message
    throw new KurirError('not-a-message', 'This content is a request to the server, not a message', {
      statusCode: 400,
      data: { chat, keys: Object.keys(content) },
    })
  }

  /** @param text not empty; the first https link in it gets a preview unless `linkPreview` is null */
  sendText(chat: string, text: string, details: Omit<TextContent, 'text' | 'edit'> = {}, options?: SendOptions) {
    return this.send(chat, { ...details, text }, options)
  }

  sendImage(chat: string, image: MediaFile, details: Details<ImageContent, 'image'> = {}, options?: SendOptions) {
    return this.send(chat, { ...details, image: mediaOf(image) }, options)
  }

  sendVideo(chat: string, video: MediaFile, details: Details<VideoContent, 'video'> = {}, options?: SendOptions) {
    return this.send(chat, { ...details, video: mediaOf(video) }, options)
  }

  /** A short MP4 that plays by itself, over and over. */
  sendGif(chat: string, video: MediaFile, details: Details<VideoContent, 'video'> = {}, options?: SendOptions) {
    return this.send(chat, { ...details, video: mediaOf(video), gifPlayback: true }, options)
  }

  /** A round video note. */
  sendVideoNote(chat: string, video: MediaFile, details: Details<VideoContent, 'video'> = {}, options?: SendOptions) {
    return this.send(chat, { ...details, video: mediaOf(video), ptv: true }, options)
  }

  sendAudio(chat: string, audio: MediaFile, details: Details<AudioContent, 'audio'> = {}, options?: SendOptions) {
    return this.send(chat, { ...details, audio: mediaOf(audio) }, options)
  }

  /** A voice message: Opus in an Ogg file. Duration and waveform are computed where the libraries are installed. */
  sendVoice(chat: string, audio: MediaFile, details: Details<AudioContent, 'audio'> = {}, options?: SendOptions) {
    return this.send(chat, { ...details, audio: mediaOf(audio), ptt: true }, options)
  }

  sendDocument(
    chat: string,
    document: MediaFile,
    details: Details<DocumentContent, 'document'>,
    options?: SendOptions,
  ): Promise<WAMessage> {
    return this.send(chat, { ...details, document: mediaOf(document) }, options)
  }

  /** WebP; pictures of another format are converted where `sharp` is installed. */
  sendSticker(
    chat: string,
    sticker: MediaFile,
    details: Details<StickerContent, 'sticker'> = {},
    options?: SendOptions,
  ) {
    return this.send(chat, { ...details, sticker: mediaOf(sticker) }, options)
  }

  sendStickerPack(chat: string, stickerPack: StickerPackOptions, options?: SendOptions): Promise<WAMessage> {
    return this.send(chat, { stickerPack }, options)
  }

  /**
   * Pictures and videos that are shown together: the head of the album, and then the items in order.
   *
   * @returns the head, and the items
   * @throws KurirError `invalid-content` for fewer than two items; when an item fails, those before it are sent
   */
  async sendAlbum(
    chat: string,
    items: readonly AlbumItem[],
    options?: SendOptions,
  ): Promise<{ readonly head: WAMessage; readonly items: readonly WAMessage[] }> {
    if (items.length < 2) {
      throw new KurirError('invalid-content', 'An album has two items or more', {
        statusCode: 400,
        data: { field: 'items', length: items.length },
      })
    }
    const expectedImageCount = items.filter(item => 'image' in item).length
    const expectedVideoCount = items.length - expectedImageCount
    const head = await this.send(chat, { album: { expectedImageCount, expectedVideoCount } }, options)
    const sent: WAMessage[] = []
    for (const item of items) {
      const content: AnyMessageContent =
        'image' in item ? { ...item, image: mediaOf(item.image) } : { ...item, video: mediaOf(item.video) }
      sent.push(await this.send(chat, { ...content, albumParentKey: head.key }, { ...options, quoted: undefined }))
    }
    return { head, items: sent }
  }

  sendLocation(chat: string, { latitude, longitude, name, address }: Place, options?: SendOptions): Promise<WAMessage> {
    const location = { degreesLatitude: latitude, degreesLongitude: longitude, name, address }
    return this.send(chat, { location }, options)
  }

  /** One contact or several. @throws KurirError `invalid-contact-card` */
  async sendContacts(chat: string, contacts: readonly ContactCard[], options?: SendOptions): Promise<WAMessage> {
    const cards = contacts.map(contact => ({ displayName: contact.name, vcard: vcardOf(contact) }))
    const displayName = `${contacts.length} contacts`
    return await this.send(chat, { contacts: { displayName, contacts: cards } }, options)
  }

  /** @param choices 2 to 12 different texts of at most 100 characters */
  sendPoll(
    chat: string,
    question: string,
    choices: readonly string[],
    details: Omit<PollMessageOptions, 'name' | 'values'> = {},
    options?: SendOptions,
  ): Promise<WAMessage> {
    return this.send(chat, { poll: { ...details, name: question, values: [...choices] } }, options)
  }

  sendEvent(chat: string, event: EventMessageOptions, options?: SendOptions): Promise<WAMessage> {
    return this.send(chat, { event }, options)
  }

  /** An answer that quotes a message, in the chat of that message. */
  async sendReply(to: WAMessage, content: string | AnyMessageContent, options?: SendOptions): Promise<WAMessage> {
    const answer = typeof content === 'string' ? { text: content } : content
    return await this.send(chatOfKey(to.key), answer, { ...options, quoted: to })
  }

  /** Posts a status. @param audience JIDs or phone numbers of those who see it */
  async sendStatus(content: AnyMessageContent, audience: readonly string[], options?: SendOptions): Promise<WAMessage> {
    return await this.send('status@broadcast', content, { ...options, statusJidList: audience.map(chatJidOf) })
  }
}

/** The chat of a message. @throws KurirError `incomplete-message-key` (400) */
export function chatOfKey({ remoteJid, id }: WAMessageKey): string {
  if (remoteJid && id) return remoteJid
  throw new KurirError('incomplete-message-key', 'The key of a message has its chat and its id', {
    statusCode: 400,
    data: { remoteJid, id },
  })
}

/** A file in the form that `sendMessage` takes. */
export function mediaOf(file: MediaFile): WAMediaUpload {
  if (typeof file === 'string' || file instanceof URL) return { url: file }
  if (Buffer.isBuffer(file)) return file
  if (file instanceof Uint8Array) return Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  return isStream(file) ? { stream: file } : file
}

function isStream(file: Exclude<MediaFile, string | URL | Uint8Array>): file is Readable {
  return 'pipe' in file
}
