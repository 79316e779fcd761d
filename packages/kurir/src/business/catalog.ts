import { getBinaryNodeChild, getBinaryNodeChildren, getBinaryNodeChildString } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { CatalogCollection, CatalogPage } from './business-types.js'
import { imageSize, parseProduct } from './product.js'

/** Most products and collections of one answer that are read. */
const mostItems = 1_000

/** Asks for a page of a catalogue (docs/protocol/05, 5.4). */
export function buildCatalogRequest(jid: string, limit: number, cursor: string | undefined): BinaryNode {
  const after: BinaryNode[] = cursor === undefined ? [] : [leaf('after', cursor)]
  return request({
    tag: 'product_catalog',
    attrs: { jid, allow_shop_source: 'true' },
    content: [leaf('limit', String(limit)), ...imageSize, ...after],
  })
}

export function parseCatalog(answer: BinaryNode): CatalogPage {
  const catalog = getBinaryNodeChild(answer, 'product_catalog')
  return {
    products: getBinaryNodeChildren(catalog, 'product').slice(0, mostItems).map(parseProduct),
    nextPageCursor: getBinaryNodeChildString(getBinaryNodeChild(catalog, 'paging'), 'after') || undefined,
  }
}

/** Asks for the collections of a catalogue. @param limit most collections, and most products of each */
export function buildCollectionsRequest(jid: string, limit: number): BinaryNode {
  const asked = request({
    tag: 'collections',
    attrs: { biz_jid: jid },
    content: [leaf('collection_limit', String(limit)), leaf('item_limit', String(limit)), ...imageSize],
  })
  return { ...asked, attrs: { ...asked.attrs, smax_id: '35' } }
}

export function parseCollections(answer: BinaryNode): CatalogCollection[] {
  return getBinaryNodeChildren(getBinaryNodeChild(answer, 'collections'), 'collection')
    .slice(0, mostItems)
    .map(collection => {
      const status = getBinaryNodeChild(collection, 'status_info')
      return {
        id: getBinaryNodeChildString(collection, 'id') ?? '',
        name: getBinaryNodeChildString(collection, 'name') ?? '',
        products: getBinaryNodeChildren(collection, 'product').slice(0, mostItems).map(parseProduct),
        status: {
          status: getBinaryNodeChildString(status, 'status') ?? '',
          canAppeal: getBinaryNodeChildString(status, 'can_appeal') === 'true',
        },
      }
    })
}

function request(content: BinaryNode): BinaryNode {
  return { tag: 'iq', attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'w:biz:catalog' }, content: [content] }
}

function leaf(tag: string, text: string): BinaryNode {
  return { tag, attrs: {}, content: Buffer.from(text) }
}
