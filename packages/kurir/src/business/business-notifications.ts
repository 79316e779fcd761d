import {
  contentString,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  getBinaryNodeChildString,
} from '../binary/accessors.js'
import { isLidUser, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { businessNameOf } from '../usync/business-protocol.js'
import type { BusinessUpdate } from './business-types.js'

/** What a `<notification type=business>` says. */
export type BusinessNews =
  | { readonly kind: 'verified-name'; readonly id: string; readonly name: string }
  | { readonly kind: 'update'; readonly update: BusinessUpdate }

/** Most products of one notification that are told of. */
const mostProducts = 1_000

/**
 * Reads `<notification type=business>` (docs/protocol/05, 5.7). Contacts that are named by a hash alone are left out:
 * nobody knows whom it means. So is what only concerns paid features and advertisements.
 *
 * @throws KurirError `invalid-usync-result` for a certificate that does not decode
 */
export function parseBusinessNotification(node: BinaryNode): BusinessNews[] {
  const { from } = node.attrs
  return (Array.isArray(node.content) ? node.content : []).flatMap(child =>
    newsOf(userOf(child.attrs['jid']) ?? userOf(from), child),
  )
}

function newsOf(id: string | undefined, child: BinaryNode): BusinessNews[] {
  const isHashed = child.attrs['hash'] !== undefined && child.attrs['jid'] === undefined
  if (id === undefined || (isHashed && child.tag !== 'profile')) return []
  switch (child.tag) {
    case 'verified_name': {
      const name = businessNameOf(child)
      return name === null ? [] : [{ kind: 'verified-name', id, name: name.verifiedName }]
    }
    case 'remove':
      return [updated({ kind: 'removed', id })]
    case 'profile':
      return [updated({ kind: 'profile', id })]
    case 'product_catalog':
      return catalogNews(id, child)
    default:
      return []
  }
}

function catalogNews(id: string, catalog: BinaryNode): BusinessNews[] {
  const products = getBinaryNodeChildren(catalog, 'product').slice(0, mostProducts)
  const productIds = products.flatMap(product => contentString(getBinaryNodeChild(product, 'id')) || [])
  const collections = getBinaryNodeChildren(catalog, 'collection')
    .slice(0, mostProducts)
    .flatMap((collection): BusinessNews[] => {
      const collectionId = collection.attrs['id']
      const info = getBinaryNodeChild(collection, 'status_info')
      const status = partOf(info, 'status')
      if (!collectionId || !status) return []
      return [
        updated({
          kind: 'collection',
          id,
          collectionId,
          status,
          rejectReason: partOf(info, 'reject_reason'),
        }),
      ]
    })
  return [...(productIds.length > 0 ? [updated({ kind: 'products', id, productIds })] : []), ...collections]
}

/** Written as attribute or as child. */
function partOf(node: BinaryNode | undefined, name: string): string | undefined {
  return node?.attrs[name] ?? getBinaryNodeChildString(node, name)
}

function updated(update: BusinessUpdate): BusinessNews {
  return { kind: 'update', update }
}

function userOf(jid: string | undefined): string | undefined {
  return jid !== undefined && (isPnUser(jid) || isLidUser(jid)) ? jidNormalizedUser(jid) : undefined
}
