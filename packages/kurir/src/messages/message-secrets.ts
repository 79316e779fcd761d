import { aesGcmDecrypt, aesGcmEncrypt } from '../crypto/aes.js'
import { sha256 } from '../crypto/digest.js'
import { hkdf } from '../crypto/hkdf.js'
import { randomBytes } from '../crypto/random.js'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'

/**
 * Add-ons sealed with the secret of the message they belong to: votes, event answers, reactions, comments, edits
 * (docs/protocol/02, 13; docs/protocol/03, 8).
 */

/** Length of a message secret and of the keys made from it. */
export const messageSecretLength = 32
const ivLength = 12

/** What a key is for; part of its derivation. */
export const MessageSecretUseCase = {
  PollVote: 'Poll Vote',
  EventResponse: 'Event Response',
  EncReaction: 'Enc Reaction',
  EncComment: 'Enc Comment',
  EventEdit: 'Event Edit',
  MessageEdit: 'Message Edit',
  PollEdit: 'Poll Edit',
  PollAddOption: 'Poll Add Option',
  ReportToken: 'Report Token',
} as const
export type MessageSecretUseCase = (typeof MessageSecretUseCase)[keyof typeof MessageSecretUseCase]

/** Votes and event answers are bound to message and voter by additional authenticated data; the others are not. */
const boundUseCases: ReadonlySet<MessageSecretUseCase> = new Set<MessageSecretUseCase>(['Poll Vote', 'Event Response'])

/** Who and what an add-on key is made for. JIDs are users without device, in one namespace. */
export interface SecretContext {
  /** Id of the message that the add-on belongs to. */
  readonly messageId: string
  /** Author of that message. */
  readonly originalSender: string
  /** Author of the add-on; for edits the author of the message. */
  readonly modifier: string
}

/** The 32-byte key of an add-on. @throws KurirError `invalid-message-secret` when the secret has not 32 bytes */
export function deriveSecretKey(secret: Uint8Array, context: SecretContext, useCase: string): Buffer {
  checkSecret(secret)
  const info = `${context.messageId}${context.originalSender}${context.modifier}${useCase}`
  return hkdf(secret, messageSecretLength, { info })
}

function checkSecret(secret: Uint8Array): void {
  if (secret.byteLength === messageSecretLength) return
  throw new KurirError('invalid-message-secret', 'A message secret has 32 bytes', {
    statusCode: 400,
    data: { length: secret.byteLength },
  })
}

function authenticatedData(context: SecretContext, useCase: MessageSecretUseCase): Buffer | undefined {
  return boundUseCases.has(useCase) ? Buffer.from(`${context.messageId}\0${context.modifier}`, 'utf8') : undefined
}

/** Ciphertext with its tag, and the nonce it was made with. */
export interface SealedPayload {
  readonly encPayload: Uint8Array
  /** 12 bytes. */
  readonly encIv: Uint8Array
}

/** Seals an add-on. @param iv 12 bytes, random unless a test brings its own */
export function sealWithSecret(
  plaintext: Uint8Array,
  secret: Uint8Array,
  context: SecretContext,
  useCase: MessageSecretUseCase,
  iv: Uint8Array = randomBytes(ivLength),
): SealedPayload {
  const key = deriveSecretKey(secret, context, useCase)
  return { encPayload: aesGcmEncrypt(key, iv, plaintext, authenticatedData(context, useCase)), encIv: iv }
}

/**
 * Opens an add-on.
 *
 * @throws KurirError `mac-mismatch` when it was not sealed with this secret, context and use case,
 * `invalid-sealed-payload` when parts are missing or the nonce has not 12 bytes
 */
export function openWithSecret(
  sealed: {
    readonly encPayload?: Uint8Array | null | undefined
    readonly encIv?: Uint8Array | null | undefined
  },
  secret: Uint8Array,
  context: SecretContext,
  useCase: MessageSecretUseCase,
): Buffer {
  const { encPayload, encIv } = sealed
  if (!encPayload || !encIv || encIv.byteLength !== ivLength) {
    throw new KurirError('invalid-sealed-payload', 'A sealed add-on has a payload and a nonce of 12 bytes', {
      statusCode: 400,
      data: { messageId: context.messageId, useCase },
    })
  }
  const key = deriveSecretKey(secret, context, useCase)
  return aesGcmDecrypt(key, encIv, encPayload, authenticatedData(context, useCase))
}

