import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Business, BusinessProfile, CatalogProduct } from '../../business/business.js'
import { collectionElement, orderElement, productElement, profileElement } from '../../business/business-elements.js'
import type { BusinessService } from '../../business/business-service.js'
import type { MediaHost } from '../../media/media-host.js'
import { type IqAnswer, IqFailure, type IqHandler, type IqRequest, NO_CHILDREN } from '../iq-answer.js'
import type { ServiceCore } from '../service-core.js'
import { childrenOf, element, textOf } from '../stanzas.js'

/** What serves the questions about businesses. */
interface BusinessDesk {
  readonly core: ServiceCore
  readonly businesses: BusinessService
  readonly media: MediaHost
}

const notFound = new IqFailure(404, 'item-not-found')
const notAcceptable = new IqFailure(406, 'not-acceptable')
const LARGEST_PAGE = 100

/** Profiles, names, catalogues and orders of businesses (docs/protocol/05 §5, §6.6). */
export const businessHandlers = (desk: BusinessDesk): Readonly<Record<string, IqHandler>> => ({
  'w:biz get business_profile': ({ child }) => [
    element(
      'business_profile',
      { v: child?.attrs['v'] },
      childrenOf(child ?? element('')).flatMap(({ attrs: { jid = '' } }) => {
        const business = businessOf(desk, jid)
        return business === undefined ? [] : [profileElement(jid, business.profile)]
      }),
    ),
  ],
  'w:biz set business_profile': request => changeProfile(desk, request),
  'w:biz get verified_name': ({ child }) => {
    const business = businessOf(desk, child?.attrs['jid'])
    if (business === undefined) return NO_CHILDREN
    const { certificate, level, serial } = business.verifiedName
    return [element('verified_name', { verified_level: level, serial, v: '1' }, certificate)]
  },
  'w:biz:catalog get product_catalog': request => catalogPage(desk, request),
  'w:biz:catalog get collections': request => collections(desk, request),
  'w:biz:catalog set product_catalog_add': request => addProduct(desk, request),
  'w:biz:catalog set product_catalog_edit': request => editProduct(desk, request),
  'w:biz:catalog set product_catalog_delete': request => deleteProducts(desk, request),
  'fb:thrift_iq get order': ({ child }) => {
    const order = desk.businesses.findOrder(child?.attrs['id'])
    if (order === undefined) return notFound
    const token = textOf(child === undefined ? undefined : getBinaryNodeChild(child, 'token'))
    return token === order.token ? [orderElement(order)] : new IqFailure(403, 'forbidden')
  },
})

const businessOf = ({ core, businesses }: BusinessDesk, jid: string | undefined): Business | undefined =>
  businesses.of(core.accounts.resolve(jid)?.account)

const changeProfile = ({ businesses }: BusinessDesk, { device, child }: IqRequest): IqAnswer => {
  const profile = businesses.of(device.account)?.profile
  if (profile === undefined) return new IqFailure(403, 'forbidden')
  const changes = childrenOf(child ?? element(''))
  for (const change of changes) if (!applyChange(profile, change)) return notAcceptable
  const websites = changes.filter(({ tag }) => tag === 'website').map(node => textOf(node) ?? '')
  if (websites.length > 0) profile.websites = websites.filter(website => website !== '')
  businesses.profileChanged(device.account, device)
  return NO_CHILDREN
}

/** False for what makes no sense. */
const applyChange = (profile: BusinessProfile, node: BinaryNode): boolean => {
  switch (node.tag) {
    case 'address':
    case 'description':
    case 'email':
      profile[node.tag] = textOf(node)
      return true
    case 'business_hours': {
      const days = getBinaryNodeChildren(node, 'business_hours_config').map(({ attrs }) => attrs)
      const isComplete = days.every(day => day['mode'] !== 'specific_hours' || (day['open_time'] && day['close_time']))
      profile.hours = { timezone: node.attrs['timezone'] ?? '', days }
      return isComplete
    }
    case 'cover_photo':
      if (node.attrs['op'] === 'delete' && profile.coverPhoto?.id !== node.attrs['id']) return false
      profile.coverPhoto = node.attrs['op'] === 'delete' ? undefined : { id: node.attrs['id'] ?? '' }
      return true
    default:
      return true
  }
}

