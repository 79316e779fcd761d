import type { Phone } from '@kurir/simulator'
import type { BaileysEventMap, BusinessUpdate } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

const PICTURE = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex')
const refused = (data: number) => expect.objectContaining({ code: 'server-refused', data })

const updates = (client: KurirClient): BusinessUpdate[] =>
  client.events.flatMap(({ name, data }) => (name === 'business.update' ? [data as BusinessUpdate] : []))
const told = <Kind extends BusinessUpdate['kind']>(client: KurirClient, kind: Kind) =>
  client.waitFor(() => updates(client).find(update => update.kind === kind), kind)

describe('businesses (docs/protocol/05 §5)', () => {
  const world = worldForEachTest()

  /** A shop with a bot, and somebody who buys. */
  const parties = async (): Promise<[shop: Phone, buyer: Phone, bot: KurirClient, customer: KurirClient]> => {
    const [shop, buyer] = [await world().phone('Shop'), await world().phone('Buyer')]
    shop.business.open('Bakery', { categories: [{ id: '7', name: 'Food' }] })
    return [shop, buyer, await world().linked(shop), await world().linked(buyer)]
  }

  it('say who they are, and change it', async () => {
    const [shop, buyer, bot, customer] = await parties()
    expect(await customer.socket.getBusinessProfile(shop.jid)).toEqual({
      wid: shop.jid,
      description: '',
      email: undefined,
      website: [],
      category: 'Food',
      business_hours: {},
    })
    expect(await customer.socket.getBusinessProfile(buyer.jid)).toBeUndefined()
    await bot.socket.updateBussinesProfile({
      address: 'Jalan 1',
      email: 'a@b.example',
      description: 'Bread',
      websites: ['https://a.example', 'https://b.example'],
      hours: {
        timezone: 'Asia/Jakarta',
        days: [
          { day: 'mon', mode: 'specific_hours', openTimeInMinutes: '540', closeTimeInMinutes: '1080' },
          { day: 'sat', mode: 'open_24h' },
        ],
      },
    })
    expect(await customer.socket.getBusinessProfile(shop.jid)).toMatchObject({
      address: 'Jalan 1',
      email: 'a@b.example',
      description: 'Bread',
      website: ['https://a.example', 'https://b.example'],
      business_hours: {
        timezone: 'Asia/Jakarta',
        business_config: [
          { day_of_week: 'mon', mode: 'specific_hours', open_time: 540, close_time: 1080 },
          { day_of_week: 'sat', mode: 'open_24h' },
        ],
      },
    })
    await bot.socket.updateBussinesProfile({ websites: [] })
    expect(shop.business.profile).toMatchObject({ websites: [], address: 'Jalan 1' })
    await expect(customer.socket.updateBussinesProfile({ address: 'x' })).rejects.toEqual(refused(403))
    await expect(bot.socket.updateBussinesProfile({ websites: ['a', 'b', 'c'] })).rejects.toMatchObject({
      code: 'invalid-business-profile',
      data: { field: 'websites' },
    })
    await expect(customer.socket.getBusinessProfile('1@g.us')).rejects.toMatchObject({ code: 'invalid-content' })
  })

  it('show a cover photo', async () => {
    const [shop, , bot, customer] = await parties()
    const id = await bot.socket.updateCoverPhoto(PICTURE)
    expect(shop.business.profile.coverPhoto).toEqual({ id: String(id) })
    await expect(bot.socket.removeCoverPhoto('1')).rejects.toEqual(refused(406))
    await bot.socket.removeCoverPhoto(String(id))
    expect(shop.business.profile.coverPhoto).toBeUndefined()
    await expect(customer.socket.updateCoverPhoto(PICTURE)).rejects.toEqual(refused(403))
  })

  it('have a certified name, and are told of when they get another or become a person', async () => {
    const [shop, buyer, , customer] = await parties()
    expect(await customer.socket.getVerifiedName(shop.jid)).toMatchObject({
      verifiedName: 'Bakery',
      verifiedLevel: 'low',
      issuer: 'smb:wa',
    })
    expect(await customer.socket.getVerifiedName(buyer.jid)).toBeUndefined()
    // Whoever has written to somebody hears of it.
    await customer.socket.sendMessage(shop.jid, { text: 'hello' })
    await shop.waitForMessage(({ text }) => text === 'hello')
    shop.business.open('Bakery & Sons')
    await customer.waitFor(
      () =>
        customer.events
          .flatMap(({ name, data }) => (name === 'contacts.update' ? (data as BaileysEventMap['contacts.update']) : []))
          .find(({ verifiedName }) => verifiedName === 'Bakery & Sons'),
      'name',
    )
    shop.business.changeProfile({ description: 'Bread' })
    expect(await told(customer, 'profile')).toEqual({ kind: 'profile', id: shop.jid })
    shop.business.close()
    expect(await told(customer, 'removed')).toEqual({ kind: 'removed', id: shop.jid })
    expect(await customer.socket.getBusinessProfile(shop.jid)).toBeUndefined()
  })

  it('fill their catalogue, with images that are uploaded', async () => {
    const [shop, , bot, customer] = await parties()
    const bread = { name: 'Bread', description: 'fresh', price: 2_500, currency: 'EUR', retailerId: 'B1' }
    const made = await bot.socket.productCreate({ ...bread, originCountryCode: undefined, images: [PICTURE] })
    expect(made).toMatchObject({
      ...bread,
      isHidden: false,
      reviewStatus: { whatsapp: 'PENDING' },
      availability: 'in stock',
    })
    expect(made.imageUrls['original']).toMatch(/^https:\/\/mmg\.whatsapp\.net\//)
    // Others see it when it was reviewed.
    const shown = async () => (await customer.socket.getCatalog({ jid: shop.jid })).products.map(({ name }) => name)
    expect(await shown()).toEqual([])
    shop.business.review(made.id, 'APPROVED')
    expect(await told(bot, 'products')).toEqual({ kind: 'products', id: shop.jid, productIds: [made.id] })
    expect(await shown()).toEqual(['Bread'])
    // An image that WhatsApp has is not uploaded again.
    const files = world().service.media.files.length
    const image = { url: made.imageUrls['original'] ?? '' }
    const changed = await bot.socket.productUpdate(made.id, {
      ...bread,
      name: 'Rye bread',
      isHidden: true,
      images: [image],
    })
    expect(changed).toMatchObject({ id: made.id, name: 'Rye bread', isHidden: true })
    expect(world().service.media.files).toHaveLength(files)
    expect(shop.business.products).toMatchObject([{ name: 'Rye bread', price: 2_500 }])
    expect(await bot.socket.getProduct(made.id)).toMatchObject({ name: 'Rye bread' })
    expect(await bot.socket.productDelete([made.id, '404'])).toEqual({ deleted: 1 })
    expect(shop.business.products).toEqual([])
    await expect(bot.socket.productUpdate(made.id, { ...bread, images: [image] })).rejects.toEqual(refused(404))
    const withoutImages = { ...bread, originCountryCode: 'ID', images: [] }
    await expect(bot.socket.productCreate(withoutImages)).rejects.toMatchObject({ code: 'invalid-product' })
    const foreign = { ...bread, originCountryCode: 'ID', images: [{ url: 'https://mmg.whatsapp.net/not/there.jpg' }] }
    await expect(bot.socket.productCreate(foreign)).rejects.toEqual(refused(406))
    const ofNobody = { ...bread, originCountryCode: 'ID', images: [PICTURE] }
    await expect(customer.socket.productCreate(ofNobody)).rejects.toEqual(refused(403))
  })

  it('are browsed page by page, and by collection', async () => {
    const [shop, buyer, bot, customer] = await parties()
    const ids = Array.from({ length: 7 }, (_, index) =>
      shop.business.addProduct({ name: `Bread ${index}`, price: 1_000 * index, currency: 'EUR' }),
    ).map(({ id }) => id)
    const first = await customer.socket.getCatalog({ jid: shop.jid, limit: 3 })
    expect(first.products.map(({ name }) => name)).toEqual(['Bread 0', 'Bread 1', 'Bread 2'])
    const second = await customer.socket.getCatalog({ jid: shop.jid, limit: 3, cursor: first.nextPageCursor ?? '' })
    const third = await customer.socket.getCatalog({ jid: shop.jid, limit: 3, cursor: second.nextPageCursor ?? '' })
    expect(third.products.map(({ price }) => price)).toEqual([6_000])
    expect(third.nextPageCursor).toBeUndefined()
    // Without a name it is the own catalogue.
    expect((await bot.socket.getCatalog({})).products).toHaveLength(7)
    expect(await customer.socket.getProduct(ids[4] ?? '', shop.jid)).toMatchObject({ name: 'Bread 4' })
    expect(await customer.socket.getProduct('404', shop.jid)).toBeUndefined()
    const collection = shop.business.addCollection('Best', ids.slice(0, 2))
    expect(await customer.socket.getCollections(shop.jid)).toMatchObject({
      collections: [
        {
          id: collection.id,
          name: 'Best',
          status: { status: 'APPROVED', canAppeal: false },
          products: [{ name: 'Bread 0' }, { name: 'Bread 1' }],
        },
      ],
    })
    shop.business.reviewCollection(collection.id, 'REJECTED', 'prohibited')
    expect(await told(bot, 'collection')).toEqual({
      kind: 'collection',
      id: shop.jid,
      collectionId: collection.id,
      status: 'REJECTED',
      rejectReason: 'prohibited',
    })
    expect((await bot.socket.getCollections()).collections[0]?.status.canAppeal).toBe(true)
    await expect(customer.socket.getCatalog({ jid: buyer.jid })).rejects.toEqual(refused(404))
    await expect(customer.socket.getCatalog({ jid: shop.jid, cursor: 'x' })).rejects.toEqual(refused(406))
    await expect(customer.socket.getCatalog({ limit: 0 })).rejects.toMatchObject({ code: 'invalid-content' })
  })

  it('tell what was ordered to who has the token', async () => {
    const [shop, buyer, bot] = await parties()
    const { id } = shop.business.addProduct({
      name: 'Bread',
      price: 2_500,
      currency: 'EUR',
      images: ['https://mmg.whatsapp.net/b'],
    })
    const order = shop.business.order([{ productId: id, quantity: 2 }])
    const { id: orderId, token } = order
    await buyer.send(shop.jid, { message: { orderMessage: { orderId, token, sellerJid: shop.jid, itemCount: 1 } } })
    const { message } = await bot.waitFor(() => bot.readable.find(each => each.message?.orderMessage), 'order')
    const { orderMessage } = message ?? {}
    expect(await bot.socket.getOrderDetails(orderMessage?.orderId ?? '', orderMessage?.token ?? '')).toEqual({
      price: { total: 5_000, currency: 'EUR' },
      products: [
        { id, name: 'Bread', imageUrl: 'https://mmg.whatsapp.net/b', price: 2_500, currency: 'EUR', quantity: 2 },
      ],
    })
    await expect(bot.socket.getOrderDetails(orderId, 'AAAA')).rejects.toEqual(refused(403))
    await expect(bot.socket.getOrderDetails('404', token)).rejects.toEqual(refused(404))
    await expect(bot.socket.getOrderDetails('', token)).rejects.toMatchObject({ code: 'invalid-content' })
  })
})
