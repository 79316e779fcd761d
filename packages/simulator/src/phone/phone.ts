import type { MediaType } from 'kurir/media'
import type { proto } from 'kurir/proto'
import type { Account } from '../accounts/account.js'
import type { SeededRandom } from '../random.js'
import type { Service } from '../router/service.js'
import { element } from '../router/stanzas.js'
import * as addOns from './phone-addons.js'
import type { CallOptions, PhoneCallSignal } from './phone-calls.js'
import {
  inAlbum,
  type PhoneContent,
  type PhoneMediaContent,
  type PhoneSendOptions,
  pollMessage,
  withContext,
} from './phone-content.js'
import { PhoneCore } from './phone-core.js'
import type { GroupMemberChange, PhoneGroupOptions } from './phone-groups.js'
import type { LinkingOptions } from './phone-linking.js'
import { downloadFile, mediaMessage, type PhoneFile, type UploadedFile, uploadFile } from './phone-media.js'
import { type RememberedMessage, unknownMessage } from './phone-memory.js'
import { markRead, type ReadingReceipt } from './phone-receipts.js'
import type { PreparedMessages } from './phone-sender.js'

export type { LinkedDevice } from './phone-core.js'

/** What somebody is seen to be doing in a chat. */
export type Typing = 'composing' | 'recording' | 'paused'

const STATUS = 'status@broadcast'

/**
 * A primary device: it links companions, and reads and writes messages of every kind with its own Signal identity. It
 * speaks to the service in process, but encrypts for real.
 *
 * Methods that send resolve with the id of the new message, when the service has accepted it, and throw KurirError
 * `message-refused`, `phone-offline`, `timed-out`, `unknown-address`; those that are about another message also
 * `unknown-message` when the phone does not know it.
 */
export class Phone extends PhoneCore {
  /** Registers the phone of an account and brings it online. */
  static async create(
    service: Service,
    account: Account,
    random: SeededRandom,
    options: LinkingOptions,
  ): Promise<Phone> {
    const phone = new Phone(service, account, random, options)
    await phone.begin()
    return phone
  }

  /** Sends to a user (either namespace), a group, a broadcast list or `status@broadcast`. */
  async send(jid: string, content: PhoneContent, options: PhoneSendOptions = {}): Promise<string> {
    if (isNewsletter(jid)) return await this.#post(jid, content, options.id)
    const message = await this.#build(jid, content, options)
    return await this.sender.send(jid, message, options)
  }