/** The cursor says after which product a page begins. */
const catalogPage = (desk: BusinessDesk, { device, child }: IqRequest): IqAnswer => {
  const business = businessOf(desk, child?.attrs['jid'])
  if (business === undefined || child === undefined) return notFound
  const limit = Number(textOf(getBinaryNodeChild(child, 'limit')))
  if (!(limit >= 1 && limit <= LARGEST_PAGE)) return notAcceptable
  const own = business === desk.businesses.of(device.account)
  const all = [...business.products.values()].filter(
    ({ isHidden, status }) => own || (!isHidden && status === 'APPROVED'),
  )
  const after = textOf(getBinaryNodeChild(child, 'after'))
  const start = after === undefined ? 0 : all.findIndex(({ id }) => cursorOf(id) === after) + 1
  if (after !== undefined && start === 0) return notAcceptable
  const page = all.slice(start, start + limit)
  const last = page.at(-1)
  const more = start + limit < all.length && last !== undefined
  const paging = element('paging', {}, more ? [element('after', {}, cursorOf(last.id))] : [])
  return [element('product_catalog', {}, [...page.map(productElement), paging])]
}

const cursorOf = (id: string): string => Buffer.from(`after ${id}`).toString('base64url')

const collections = (desk: BusinessDesk, { child }: IqRequest): IqAnswer => {
  const business = businessOf(desk, child?.attrs['biz_jid'])
  if (business === undefined || child === undefined) return notFound
  const limit = (tag: string) => Number(textOf(getBinaryNodeChild(child, tag)))
  const shown = [...business.collections.values()].slice(0, limit('collection_limit')).map(collection => {
    const products = collection.productIds.flatMap(id => business.products.get(id) ?? [])
    return collectionElement(collection, products.slice(0, limit('item_limit')))
  })
  return [element('collections', {}, shown)]
}

const addProduct = (desk: BusinessDesk, { device, child }: IqRequest): IqAnswer => {
  const { businesses } = desk
  if (businesses.of(device.account) === undefined) return new IqFailure(403, 'forbidden')
  const node = child === undefined ? undefined : getBinaryNodeChild(child, 'product')
  const written = node === undefined ? {} : writtenIn(node)
  const { name, description = '', retailerId, price, currency, isHidden = false, images = [] } = written
  const isComplete = name && currency && price !== undefined && images.length > 0
  if (!isComplete || !areStored(desk, images)) return notAcceptable
  const product = { name, description, retailerId, price, currency, isHidden, images }
  return [element('product_catalog_add', {}, [productElement(businesses.add(device.account, product))])]
}

/** What is left out stays; the product is reviewed anew. */
const editProduct = (desk: BusinessDesk, { device, child }: IqRequest): IqAnswer => {
  const node = child === undefined ? undefined : getBinaryNodeChild(child, 'product')
  const id = textOf(node === undefined ? undefined : getBinaryNodeChild(node, 'id')) ?? ''
  const product = desk.businesses.of(device.account)?.products.get(id)
  if (product === undefined || node === undefined) return notFound
  const changes = writtenIn(node)
  if (!areStored(desk, changes.images ?? [])) return notAcceptable
  Object.assign(product, Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)))
  product.status = 'PENDING'
  return [element('product_catalog_edit', {}, [productElement(product)])]
}

const deleteProducts = ({ businesses }: BusinessDesk, { device, child }: IqRequest): IqAnswer => {
  const products = businesses.of(device.account)?.products
  const ids = childrenOf(child ?? element('')).map(node => textOf(getBinaryNodeChild(node, 'id')) ?? '')
  const deleted = ids.filter(id => products?.delete(id) === true).length
  return [element('product_catalog_delete', { deleted_count: String(deleted) })]
}

const writtenIn = (node: BinaryNode): Partial<Omit<CatalogProduct, 'id' | 'status'>> => {
  const text = (tag: string) => textOf(getBinaryNodeChild(node, tag))
  const price = text('price')
  const media = getBinaryNodeChild(node, 'media')
  return {
    name: text('name'),
    description: text('description'),
    retailerId: text('retailer_id'),
    price: price === undefined ? undefined : Number(price),
    currency: text('currency'),
    isHidden: node.attrs['is_hidden'] === undefined ? undefined : node.attrs['is_hidden'] === 'true',
    images:
      media === undefined
        ? undefined
        : getBinaryNodeChildren(media, 'image').map(image => textOf(getBinaryNodeChild(image, 'url')) ?? ''),
  } as Partial<Omit<CatalogProduct, 'id' | 'status'>>
}

/** Images of products were uploaded to the place of products. */
const areStored = ({ media }: BusinessDesk, images: readonly string[]): boolean =>
  images.every(url => {
    if (!URL.canParse(url)) return false
    const { hostname, pathname, search } = new URL(url)
    const stored = media.store.find(`${pathname}${search}`)
    return hostname.endsWith('.whatsapp.net') && stored?.kind.type === 'product-image'
  })
