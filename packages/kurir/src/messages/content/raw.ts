import { KurirError } from '../../errors/index.js'
import type { proto } from '../../proto/index.js'
import { getContentType, normalizeMessageContent } from '../content-type.js'
import { checkObject } from './checks.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers } from './content-types.js'

/** A ready protobuf message; Kurir's own member. It gets a secret, context and a key like any other content. */
export interface RawContent extends ContentModifiers {
  raw: proto.IMessage
}

/** @throws KurirError `invalid-content` for a message without content, `undeliverable-content` for what WhatsApp drops */
export function buildRaw({ raw }: RawContent): proto.IMessage {
  checkObject('raw', raw)
  const kind = getContentType(normalizeMessageContent(raw))
  if (kind === undefined) throw invalidContent('raw', 'The message has no content', { keys: Object.keys(raw) })
  if (droppedMessages.has(kind)) throw undeliverable(`raw.${kind}`)
  return { ...raw }
}

/** Kinds that only businesses may send: the server drops them, or receivers show nothing (docs/protocol/03, 2.10). */
const droppedMessages: ReadonlySet<string> = new Set([
  'buttonsMessage',
  'listMessage',
  'templateMessage',
  'interactiveMessage',
  'highlyStructuredMessage',
])

/** Members by which programs ask for such kinds. */
export const droppedMembers: readonly string[] = [
  'buttons',
  'buttonText',
  'templateButtons',
  'hydratedButtons',
  'interactiveButtons',
  'nativeFlow',
  'nativeFlowMessage',
  'interactiveMessage',
  'sections',
  'list',
  'cards',
  'carousel',
]

export function undeliverable(field: string): KurirError {
  return new KurirError(
    'undeliverable-content',
    'WhatsApp drops buttons, lists and the like unless a business sends them through its own interface: nothing was sent',
    { statusCode: 400, data: { field } },
  )
}
