import { getBinaryNodeChild, getBinaryNodeChildString } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type { Product, ProductBase } from './business-types.js'

/** The size of images that is asked for, in pixels. */
export const imageSize: readonly BinaryNode[] = [
  { tag: 'width', attrs: {}, content: Buffer.from('100') },
  { tag: 'height', attrs: {}, content: Buffer.from('100') },
]

/** A product as it is written; its images are uploaded. */
export interface WrittenProduct extends Partial<ProductBase> {
  /** Set for changes. */
  readonly id?: string
  readonly imageUrls: readonly string[]
  /** Missing when nothing is said of it, undefined for no country. */
  readonly originCountryCode?: string | undefined
}

/** A product as catalogues and collections give it (docs/protocol/05, 5.4). */
export function parseProduct(node: BinaryNode): Product {
  const text = (tag: string) => getBinaryNodeChildString(node, tag) ?? ''
  const image = getBinaryNodeChild(getBinaryNodeChild(node, 'media'), 'image')
  const [retailerId, url] = [getBinaryNodeChildString(node, 'retailer_id'), getBinaryNodeChildString(node, 'url')]
  return {
    id: text('id'),
    imageUrls: {
      requested: getBinaryNodeChildString(image, 'request_image_url') ?? '',
      original: getBinaryNodeChildString(image, 'original_image_url') ?? '',
    },
    reviewStatus: { whatsapp: getBinaryNodeChildString(getBinaryNodeChild(node, 'status_info'), 'status') ?? '' },
    availability: 'in stock',
    name: text('name'),
    ...(retailerId === undefined ? {} : { retailerId }),
    ...(url === undefined ? {} : { url }),
    description: text('description'),
    price: amountOf(text('price')),
    currency: text('currency'),
    isHidden: node.attrs['is_hidden'] === 'true',
  }
}

/** An amount in thousandths; 0 for what is no number. */
export function amountOf(text: string | undefined): number {
  const amount = Number(text ?? 0)
  return Number.isFinite(amount) ? amount : 0
}

export function buildProductCreation(product: WrittenProduct): BinaryNode {
  return catalogChange({
    tag: 'product_catalog_add',
    attrs: { v: '1' },
    content: [productNode(product), ...imageSize],
  })
}

export function buildProductChange(product: WrittenProduct): BinaryNode {
  return catalogChange({
    tag: 'product_catalog_edit',
    attrs: { v: '1' },
    content: [productNode(product), ...imageSize],
  })
}

export function buildProductDeletion(ids: readonly string[]): BinaryNode {
  return catalogChange({
    tag: 'product_catalog_delete',
    attrs: { v: '1' },
    content: ids.map(id => ({ tag: 'product', attrs: {}, content: [leaf('id', id)] })),
  })
}

/** The product in the answer to a creation or change; undefined when there is none. */
export function parseWrittenProduct(
  answer: BinaryNode,
  tag: 'product_catalog_add' | 'product_catalog_edit',
): Product | undefined {
  const product = getBinaryNodeChild(getBinaryNodeChild(answer, tag), 'product')
  return product && parseProduct(product)
}

/** How many products a deletion has found. */
export function parseDeletedCount(answer: BinaryNode): number {
  return parseDecimal(getBinaryNodeChild(answer, 'product_catalog_delete')?.attrs['deleted_count']) ?? 0
}

/**
 * The parts stand in the order in which the service documents them.
 *
 * @throws KurirError `invalid-product` (400) naming the field
 */
function productNode(product: WrittenProduct): BinaryNode {
  const { id, name, description, retailerId, imageUrls, price, currency, isHidden, originCountryCode } = product
  if (price !== undefined && !(Number.isSafeInteger(price) && price >= 0)) {
    throw invalidProduct('price', 'A price is a whole number of thousandths of the unit')
  }
  const hasNoOrigin = 'originCountryCode' in product && originCountryCode === undefined
  const images = imageUrls.map((url): BinaryNode => ({ tag: 'image', attrs: {}, content: [leaf('url', url)] }))
  return {
    tag: 'product',
    attrs: {
      ...(hasNoOrigin ? { compliance_category: 'COUNTRY_ORIGIN_EXEMPT' } : {}),
      ...(isHidden === undefined ? {} : { is_hidden: String(isHidden) }),
    },
    content: [
      ...leaves({ id, name, description, retailer_id: retailerId }),
      ...(images.length === 0 ? [] : [{ tag: 'media', attrs: {}, content: images }]),
      ...leaves({ price: price === undefined ? undefined : String(price), currency }),
      ...(originCountryCode === undefined
        ? []
        : [{ tag: 'compliance_info', attrs: {}, content: [leaf('country_code_origin', originCountryCode)] }]),
    ],
  }
}

function leaves(texts: { readonly [tag: string]: string | undefined }): BinaryNode[] {
  return Object.entries(texts).flatMap(([tag, text]) => (text === undefined ? [] : [leaf(tag, text)]))
}

function leaf(tag: string, text: string): BinaryNode {
  return { tag, attrs: {}, content: Buffer.from(text) }
}

function catalogChange(content: BinaryNode): BinaryNode {
  return { tag: 'iq', attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'w:biz:catalog' }, content: [content] }
}

export function invalidProduct(field: string, message: string): KurirError {
  return new KurirError('invalid-product', message, { statusCode: 400, data: { field } })
}
