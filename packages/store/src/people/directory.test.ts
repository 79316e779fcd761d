import { expect, it } from 'vitest'
import { onEachDatabase } from '../testing/stores.js'

onEachDatabase('chats, contacts and groups', stores => {
  const open = async () => {
    const store = await stores.open()
    await store.sessions.save({ id: 'one' })
    return store
  }

  it('are kept whole, added to and changed', async () => {
    const { contacts } = await open()
    await contacts.save('one', [{ id: 'a', name: 'Ann', notify: 'ann' }])
    await contacts.add('one', [
      { id: 'a', notify: 'Annie', name: undefined },
      { id: 'b', name: 'Ben' },
    ])
    await contacts.update('one', [{ id: 'b', status: 'busy' }, { id: 'c', name: 'unknown' }, { name: 'nobody' }])
    expect(await contacts.get('one', 'a')).toEqual({ id: 'a', name: 'Ann', notify: 'Annie' })
    expect(await contacts.get('one', 'b')).toEqual({ id: 'b', name: 'Ben', status: 'busy' })
    expect(await contacts.get('one', 'c')).toBeUndefined()
    await contacts.save('one', [{ id: 'a', name: 'New' }])
    expect(await contacts.get('one', 'a')).toEqual({ id: 'a', name: 'New' })
    expect(await contacts.delete('one', ['a', 'x'])).toBe(1)
    await expect(contacts.save('none', [{ id: 'a' }])).rejects.toMatchObject({ code: 'session-not-found' })
  })

  it('count unread messages as the events do', async () => {
    const { chats } = await open()
    await chats.add('one', [{ id: 'a', unreadCount: 2 }])
    await chats.update('one', [
      { id: 'a', unreadCount: 1 },
      { id: 'a', unreadCount: 3 },
    ])
    expect(await chats.get('one', 'a')).toMatchObject({ unreadCount: 6 })
    await chats.update('one', [{ id: 'a', unreadCount: 0 }])
    expect(await chats.get('one', 'a')).toMatchObject({ unreadCount: 0 })
    await chats.update('one', [{ id: 'a', unreadCount: -1 }])
    await chats.update('one', [{ id: 'a', unreadCount: 1 }])
    expect(await chats.get('one', 'a')).toMatchObject({ unreadCount: 1 })
  })

  it('are listed by activity, page by page', async () => {
    const { chats } = await open()
    const ids = ['e', 'd', 'c', 'b', 'a']
    await chats.save('one', [
      ...ids.map((id, index) => ({ id, conversationTimestamp: 100 - index * 10 })),
      { id: 'z2' },
      { id: 'z1' },
    ])
    const first = await chats.list('one', { limit: 4 })
    const second = await chats.list('one', { limit: 4, after: first.next ?? '' })
    expect([...first.rows, ...second.rows].map(({ id }) => id)).toEqual([...ids, 'z1', 'z2'])
    expect(second.next).toBeUndefined()
    await expect(chats.list('one', { after: 'x' })).rejects.toMatchObject({ code: 'invalid-page' })
  })

  it('can be written by many at once', async () => {
    const { groups } = await open()
    const group = { id: 'g', subject: 's', owner: undefined, participants: [] }
    await groups.save('one', [group])
    const add = (id: string) =>
      groups.change('one', 'g', known => ({ ...known, participants: [...known.participants, { id }] }))
    await Promise.all(Array.from({ length: 30 }, (_, index) => add(`m${index}`)))
    expect((await groups.get('one', 'g'))?.participants.length).toBe(30)
    expect(await groups.change('one', 'none', known => known)).toBe(false)
  })
})