  /**
   * Encrypts messages ahead, so that they can all leave at once later: for measuring how fast a client receives. Other
   * messages to the same chat must wait until these have left.
   */
  async prepare(jid: string, contents: readonly PhoneContent[]): Promise<PreparedMessages> {
    const messages: proto.IMessage[] = []
    for (const content of contents) messages.push(await this.#build(jid, content, {}))
    return await this.sender.prepare(jid, messages)
  }

  /** Sends an album: its head, and then every file as a message of its own; resolves with all ids, the head first. */
  async sendAlbum(jid: string, files: readonly PhoneMediaContent[]): Promise<string[]> {
    const count = (kinds: readonly string[]) => files.filter(({ media }) => kinds.includes(media)).length
    const albumMessage = { expectedImageCount: count(['image']), expectedVideoCount: count(['video', 'gif']) }
    const ids = [await this.send(jid, { message: { albumMessage } })]
    const head = this.context().memory.get(ids[0] ?? '')
    for (const file of files) {
      const message = inAlbum(await this.#build(jid, file, {}), head)
      ids.push(await this.sender.send(jid, message))
    }
    return ids
  }

  /** Posts a status that these users see; all that the phone knows when none are named. */
  async postStatus(content: PhoneContent, audience: readonly string[]): Promise<string> {
    return await this.send(STATUS, content, { audience })
  }

  /** Reacts to a message; an empty emoji takes the reaction back. */
  async react(messageId: string, emoji: string): Promise<string> {
    const post = this.#postOf(messageId)
    if (post !== undefined) return await this.posts.react(post, emoji)
    return await this.#about(messageId, target => addOns.reaction(target, emoji, this.#maker()))
  }

  /** Gives an own message a new text, or other content. */
  async edit(messageId: string, content: string | proto.IMessage): Promise<string> {
    const message = typeof content === 'string' ? { extendedTextMessage: { text: content } } : content
    const post = this.#postOf(messageId)
    if (post !== undefined) return await this.posts.edit(post, message)
    return await this.#about(messageId, target => addOns.edit(target, message, this.#maker()))
  }

  /** Deletes a message for everybody: an own one, or as admin of a group anybody's. */
  async revoke(messageId: string): Promise<string> {
    const post = this.#postOf(messageId)
    if (post !== undefined) return await this.posts.revoke(post)
    return await this.#about(messageId, addOns.revoke)
  }

  /** Votes in a poll, in place of an earlier vote; no options withdraw it. @throws KurirError `unknown-poll-option` */
  async vote(pollId: string, options: readonly string[]): Promise<string> {
    const post = this.#postOf(pollId)
    if (post !== undefined) return await this.posts.vote(post, options)
    return await this.#about(pollId, target => addOns.pollVote(target, options, this.#maker()))
  }

  /** Answers an invitation to an event. */
  async respondToEvent(eventId: string, answer: addOns.EventAnswer, extraGuestCount = 0): Promise<string> {
    return await this.#about(eventId, target => addOns.eventResponse(target, answer, extraGuestCount, this.#maker()))
  }

  /** Pins a message for so many seconds (86400, 604800 or 2592000); 0 takes it down. */
  async pin(messageId: string, seconds = 604_800): Promise<string> {
    return await this.#about(messageId, target => addOns.pin(target, seconds, this.#maker()))
  }

  /** Keeps a message of a disappearing chat, or no longer. */
  async keep(messageId: string, on = true): Promise<string> {
    return await this.#about(messageId, target => addOns.keep(target, on, this.#maker()))
  }

  /** Comments on a post of an announcement group. */
  async comment(messageId: string, text: string): Promise<string> {
    return await this.#about(messageId, target => addOns.comment(target, text, this.#maker()))
  }

  /** Reacts so that only members of the chat can read it, as in announcement groups. */
  async reactSealed(messageId: string, emoji: string): Promise<string> {
    return await this.#about(messageId, target => addOns.sealedReaction(target, emoji, this.#maker()))
  }

  /** Edits an own message or event so that only members of the chat can read it. */
  async editSealed(messageId: string, content: proto.IMessage): Promise<string> {
    return await this.#about(messageId, target => addOns.sealedEdit(target, content, this.#maker()))
  }

  /** Lets the messages of a user chat vanish after so many seconds; 0 ends that. */
  async setDisappearing(jid: string, seconds: number): Promise<string> {
    return await this.send(jid, { message: addOns.ephemeralSetting(seconds, this.#maker()) })
  }

  /** What this phone has sent under an id, secrets included. @throws KurirError `unknown-message` */
  sentMessage(messageId: string): proto.IMessage {
    const { message, fromMe } = this.context().memory.get(messageId)
    if (!fromMe) throw unknownMessage(messageId)
    return this.sender.sentMessage(messageId)?.message ?? message
  }

  /** The same for a group, which the service tells. @throws KurirError `request-refused` */
  async setGroupTimer(group: string, seconds: number): Promise<void> {
    await this.groups.setTimer(group, seconds)
  }

  /** Encrypts a file and puts it on the media host: for messages that are written by hand. */
  async upload(type: MediaType, file: PhoneFile): Promise<UploadedFile> {
    const { service, random } = this.context()
    return await uploadFile(service.media, random, type, file)
  }

  /**
   * The file of a message, with every hash and MAC checked.
   *
   * @throws KurirError `no-media`, `media-gone`, `media-content-invalid`
   */
  async download(message: proto.IMessage): Promise<Buffer> {
    const pieces: Buffer[] = []
    for await (const piece of downloadFile(this.context().service.media, message)) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  /** Reads the file of a message and drops it, for files of any size; resolves with its length. Errors as above. */
  async checkFile(message: proto.IMessage): Promise<number> {
    let length = 0
    for await (const piece of downloadFile(this.context().service.media, message)) length += piece.length
    return length
  }

  /**
   * Sends its history to a companion once more, by the options that the phone was made with.
   *
   * @param full also what lies behind the recent past
   */
  async sendHistory(companionJid: string, full = false): Promise<void> {
    await this.history.send(companionJid, full)
  }

  /** Calls a user: rings at all devices, and goes on until somebody ends it; resolves with the id of the call. */
  async call(jid: string, options: CallOptions = {}): Promise<string> {
    return await this.calls.offer(jid, options)
  }

  /** Takes, refuses or ends a call. @throws KurirError `unknown-call` */
  answerCall(callId: string, answer: 'accept' | 'reject' | 'terminate', reason?: string): void {
    this.calls.answer(callId, answer, reason)
  }

  /** The first signal about a call that fits, of those that came and those to come. @throws KurirError `timed-out` */
  async waitForCall(
    predicate: (signal: PhoneCallSignal) => boolean = () => true,
    timeoutMs = 10_000,
  ): Promise<PhoneCallSignal> {
    return await this.calls.wait(predicate, timeoutMs)
  }

  /** Marks a message as read: its author gets the receipt. @throws KurirError `unknown-message` */
  read(messageId: string, type: ReadingReceipt = 'read'): void {
    const message = this.messages.findLast(({ id, fromMe }) => id === messageId && !fromMe)
    if (message === undefined) throw unknownMessage(messageId)
    const post = this.#postOf(messageId)
    if (post !== undefined) {
      this.posts.view(post)
      return
    }
    markRead(this.context(), message, type)
  }

  /** Shows that the phone is typing or recording, or has stopped. */
  type(jid: string, state: Typing): void {
    const media = state === 'recording' ? 'audio' : undefined
    const content = element(state === 'paused' ? 'paused' : 'composing', { media })
    this.context().wire.write(element('chatstate', { to: jid }, [content]))
  }

  /** Creates a group with this phone as superadmin; returns its JID. */
  async createGroup(subject: string, members: readonly string[], options: PhoneGroupOptions = {}): Promise<string> {
    return await this.groups.create(subject, members, options)
  }

  /** Changes the members of a group. @throws KurirError `request-refused` */
  async changeGroup(group: string, action: GroupMemberChange, members: readonly string[]): Promise<void> {
    await this.groups.change(group, action, members)
  }

  /** Creates a channel of this account; returns its JID. */
  createNewsletter(name: string): string {
    return this.newsletters.create(name)
  }

  followNewsletter(jid: string): void {
    this.newsletters.follow(jid)
  }

  async #post(jid: string, content: PhoneContent, id: string | undefined): Promise<string> {
    if (!('media' in content)) return await this.posts.post(jid, await this.#message(content), { id })
    const { message, mediaId } = await this.posts.withFile(content)
    return await this.posts.post(jid, message, { id, mediaId })
  }

  #postOf(messageId: string): RememberedMessage | undefined {
    const message = this.context().memory.find(messageId)
    return message !== undefined && isNewsletter(message.chat) ? message : undefined
  }

  async #about(messageId: string, build: (target: RememberedMessage) => proto.IMessage): Promise<string> {
    const target = this.context().memory.get(messageId)
    // What is about a status goes to its author, or to all who see it when it is an own one.
    const others = target.chat === STATUS && !target.fromMe ? [target.author] : undefined
    const audience = this.sender.sentMessage(messageId)?.audience ?? others
    return await this.sender.send(target.chat, build(target), audience === undefined ? {} : { audience })
  }

  async #build(jid: string, content: PhoneContent, options: PhoneSendOptions): Promise<proto.IMessage> {
    const { memory } = this.context()
    const quoted = options.quoted === undefined ? undefined : memory.get(options.quoted)
    return withContext(await this.#message(content), options, quoted, jid)
  }

  async #message(content: PhoneContent): Promise<proto.IMessage> {
    if ('text' in content) return { conversation: content.text }
    if ('poll' in content) return pollMessage(content.poll)
    if ('event' in content) return { eventMessage: content.event }
    if ('message' in content) return content.message
    const { media, file, caption, viewOnce, fields } = content
    const uploaded = await this.upload(media, file)
    const further = { ...(caption && { caption }), ...(viewOnce && { viewOnce }), ...fields }
    return mediaMessage(media, uploaded, further, this.#maker().now)
  }

  #maker(): addOns.AddOnMaker {
    const { account, random, service } = this.context()
    return { account, random, now: service.core.clock.now() }
  }
}

const isNewsletter = (jid: string): boolean => jid.endsWith('@newsletter')
