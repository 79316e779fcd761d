import type { proto } from '../../proto/index.js'
import { checkObject, checkOptionalText, checkText } from './checks.js'
import type { ContentModifiers } from './content-types.js'

/** What a buyer sends after putting products of a catalogue into a cart; Kurir's own member. */
export interface OrderContent extends ContentModifiers {
  order: proto.Message.IOrderMessage
}

/** docs/protocol/03, 2.4. @throws KurirError `invalid-content` without what the seller needs to look the order up */
export function buildOrder({ order }: OrderContent): proto.IMessage {
  const { orderId, token, sellerJid, message } = checkObject('order', order)
  checkText('order.orderId', orderId)
  checkText('order.token', token)
  checkText('order.sellerJid', sellerJid)
  checkOptionalText('order.message', message)
  return { orderMessage: { ...order } }
}
