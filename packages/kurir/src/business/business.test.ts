import { describe, expect, it } from 'vitest'
import { childNodes } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { readVectors } from '../binary/testing/vectors.js'
import { proto } from '../proto/index.js'
import { parseBusinessNotification } from './business-notifications.js'
import { buildCoverPhotoUpdate, buildProfileRequest, buildProfileUpdate, parseProfile } from './business-profile.js'
import type { UpdateBussinesProfileProps } from './business-types.js'
import { parseCatalog, parseCollections } from './catalog.js'
import { buildOrderRequest, parseOrder } from './order.js'
import { buildProductCreation, parseDeletedCount, parseProduct } from './product.js'
import { parseVerifiedName } from './verified-name.js'

const shop = '15550001111@s.whatsapp.net'
const node = (tag: string, attrs: BinaryNode['attrs'] = {}, content?: BinaryNode['content']): BinaryNode => ({
  tag,
  attrs,
  ...(content === undefined ? {} : { content }),
})
const leaf = (tag: string, text: string) => node(tag, {}, Buffer.from(text))
const answer = (...content: BinaryNode[]) => node('iq', { type: 'result' }, content)

/** Content of vectors is written in hex. */
interface VectorNode {
  readonly tag: string
  readonly attrs: BinaryNode['attrs']
  readonly content?: readonly VectorNode[]
  readonly contentHex?: string
}
const fromVector = ({ tag, attrs, content, contentHex }: VectorNode): BinaryNode =>
  node(tag, attrs, contentHex === undefined ? content?.map(fromVector) : Buffer.from(contentHex, 'hex'))

interface Case {
  readonly id: string
  readonly sent: readonly VectorNode[]
  readonly response: VectorNode
  readonly result: { readonly business_hours: { readonly business_config: readonly Record<string, string>[] } } | null
  readonly call: { readonly args: readonly string[] }
}
const { cases } = readVectors<{ cases: Case[] }>('04-stanzas')

describe('profiles (docs/protocol/05 §5.1, §5.2)', () => {
  it.each(cases.filter(({ id }) => id.startsWith('getBusinessProfile')))('$id', ({ sent, response, result, call }) => {
    const request = buildProfileRequest(call.args[0] ?? '')
    expect(request.content).toEqual(sent[0] && fromVector(sent[0]).content)
    // QUIRK §5.1: Baileys gives times as text, though it types them as numbers.
    const days = result?.business_hours.business_config.map(({ open_time, close_time, ...day }) => ({
      ...day,
      open_time: Number(open_time),
      close_time: Number(close_time),
    }))
    const expected = result && { ...result, business_hours: { ...result.business_hours, business_config: days } }
    expect(parseProfile(fromVector(response)) ?? null).toEqual(expected)
  })

  it('have all their websites, and lack what they lack', () => {
    const profile = node('profile', { jid: shop }, [
      leaf('website', 'https://a'),
      leaf('website', ''),
      leaf('website', 'https://b'),
    ])
    expect(parseProfile(answer(node('business_profile', {}, [profile])))).toEqual({
      wid: shop,
      description: '',
      email: undefined,
      website: ['https://a', 'https://b'],
      business_hours: {},
    })
  })

  it('change member by member', () => {
    const [change] = buildProfileUpdate({ email: '', websites: [] }).content as BinaryNode[]
    expect(change).toEqual(
      node('business_profile', { v: '3', mutation_type: 'delta' }, [leaf('email', ''), leaf('website', '')]),
    )
    const cover = buildCoverPhotoUpdate({ id: '7', token: 'hmac', timestamp: '5' }).content as BinaryNode[]
    expect(cover[0]?.content).toEqual([node('cover_photo', { op: 'update', id: '7', token: 'hmac', ts: '5' })])
  })

  it.each([
    ['websites', { websites: ['a', 'b', 'c'] }],
    ['hours.timezone', { hours: { timezone: '', days: [] } }],
    [
      'hours.days',
      {
        hours: {
          timezone: 'UTC',
          days: [
            { day: 'mon', mode: 'open_24h' },
            { day: 'mon', mode: 'open_24h' },
          ],
        },
      },
    ],
    [
      'hours.days.openTimeInMinutes',
      {
        hours: {
          timezone: 'UTC',
          days: [{ day: 'mon', mode: 'specific_hours', openTimeInMinutes: '9:00', closeTimeInMinutes: '600' }],
        },
      },
    ],
    [
      'hours.days.closeTimeInMinutes',
      {
        hours: {
          timezone: 'UTC',
          days: [{ day: 'mon', mode: 'specific_hours', openTimeInMinutes: '0', closeTimeInMinutes: '1441' }],
        },
      },
    ],
  ] satisfies [string, UpdateBussinesProfileProps][])('refuse impossible %s', (field, changes) => {
    const refusal = expect.objectContaining({ code: 'invalid-business-profile', data: { field } })
    expect(() => buildProfileUpdate(changes)).toThrow(refusal)
  })
})

