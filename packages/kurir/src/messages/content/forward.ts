import type { WAMessage } from '../../events/message-types.js'
import { proto } from '../../proto/index.js'
import { contextInfoOf, getContentType, kindsAboutOthers, normalizeMessageContent } from '../content-type.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers } from './content-types.js'
import { withContextInfo } from './modifiers.js'

/** Sends somebody's message on. */
export interface ForwardContent extends ContentModifiers {
  forward: WAMessage
  /** Marks an own message as forwarded too. */
  force?: boolean | undefined
}

/** Far beyond what any client tells apart. */
const maxScore = 0x7fff_ffff

export function buildForward({ forward, force }: ForwardContent): proto.IMessage {
  return generateForwardMessageContent(forward, force)
}

/**
 * A copy of a message's content for sending on (docs/protocol/03, 2.5). Its context is replaced by the forwarding score;
 * mentions and quotes do not travel. Nor does the secret: the copy gets one of its own, where Baileys keeps the old one.
 *
 * @param forceForward counts an own message as forwarded
 * @throws KurirError `invalid-content` for a message without content
 */
export function generateForwardMessageContent(message: WAMessage, forceForward = false): proto.IMessage {
  const normalized = normalizeMessageContent(message?.message)
  const kind = getContentType(normalized)
  const content = kind === undefined ? undefined : normalized?.[kind]
  if (kind === undefined || content === undefined || content === null) {
    throw invalidContent('forward', 'The message has no content that could be forwarded', { id: message?.key?.id })
  }
  if (kindsAboutOthers.has(kind)) {
    throw invalidContent('forward', 'A message of this kind belongs to another one and cannot be forwarded', { kind })
  }
  const copy = copyOf({ [kind]: content })
  const holder = copy[kind]
  const context = contextInfoOf(copy)
  const isOwn = message.key?.fromMe === true && !forceForward
  const score = Math.min((context?.forwardingScore ?? 0) + (isOwn ? 0 : 1), maxScore)
  const bare =
    typeof holder === 'object' && holder !== null ? { ...copy, [kind]: { ...holder, contextInfo: {} } } : copy
  return withContextInfo(bare, score > 0 ? { forwardingScore: score, isForwarded: true } : {})
}

/** Through the wire form: nothing of the original is shared, and nothing but protobuf fields is taken along. */
function copyOf(message: proto.IMessage): proto.IMessage {
  return proto.Message.decode(proto.Message.encode(message).finish())
}
