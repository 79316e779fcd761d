import { describe, expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

describe('a business of Kurir and a customer with Baileys', () => {
  const world = worldForEachTest()

  it('agree on profile, catalogue and order', async () => {
    const place = world()
    const [shop, buyer] = await Promise.all([place.phone('Kurir', 'strict'), place.phone('Baileys', 'lenient')])
    shop.business.open('Bakery', { categories: [{ id: '7', name: 'Food' }] })
    const [kurir, baileys] = await Promise.all([place.linked('kurir', shop), place.linked('baileys', buyer)])
    await kurir.socket.updateBussinesProfile({ description: 'Bread', websites: ['https://a.example'] })
    expect(await baileys.socket.getBusinessProfile(shop.jid)).toMatchObject({
      wid: shop.jid,
      description: 'Bread',
      website: ['https://a.example'],
      category: 'Food',
    })
    const ids = ['Rye', 'Wheat', 'Spelt'].map(
      name => shop.business.addProduct({ name, price: 2_500, currency: 'EUR' }).id,
    )
    const collection = shop.business.addCollection('Best', ids.slice(1))
    const first = await baileys.socket.getCatalog({ jid: shop.jid, limit: 2 })
    expect(first.products.map(({ name }) => name)).toEqual(['Rye', 'Wheat'])
    const rest = await baileys.socket.getCatalog({ jid: shop.jid, limit: 2, cursor: first.nextPageCursor ?? '' })
    // Both read the same product alike.
    const own = await kurir.socket.getProduct(ids[2] ?? '')
    expect(rest.products).toMatchObject([{ ...own, imageUrls: {} }])
    expect(await baileys.socket.getCollections(shop.jid)).toMatchObject({
      collections: [{ id: collection.id, name: 'Best', products: [{ name: 'Wheat' }, { name: 'Spelt' }] }],
    })
    const order = shop.business.order([{ productId: ids[0] ?? '', quantity: 3 }])
    const theirs = await baileys.socket.getOrderDetails(order.id, order.token)
    const { products, price } = await kurir.socket.getOrderDetails(order.id, order.token)
    expect(price).toEqual(theirs.price)
    expect(products.map(({ imageUrl: _, ...product }) => product)).toEqual(
      theirs.products.map(({ imageUrl: _, ...product }) => product),
    )
    expect(world().violations).toEqual([])
  })
})
