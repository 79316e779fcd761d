import { getBinaryNodeChild, getBinaryNodeChildren, getBinaryNodeChildString } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { OrderDetails } from './business-types.js'
import { amountOf, imageSize } from './product.js'

/** Most products of an order that are read. */
const mostProducts = 1_000

/** Asks what was ordered (docs/protocol/05, 5.5). @param token of the message that brought the order, base64 */
export function buildOrderRequest(orderId: string, token: string): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'fb:thrift_iq', smax_id: '5' },
    content: [
      {
        tag: 'order',
        attrs: { op: 'get', id: orderId },
        content: [
          { tag: 'image_dimensions', attrs: {}, content: [...imageSize] },
          { tag: 'token', attrs: {}, content: Buffer.from(token) },
        ],
      },
    ],
  }
}

export function parseOrder(answer: BinaryNode): OrderDetails {
  const order = getBinaryNodeChild(answer, 'order')
  const price = getBinaryNodeChild(order, 'price')
  return {
    price: {
      total: amountOf(getBinaryNodeChildString(price, 'total')),
      currency: getBinaryNodeChildString(price, 'currency') ?? '',
    },
    products: getBinaryNodeChildren(order, 'product')
      .slice(0, mostProducts)
      .map(product => ({
        id: getBinaryNodeChildString(product, 'id') ?? '',
        name: getBinaryNodeChildString(product, 'name') ?? '',
        imageUrl: getBinaryNodeChildString(getBinaryNodeChild(product, 'image'), 'url') ?? '',
        price: amountOf(getBinaryNodeChildString(product, 'price')),
        currency: getBinaryNodeChildString(product, 'currency') ?? '',
        quantity: parseDecimal(getBinaryNodeChildString(product, 'quantity')) ?? 0,
      })),
  }
}
