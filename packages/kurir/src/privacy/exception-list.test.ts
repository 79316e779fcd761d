import { describe, expect, it } from 'vitest'
import {
  buildExceptionListChange,
  buildExceptionListQuery,
  NO_LIST_HASH,
  parseExceptionList,
} from './exception-list.js'

describe('lists of exceptions (docs/protocol/04, 5.2)', () => {
  it('are asked for by LID on accounts that have moved to LIDs', () => {
    const list = { tag: 'list', attrs: { name: 'last', value: 'contact_blacklist' } }
    expect(buildExceptionListQuery('last', true).content).toEqual([
      { tag: 'privacy', attrs: { addressing_mode: 'lid' }, content: [list] },
    ])
    expect(buildExceptionListQuery('last', false).content).toEqual([{ tag: 'privacy', attrs: {}, content: [list] }])
  })

  it('are changed against a state, each person under one more name where there is one', () => {
    const changes = [
      { action: 'add', jid: '1@lid', phoneNumber: '1@s.whatsapp.net', username: 'one' },
      { action: 'add', jid: '2@lid', username: 'two' },
      { action: 'remove', jid: '3@lid' },
    ] as const
    expect(buildExceptionListChange('profile', '17', changes, true)).toEqual({
      tag: 'iq',
      attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'privacy' },
      content: [
        {
          tag: 'privacy',
          attrs: { addressing_mode: 'lid' },
          content: [
            {
              tag: 'category',
              attrs: { name: 'profile', value: 'contact_blacklist', dhash: '17' },
              content: [
                { tag: 'user', attrs: { action: 'add', jid: '1@lid', pn_jid: '1@s.whatsapp.net' } },
                { tag: 'user', attrs: { action: 'add', jid: '2@lid', username: 'two' } },
                { tag: 'user', attrs: { action: 'remove', jid: '3@lid' } },
              ],
            },
          ],
        },
      ],
    })
  })

  const answer = (...content: object[]) =>
    parseExceptionList({
      tag: 'iq',
      attrs: {},
      content: [{ tag: 'privacy', attrs: {}, content: content as never }],
    })

  it('are read with every name, and absent when the setting has no exceptions', () => {
    const users = [
      { tag: 'user', attrs: { jid: '1@lid', pn_jid: '1@s.whatsapp.net' } },
      { tag: 'user', attrs: { jid: '2@lid', username: 'two' } },
      { tag: 'user', attrs: {} },
    ]
    expect(answer({ tag: 'list', attrs: { dhash: '5' }, content: users })).toEqual({
      hash: '5',
      users: [
        { jid: '1@lid', phoneNumber: '1@s.whatsapp.net' },
        { jid: '2@lid', username: 'two' },
      ],
    })
    expect(answer({ tag: 'list', attrs: {} })).toEqual({ hash: NO_LIST_HASH, users: [] })
    expect(answer()).toBeUndefined()
  })
})