/**
 * Opens an add-on whose sender may have meant other names than we see: all candidates are tried, LID pair first, then
 * phone numbers, then the mix as received. Adding an option to a poll goes by two use cases among clients; both are
 * tried (docs/protocol/02, 16).
 *
 * @returns undefined when none fits
 */
export function openWithCandidates(
  sealed: Parameters<typeof openWithSecret>[0],
  secret: Uint8Array,
  candidates: readonly SecretContext[],
  useCase: MessageSecretUseCase,
): { readonly plaintext: Buffer; readonly context: SecretContext } | undefined {
  const useCases: readonly MessageSecretUseCase[] =
    useCase === 'Poll Add Option' ? ['Poll Add Option', 'Poll Edit'] : [useCase]
  for (const context of candidates) {
    for (const each of useCases) {
      try {
        return { plaintext: openWithSecret(sealed, secret, context, each), context }
      } catch (error) {
        if (!KurirError.is(error) || error.code !== 'mac-mismatch') throw error
      }
    }
  }
  return undefined
}

/** One person under both names, as far as they are known. */
export interface Person {
  readonly lid?: string | undefined
  readonly pn?: string | undefined
  /** As the stanza or key names them. */
  readonly asSeen: string
}

/** Contexts to try for an add-on, most likely first. JIDs are given without device. */
export function secretContexts(messageId: string, originalSender: Person, modifier: Person): SecretContext[] {
  const pairs: (readonly [string | undefined, string | undefined])[] = [
    [originalSender.lid, modifier.lid],
    [originalSender.pn, modifier.pn],
    [originalSender.asSeen, modifier.asSeen],
  ]
  const contexts: SecretContext[] = []
  for (const [original, author] of pairs) {
    if (original === undefined || author === undefined) continue
    if (contexts.some(known => known.originalSender === original && known.modifier === author)) continue
    contexts.push({ messageId, originalSender: original, modifier: author })
  }
  return contexts
}

/** How votes name an option: SHA-256 of its UTF-8 text, not normalised. */
export function hashPollOption(name: string): Buffer {
  return sha256(Buffer.from(name, 'utf8'))
}

/** The secret that a message carries, for add-ons to it. */
export function messageSecretOf(message: {
  message?: proto.IMessage | null | undefined
  messageSecret?: Uint8Array | null | undefined
}): Uint8Array | undefined {
  return message.message?.messageContextInfo?.messageSecret ?? message.messageSecret ?? undefined
}

/** A protobuf class, as far as opening needs it. */
interface Decoder<Content> {
  decode(bytes: Uint8Array): Content
}

function decryptAddOn<Content>(
  sealed: proto.Message.IPollEncValue,
  secret: Uint8Array,
  context: SecretContext,
  useCase: MessageSecretUseCase,
  content: Decoder<Content>,
): Content {
  return content.decode(openWithSecret(sealed, secret, context, useCase))
}

/**
 * Opens a poll vote. JIDs are the caller's business: users without device, as the voter saw them.
 *
 * @throws KurirError as {@link openWithSecret}, and `invalid-protobuf`
 */
export function decryptPollVote(
  vote: proto.Message.IPollEncValue,
  ctx: { pollCreatorJid: string; pollMsgId: string; pollEncKey: Uint8Array; voterJid: string },
): proto.Message.PollVoteMessage {
  const context = { messageId: ctx.pollMsgId, originalSender: ctx.pollCreatorJid, modifier: ctx.voterJid }
  return decryptAddOn(vote, ctx.pollEncKey, context, MessageSecretUseCase.PollVote, proto.Message.PollVoteMessage)
}

/**
 * Opens an answer to an event. JIDs as for {@link decryptPollVote}.
 *
 * @throws KurirError as {@link openWithSecret}, and `invalid-protobuf`
 */
export function decryptEventResponse(
  response: proto.Message.IPollEncValue,
  ctx: { eventCreatorJid: string; eventMsgId: string; eventEncKey: Uint8Array; responderJid: string },
): proto.Message.EventResponseMessage {
  const context = { messageId: ctx.eventMsgId, originalSender: ctx.eventCreatorJid, modifier: ctx.responderJid }
  const { EventResponse } = MessageSecretUseCase
  return decryptAddOn(response, ctx.eventEncKey, context, EventResponse, proto.Message.EventResponseMessage)
}
