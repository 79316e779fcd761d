import type { BinaryNode } from 'kurir/binary'
import { element } from '../router/stanzas.js'
import type { BusinessProfile, CatalogCollection, CatalogProduct, Order } from './business.js'

/** The profile of a business in the answer to `w:biz` (docs/protocol/05 §5.1). */
export const profileElement = (jid: string, profile: BusinessProfile): BinaryNode => {
  const { address, description, email, websites, categories, hours } = profile
  return element('profile', { jid, tag: '1' }, [
    ...leaves({ address, description, email }),
    ...websites.map(website => element('website', {}, website)),
    ...(categories.length === 0
      ? []
      : [
          element(
            'categories',
            {},
            categories.map(({ id, name }) => element('category', { id }, name)),
          ),
        ]),
    ...(hours === undefined
      ? []
      : [
          element(
            'business_hours',
            { timezone: hours.timezone },
            hours.days.map(day => element('business_hours_config', day)),
          ),
        ]),
  ])
}

/** A product as catalogues and collections show it (docs/protocol/05 §5.4). */
export const productElement = (product: CatalogProduct): BinaryNode => {
  const { id, name, description, retailerId, price, currency, isHidden, images, status } = product
  return element('product', { is_hidden: isHidden ? 'true' : undefined }, [
    ...leaves({ id, name, retailer_id: retailerId, description, price: String(price), currency }),
    element(
      'media',
      {},
      images.map(url =>
        element('image', {}, leaves({ request_image_url: `${url}&width=100`, original_image_url: url })),
      ),
    ),
    element('status_info', {}, leaves({ status, can_appeal: String(status === 'REJECTED') })),
  ])
}

export const collectionElement = (
  { id, name, status }: CatalogCollection,
  products: readonly CatalogProduct[],
): BinaryNode =>
  element('collection', {}, [
    ...leaves({ id, name }),
    ...products.map(productElement),
    element('status_info', {}, leaves({ status, can_appeal: String(status === 'REJECTED') })),
  ])

/** What was ordered (docs/protocol/05 §5.5). */
export const orderElement = ({ id, createdAt, items }: Order): BinaryNode => {
  const total = items.reduce((sum, { product, quantity }) => sum + product.price * quantity, 0)
  const currency = items[0]?.product.currency ?? ''
  const products = items.map(({ product, quantity }) =>
    element('product', {}, [
      ...leaves({ id: product.id, name: product.name }),
      element('image', {}, leaves({ id: product.id, url: product.images[0] })),
      ...leaves({ price: String(product.price), currency: product.currency, quantity: String(quantity) }),
    ]),
  )
  const price = element('price', {}, leaves({ subtotal: String(total), total: String(total), currency }))
  return element('order', { id, creation_ts: String(createdAt) }, [...products, price])
}

const leaves = (texts: Readonly<Record<string, string | undefined>>): BinaryNode[] =>
  Object.entries(texts).flatMap(([tag, text]) => (text === undefined ? [] : [element(tag, {}, text)]))
