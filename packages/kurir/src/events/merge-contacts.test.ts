import { describe, expect, it } from 'vitest'
import { PendingContactChanges } from './merge-contacts.js'
import { PendingGroupChanges } from './merge-groups.js'
import { HistoryCache, PendingHistory } from './merge-history.js'
import { ana, group } from './testing/samples.js'

const setUp = () => {
  const history = new PendingHistory(new HistoryCache(100))
  return { history, contacts: new PendingContactChanges(history) }
}

describe('PendingContactChanges', () => {
  it('ignores undefined members of a second upsert', () => {
    const { contacts } = setUp()
    contacts.upsert({ id: ana, name: 'Ana' })
    contacts.upsert({ id: ana, name: undefined, notify: 'an' })
    expect([...contacts.upserts.values()]).toEqual([{ id: ana, name: 'Ana', notify: 'an' }])
  })

  it('keeps an earlier update below a later upsert, as docs/protocol/04 7.5 recommends', () => {
    const { contacts } = setUp()
    contacts.update({ id: ana, notify: 'old', imgUrl: 'changed' })
    contacts.upsert({ id: ana, name: 'Ana', notify: 'new', imgUrl: undefined })
    expect([...contacts.upserts.values()]).toEqual([{ id: ana, name: 'Ana', notify: 'new', imgUrl: 'changed' }])
    expect(contacts.updates.size).toBe(0)
  })

  it('merges into a contact of the pending history, in the order of arrival', () => {
    const { contacts, history } = setUp()
    contacts.update({ id: ana, notify: 'update' })
    history.add({ chats: [], contacts: [{ id: ana, name: 'Ana', notify: 'history' }], messages: [] }, () => {})
    contacts.upsert({ id: ana, status: 'hi' })
    contacts.update({ id: ana, imgUrl: null })
    expect([...history.contacts.values()]).toEqual([
      { id: ana, name: 'Ana', notify: 'update', status: 'hi', imgUrl: null },
    ])
    expect([contacts.upserts.size, contacts.updates.size]).toEqual([0, 0])
  })

  it('does not touch what it was given', () => {
    const { contacts } = setUp()
    const given = { id: ana, name: 'Ana' }
    contacts.upsert(given)
    contacts.update({ id: ana, name: 'Bea' })
    expect(given).toEqual({ id: ana, name: 'Ana' })
  })
})

describe('PendingGroupChanges', () => {
  it('merges updates, later members win, as docs/protocol/04 7.5 recommends', () => {
    const groups = new PendingGroupChanges()
    const first = { id: group, subject: 'one', desc: 'd' }
    groups.update(first)
    groups.update({ id: group, subject: 'two' })
    expect([...groups.updates.values()]).toEqual([{ id: group, subject: 'two', desc: 'd' }])
    expect(first.subject).toBe('one')
  })
})
