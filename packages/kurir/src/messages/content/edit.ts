import { isJidNewsletter } from '../../binary/jid.js'
import { proto } from '../../proto/index.js'
import { type ContentType, getContentType } from '../content-type.js'
import { MessageSecretUseCase } from '../message-secrets.js'
import { targetKey } from './checks.js'
import { invalidContent } from './content-error.js'
import type { Editable, MessageContentGenerationOptions } from './content-types.js'
import { resolveParent, sealFor } from './parent-message.js'
import { pollOf } from './poll.js'

/** Kinds whose text or caption may be changed (docs/protocol/03, 2.5). */
const editable: ReadonlySet<ContentType | undefined> = new Set<ContentType | undefined>([
  'conversation',
  'extendedTextMessage',
  'imageMessage',
  'videoMessage',
  'documentMessage',
])

/**
 * Turns new content into the change of an own message. Texts and captions travel openly inside the message; events and
 * polls are sealed with the secret of the one they replace (docs/protocol/03, 2.5 and 8.6).
 *
 * @throws KurirError `invalid-content` for somebody else's message or a kind that cannot change,
 *   `missing-message-secret` when the event or poll is not known
 */
export function applyEdit(
  message: proto.IMessage,
  { edit }: Editable,
  options: MessageContentGenerationOptions,
): proto.IMessage | Promise<proto.IMessage> {
  if (edit === null || edit === undefined) return message
  const key = targetKey('edit', edit, options.jid)
  // Posts of a channel are not fromMe, even our own.
  if (key.fromMe === false && !isJidNewsletter(key.remoteJid ?? undefined)) {
    throw invalidContent('edit.fromMe', 'Only own messages can be edited', { id: key.id })
  }
  const own = { ...key, fromMe: true }
  if (message.eventMessage || pollOf(message)) return sealedEdit(message, { ...edit, fromMe: true }, options)
  const kind = getContentType(message)
  if (!editable.has(kind)) {
    throw invalidContent('edit', 'Only texts, captions, events and polls can be edited', { kind })
  }
  return {
    protocolMessage: {
      key: own,
      type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
      editedMessage: message,
      timestampMs: options.now ?? Date.now(),
    },
  }
}

/** The caller may bring the secret of the message that changes as that of the new one: it is the same. */
async function sealedEdit(
  message: proto.IMessage,
  edit: NonNullable<Editable['edit']>,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const { messageContextInfo, ...content } = message
  const parent = await resolveParent('edit', edit, options, messageContextInfo?.messageSecret ?? undefined)
  const isEvent = Boolean(message.eventMessage)
  const { EVENT_EDIT, POLL_EDIT } = proto.Message.SecretEncryptedMessage.SecretEncType
  const useCase = isEvent ? MessageSecretUseCase.EventEdit : MessageSecretUseCase.PollEdit
  return {
    secretEncryptedMessage: {
      targetMessageKey: parent.key,
      ...sealFor(parent, proto.Message.encode(content).finish(), useCase, options),
      secretEncType: isEvent ? EVENT_EDIT : POLL_EDIT,
    },
  }
}
