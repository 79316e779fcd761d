import type { WAMediaUpload } from '../../media/media-types.js'
import type { proto } from '../../proto/index.js'
import { checkObject, checkOptionalText } from './checks.js'
import type { ContentModifiers, MessageContentGenerationOptions } from './content-types.js'
import { buildMedia } from './media.js'

/** A product as it is sent: with a picture to be uploaded. */
export type WASendableProduct = Omit<proto.Message.ProductMessage.IProductSnapshot, 'productImage'> & {
  productImage: WAMediaUpload
}

export interface ProductContent extends ContentModifiers {
  product: WASendableProduct
  businessOwnerJid?: string | undefined
  body?: string | undefined
  footer?: string | undefined
}

/** docs/protocol/03, 2.4. @throws KurirError `invalid-content`, and what the upload of the picture throws */
export async function buildProduct(
  content: ProductContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const { productImage, ...product } = checkObject('product', content.product)
  const { imageMessage } = await buildMedia({ image: productImage }, options)
  const message: proto.Message.IProductMessage = { product: { ...product, productImage: imageMessage } }
  for (const name of ['businessOwnerJid', 'body', 'footer'] as const) {
    const text = checkOptionalText(name, content[name])
    if (text !== undefined) message[name] = text
  }
  return { productMessage: message }
}
