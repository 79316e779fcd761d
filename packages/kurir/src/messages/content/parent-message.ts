import { isHostedLidUser, isLidUser, jidNormalizedUser } from '../../binary/jid.js'
import { KurirError } from '../../errors/index.js'
import type { WAMessage, WAMessageKey } from '../../events/message-types.js'
import type { proto } from '../../proto/index.js'
import {
  type MessageSecretUseCase,
  messageSecretOf,
  type SealedPayload,
  type SecretContext,
  sealWithSecret,
} from '../message-secrets.js'
import { checkObject, targetKey } from './checks.js'
import { invalidContent } from './content-error.js'
import type { MessageContentGenerationOptions } from './content-types.js'

/**
 * The message that a vote, an answer, a comment or a sealed edit belongs to. The message itself, or its key: then
 * `getMessage` is asked for it, since what belongs to a message is sealed with its secret.
 */
export type ParentMessage = WAMessage | WAMessageKey

export interface Parent {
  /** Key of the parent as it is written into messages to this chat. */
  readonly key: proto.IMessageKey
  /** Its author, without device, and we ourselves in the same namespace. */
  readonly author: string
  readonly me: string
  readonly secret: Uint8Array
  /** Undefined when only its secret is known. */
  readonly content: proto.IMessage | undefined
}

/** Key and message of a parent, as the caller gave them. */
export function keyOfParent(field: string, parent: ParentMessage): { key: WAMessageKey; message?: WAMessage } {
  checkObject(field, parent)
  return 'key' in parent && parent.key
    ? { key: parent.key, message: parent as WAMessage }
    : { key: parent as WAMessageKey }
}

/**
 * Finds what sealing an add-on to a message needs (docs/protocol/03, 8.1).
 *
 * @throws KurirError `invalid-content` for an unusable key, `missing-message-secret` when the parent is not known
 */
export async function resolveParent(
  field: string,
  given: ParentMessage,
  options: MessageContentGenerationOptions,
  knownSecret?: Uint8Array,
): Promise<Parent> {
  const { key: named, message } = keyOfParent(field, given)
  const key = targetKey(field, named, options.jid)
  const content = message?.message ?? (knownSecret ? undefined : await options.getMessage?.(named)) ?? undefined
  const secret = knownSecret ?? messageSecretOf({ message: content, messageSecret: message?.messageSecret })
  if (secret === undefined) {
    throw new KurirError('missing-message-secret', 'The message that this belongs to, or its secret, is not known', {
      statusCode: 404,
      data: { field, id: key.id, jid: key.remoteJid },
    })
  }
  return { key, ...authors(field, key, named, options), secret, content }
}

/** Both identities in one namespace: our LID where the author is known by LID, else our number. */
function authors(
  field: string,
  key: proto.IMessageKey,
  named: WAMessageKey,
  { userJid, userLid }: MessageContentGenerationOptions,
): { readonly author: string; readonly me: string } {
  if (userJid === undefined) throw invalidContent('userJid', 'Sealing needs the own JID')
  const byLid = (jid: string) => isLidUser(jid) === true || isHostedLidUser(jid) === true
  if (key.fromMe === true) {
    const seen = named.participant || named.remoteJid || ''
    const own = userLid !== undefined && (byLid(seen) || named.addressingMode === 'lid') ? userLid : userJid
    return { author: jidNormalizedUser(own), me: jidNormalizedUser(own) }
  }
  const author = jidNormalizedUser(key.participant ?? named.participant ?? key.remoteJid ?? undefined)
  if (author === '') throw invalidContent(`${field}.participant`, 'The author of the message is not known')
  return { author, me: jidNormalizedUser(byLid(author) ? (userLid ?? userJid) : userJid) }
}

/** Seals the plaintext of an add-on to a message. */
export function sealFor(
  parent: Parent,
  plaintext: Uint8Array,
  useCase: MessageSecretUseCase,
  options: MessageContentGenerationOptions,
): SealedPayload {
  const context: SecretContext = { messageId: parent.key.id ?? '', originalSender: parent.author, modifier: parent.me }
  return sealWithSecret(plaintext, parent.secret, context, useCase, options.sealingIv)
}
