import { KurirError } from '../errors/index.js'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { SignalError } from '../signal/signal-error.js'
import { type BotReplyContext, botReplyContext, openBotReply } from './bot-replies.js'
import { changeContent } from './channel-posts.js'
import { getContentType } from './content-type.js'
import type { EncryptedPart, IncomingMessage } from './incoming.js'
import { type DropReason, judgeContent } from './incoming-content.js'
import type { OwnAccount } from './own-account.js'
import { unpadRandomMax16 } from './padding.js'
import { retryReasonOf } from './retry-reasons.js'

/** Continues with a padded plaintext; when it rejects, nothing of the decryption may be committed. */
export type OnPlaintext = (padded: Uint8Array) => Promise<void>

/**
 * What decryption needs from the session layer. Methods reject with a `SignalError` when a part cannot be opened.
 *
 * A method that opens a part hands the padded plaintext to `next`, inside the transaction that consumes the key, and
 * answers nothing: then the step of the ratchet and `store` are committed together. A decryptor without transactions
 * may ignore `next` and answer the plaintext.
 */
export interface MessageDecryptor {
  /** Opens a `msg` or `pkmsg` with the author's session. */
  pairwise(part: EncryptedPart, message: IncomingMessage, next: OnPlaintext): Promise<Uint8Array | undefined>
  /** Opens a `skmsg` with the author's sender key for the chat. May be called inside `next` of a pairwise part. */
  senderKey(part: EncryptedPart, message: IncomingMessage, next: OnPlaintext): Promise<Uint8Array | undefined>
  /** Stores a sender key that the author has handed out. May be called inside `next` of a pairwise part. */
  distribute(item: proto.Message.ISenderKeyDistributionMessage, message: IncomingMessage): Promise<void>
  /** The secret of the message that a bot answers; undefined when it is not known. */
  promptSecret(context: BotReplyContext, message: IncomingMessage): Promise<Uint8Array | undefined>
  /** Keeps the message until it has been handled; called inside `next` of the part that completes it. */
  store?(message: WAMessage, incoming: IncomingMessage): Promise<void>
}

/** What became of an incoming message. */
export type DecryptedMessage =
  /** It has content: upsert it. */
  | { readonly kind: 'content'; readonly message: WAMessage }
  /** It brought a sender key and nothing to show. */
  | { readonly kind: 'keys-only' }
  /** The stanza had no content for this device. */
  | { readonly kind: 'absent' }
  /** Its keys have been used: the message was delivered before. */
  | { readonly kind: 'duplicate' }
  /** Its content must not be believed. */
  | { readonly kind: 'dropped'; readonly why: DropReason }
  /** None of its parts is of a type that this client reads. */
  | { readonly kind: 'unrecognized'; readonly types: readonly string[] }
  /** It could not be opened. */
  | { readonly kind: 'failed'; readonly error: KurirError }

/**
 * Opens all parts of a message and puts them together (docs/protocol/02, 9.2): pairwise parts first, sender keys handed
 * on before the part that needs them, nothing further after a failure that is no duplicate.
 *
 * Key consumption and `store` are one transaction, so that a crash in between loses nothing. Faults that are no refusal
 * of the message itself (a store that fails) reject: leave the stanza unanswered and it comes again.
 */
export async function decryptIncoming(
  incoming: IncomingMessage,
  decryptor: MessageDecryptor,
  me: OwnAccount,
): Promise<DecryptedMessage> {
  if (incoming.isPeer && !incoming.authorIsOwn) return { kind: 'dropped', why: 'peer-from-other' }
  const { parts, plaintext, unreadableTypes, postChange } = incoming
  const isPost = plaintext !== undefined || postChange?.kind === 'revoke'
  if (parts.length === 0 && !isPost) {
    return unreadableTypes.length > 0 ? { kind: 'unrecognized', types: unreadableTypes } : { kind: 'absent' }
  }
  const opening = new Opening(incoming, decryptor, me)
  if (isPost) await opening.openChannelPost(plaintext)
  else await opening.openAll()
  return opening.result()
}

class Opening {
  readonly #incoming: IncomingMessage
  readonly #decryptor: MessageDecryptor
  readonly #me: OwnAccount
  #content: proto.IMessage | undefined
  #failure: KurirError | undefined
  #opened = 0
  #duplicates = 0
  #judged: DecryptedMessage | undefined

  constructor(incoming: IncomingMessage, decryptor: MessageDecryptor, me: OwnAccount) {
    this.#incoming = incoming
    this.#decryptor = decryptor
    this.#me = me
  }