describe('products (docs/protocol/05 §5.4)', () => {
  const written = (product: object) => {
    const [add] = childNodes(buildProductCreation({ imageUrls: [], ...product }))
    return childNodes(add)[0]
  }

  it('are written with their parts in order, and a country or none', () => {
    const product = { name: 'Bread', description: 'fresh', price: 2_500, currency: 'EUR', isHidden: false }
    expect(written({ ...product, retailerId: 'B1', imageUrls: ['https://a'], originCountryCode: 'ID' })).toEqual(
      node('product', { is_hidden: 'false' }, [
        leaf('name', 'Bread'),
        leaf('description', 'fresh'),
        leaf('retailer_id', 'B1'),
        node('media', {}, [node('image', {}, [leaf('url', 'https://a')])]),
        leaf('price', '2500'),
        leaf('currency', 'EUR'),
        node('compliance_info', {}, [leaf('country_code_origin', 'ID')]),
      ]),
    )
    expect(written({ originCountryCode: undefined })?.attrs).toEqual({ compliance_category: 'COUNTRY_ORIGIN_EXEMPT' })
    expect(written({})?.attrs).toEqual({})
    for (const price of [-1, 1.5, Number.NaN]) {
      expect(() => written({ price })).toThrow(expect.objectContaining({ code: 'invalid-product' }))
    }
  })

  it('are read however little is said of them', () => {
    expect(parseProduct(node('product'))).toEqual({
      id: '',
      imageUrls: { requested: '', original: '' },
      reviewStatus: { whatsapp: '' },
      availability: 'in stock',
      name: '',
      description: '',
      price: 0,
      currency: '',
      isHidden: false,
    })
    expect(parseProduct(node('product', {}, [leaf('price', 'much')])).price).toBe(0)
    expect(parseCatalog(answer())).toEqual({ products: [], nextPageCursor: undefined })
    expect(parseCatalog(answer(node('product_catalog', {}, [node('paging', {}, [leaf('after', '')])])))).toEqual({
      products: [],
      nextPageCursor: undefined,
    })
    expect(parseCollections(answer(node('collections', {}, [node('collection')])))).toEqual([
      { id: '', name: '', products: [], status: { status: '', canAppeal: false } },
    ])
    expect(parseDeletedCount(answer())).toBe(0)
  })
})

describe('orders (docs/protocol/05 §5.5)', () => {
  it('are asked for with their token', () => {
    const request = buildOrderRequest('7', 'dG9rZW4=')
    expect(request.attrs).toMatchObject({ xmlns: 'fb:thrift_iq', smax_id: '5' })
    const [order] = childNodes(request)
    expect(order?.attrs).toEqual({ op: 'get', id: '7' })
    expect(childNodes(order)[1]).toEqual(leaf('token', 'dG9rZW4='))
  })

  it('are read however little is said of them', () => {
    expect(parseOrder(answer())).toEqual({ price: { total: 0, currency: '' }, products: [] })
    const product = node('product', {}, [leaf('id', '1'), leaf('quantity', '-2')])
    expect(parseOrder(answer(node('order', {}, [product]))).products).toEqual([
      { id: '1', name: '', imageUrl: '', price: 0, currency: '', quantity: 0 },
    ])
  })
})

describe('notifications (docs/protocol/05 §5.7)', () => {
  const parse = (...content: BinaryNode[]) =>
    parseBusinessNotification(node('notification', { from: shop, type: 'business' }, content))
  const { VerifiedNameCertificate } = proto
  const details = VerifiedNameCertificate.Details.encode({ verifiedName: 'Bakery' }).finish()
  const certificate = VerifiedNameCertificate.encode({ details }).finish()

  it('tell of names, profiles, catalogues and reviews', () => {
    const other = '15550002222@s.whatsapp.net'
    expect(parse(node('verified_name', { jid: other, verified_level: 'low' }, certificate))).toEqual([
      { kind: 'verified-name', id: other, name: 'Bakery' },
    ])
    expect(parse(node('profile', { hash: 'x' }), node('remove', { jid: other }))).toEqual([
      { kind: 'update', update: { kind: 'profile', id: shop } },
      { kind: 'update', update: { kind: 'removed', id: other } },
    ])
    const info = node('status_info', { status: 'REJECTED', reject_reason: 'x' })
    const catalog = node('product_catalog', {}, [
      node('product', {}, [leaf('id', '1')]),
      node('product'),
      node('collection', { id: '2' }, [info]),
      node('collection', {}, [info]),
    ])
    expect(parse(catalog)).toEqual([
      { kind: 'update', update: { kind: 'products', id: shop, productIds: ['1'] } },
      {
        kind: 'update',
        update: { kind: 'collection', id: shop, collectionId: '2', status: 'REJECTED', rejectReason: 'x' },
      },
    ])
  })

  it('say nothing about people named by a hash, paid features and what nobody knows', () => {
    const hashed = [node('verified_name', { hash: 'x' }, certificate), node('remove', { hash: 'x' })]
    expect(parse(...hashed, node('subscriptions'), node('something'), node('verified_name'))).toEqual([])
    expect(parseBusinessNotification(node('notification', { from: 's.whatsapp.net' }, [node('profile')]))).toEqual([])
    expect(parseBusinessNotification(node('notification', { from: shop }, 'text'))).toEqual([])
  })

  it('refuse a certificate that does not decode', () => {
    const broken = node('verified_name', {}, Buffer.from([0xff]))
    expect(() => parse(broken)).toThrow(expect.objectContaining({ code: 'invalid-usync-result' }))
    expect(() => parseVerifiedName(answer(broken))).toThrow()
    expect(parseVerifiedName(answer())).toBeUndefined()
  })
})
