import type { BinaryNode } from '../binary/node.js'
import type { proto } from '../proto/index.js'
import { normalizeMessageContent } from './content-type.js'
import type { StanzaAttributes } from './stanza-attributes.js'

/** Names of native flows by the button that opens them; anything else is `mixed`. */
const flowNames: ReadonlyMap<string | null | undefined, string> = new Map([
  ['payment_info', 'payment_info'],
  ['review_and_pay', 'order_details'],
])

/**
 * The `<biz>` child that accompanies lists, buttons and native flows (docs/protocol/03, 2.10). Whether anybody sees such
 * messages from an ordinary account is up to the server: only `relayMessage` sends them.
 */
export function businessCompanionOf(message: proto.IMessage): BinaryNode | undefined {
  const { listMessage, buttonsMessage, interactiveMessage } = normalizeMessageContent(message) ?? {}
  if (listMessage) return biz({ tag: 'list', attrs: { type: 'product_list', v: '2' } })
  if (!buttonsMessage && !interactiveMessage) return undefined
  const name = flowNames.get(interactiveMessage?.nativeFlowMessage?.buttons?.[0]?.name) ?? 'mixed'
  const flow = { tag: 'native_flow', attrs: name === 'mixed' ? { name, v: '9' } : { name } }
  return biz({ tag: 'interactive', attrs: { type: 'native_flow', v: '1' }, content: [flow] })
}

function biz(child: BinaryNode): BinaryNode {
  return { tag: 'biz', attrs: {}, content: [child] }
}

/** Beside `<biz>` the server refuses a media type. */
export function attributesBesideBusiness(attributes: StanzaAttributes): StanzaAttributes {
  return { ...attributes, type: 'text', mediatype: undefined }
}
