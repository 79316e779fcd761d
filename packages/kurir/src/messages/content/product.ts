import type { WAMediaUpload } from '../../media/media-types.js'
import type { proto } from '../../proto/index.js'
import { applyModifiers } from './apply-modifiers.js'
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
  checkObject('product.productImage', productImage)
  const message: proto.Message.IProductMessage = {}
  for (const name of ['businessOwnerJid', 'body', 'footer'] as const) {
    const text = checkOptionalText(name, content[name])
    if (text !== undefined) message[name] = text
  }
  await applyModifiers({ productMessage: message }, content, options)
  const { imageMessage } = await buildMedia({ image: productImage }, options)
  return { productMessage: { ...message, product: { ...product, productImage: imageMessage } } }
}