  result(): DecryptedMessage {
    if (this.#judged !== undefined) return this.#judged
    if (this.#failure !== undefined) return { kind: 'failed', error: this.#failure }
    return this.#opened === 0 && this.#duplicates > 0 ? { kind: 'duplicate' } : { kind: 'keys-only' }
  }

  /** @param plaintext missing for a post that was deleted */
  async openChannelPost(plaintext: Uint8Array | undefined): Promise<void> {
    const { postChange, fullMessage } = this.#incoming
    const message = this.#attempt(() => proto.Message.decode(plaintext ?? new Uint8Array(0)))
    if (message === undefined) return
    this.#content = postChange ? changeContent(postChange, fullMessage.key.remoteJid ?? '', message) : message
    await this.#finish()
  }

  /** The first pairwise part that opens brings the content or the key; some clients send a second copy. */
  async openAll(): Promise<void> {
    const { parts } = this.#incoming
    for (const part of parts) {
      if (part.kind !== 'pairwise' || this.#opened > 0) continue
      await this.#attemptAsync(() => this.#open(part, padded => this.#takePairwise(padded)))
    }
    if (this.#opened > 0 || this.#failure !== undefined) return
    await this.#openRest()
  }

  async #open(part: EncryptedPart, next: OnPlaintext): Promise<void> {
    const opened = await (part.kind === 'pairwise'
      ? this.#decryptor.pairwise(part, this.#incoming, next)
      : this.#decryptor.senderKey(part, this.#incoming, next))
    if (opened !== undefined) await next(opened)
  }

  async #takePairwise(padded: Uint8Array): Promise<void> {
    this.#opened += 1
    this.#failure = undefined
    const message = this.#attempt(() => decodePadded(padded))
    if (message === undefined) return
    const { senderKeyDistributionMessage: item, ...rest } = message
    if (item === null || item === undefined) {
      this.#content = message
    } else {
      if (getContentType(rest) !== undefined) this.#content = rest
      if (this.#isKeyOfThisChat(item)) await this.#attemptAsync(() => this.#decryptor.distribute(item, this.#incoming))
    }
    if (this.#failure === undefined) await this.#openRest()
  }

  /** Nobody may replace sender keys of chats other than the one they are speaking in. */
  #isKeyOfThisChat(item: proto.Message.ISenderKeyDistributionMessage): boolean {
    const chat = this.#incoming.fullMessage.key.remoteJid
    return Boolean(item.axolotlSenderKeyDistributionMessage) && item.groupId === chat
  }

  /** Parts that are no pairwise ones; then the message is complete. */
  async #openRest(): Promise<void> {
    const part = this.#incoming.parts.find(each => each.kind !== 'pairwise')
    if (part === undefined) await this.#finish()
    else if (part.kind === 'bot') await this.#openBotReply(part)
    else {
      await this.#attemptAsync(() => this.#open(part, padded => this.#takeSenderKey(padded)))
    }
  }

  async #takeSenderKey(padded: Uint8Array): Promise<void> {
    this.#opened += 1
    const message = this.#attempt(() => decodePadded(padded))
    if (message === undefined) return
    const { senderKeyDistributionMessage: item, ...rest } = message
    const content = item === null || item === undefined ? message : rest
    this.#content = this.#content === undefined ? content : { ...this.#content, ...content }
    await this.#finish()
  }

  async #openBotReply(part: EncryptedPart): Promise<void> {
    const context = this.#attempt(() => botReplyContext(this.#incoming.stanza, this.#incoming.author, this.#me))
    if (context === undefined) return
    const secret = await this.#decryptor.promptSecret(context, this.#incoming)
    const message = this.#attempt(() => {
      if (secret === undefined) throw missingSecret(this.#incoming.id, context.targetId)
      return proto.Message.decode(openBotReply(part.ciphertext, secret, context))
    })
    if (message === undefined) return
    this.#opened += 1
    this.#content = message
    await this.#finish()
  }

  async #finish(): Promise<void> {
    if (this.#content === undefined || getContentType(this.#content) === undefined) return
    const judged = judgeContent(this.#incoming, this.#content)
    if (judged.kind === 'content') await this.#decryptor.store?.(judged.message, this.#incoming)
    this.#judged = judged
  }

  #attempt<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      this.#note(error)
      return undefined
    }
  }

  async #attemptAsync(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#note(error)
    }
  }

  /** Keeps a refusal of the message; rethrows anything else. A repeated key is no failure. */
  #note(error: unknown): void {
    if (!isRefusal(error)) throw error
    if (error.code === 'duplicate-message') this.#duplicates += 1
    else this.#failure ??= error
  }
}

/** Plaintext of a session or sender key: unpadded and decoded. @throws KurirError `invalid-padding`, `invalid-protobuf` */
export function decodePadded(padded: Uint8Array): proto.Message {
  return proto.Message.decode(unpadRandomMax16(padded))
}

/** Codes that say something about the message, not about us. */
const refusalCodes: ReadonlySet<string> = new Set([
  'invalid-padding',
  'invalid-protobuf',
  'invalid-stanza',
  'invalid-sealed-payload',
  'invalid-message-secret',
  'missing-message-secret',
  'mac-mismatch',
])

/** Refusals of the message itself: those of the Signal layer, whatever carries a reason for a retry, and our own. */
function isRefusal(error: unknown): error is KurirError {
  if (!KurirError.is(error)) return false
  return error instanceof SignalError || refusalCodes.has(error.code) || retryReasonOf(error) !== undefined
}

function missingSecret(id: string, targetId: string): KurirError {
  return new KurirError('missing-message-secret', 'The secret of the message that the bot answers is not known', {
    statusCode: 404,
    data: { id, targetId },
  })
}
