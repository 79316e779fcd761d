import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newsletterPushOperations, parseNewsletterPush } from './newsletter-pushes.js'

const id = '120363000000000009@newsletter'
const user = { id: '100000000000002@lid', pn: '15550002222@s.whatsapp.net' }
const actor = { id: '100000000000001@lid' }

describe('GraphQL pushes about channels (docs/protocol/05 §4.9)', () => {
  it.each([
    [
      'NotificationNewsletterJoin',
      'xwa2_notify_newsletter_on_join',
      { id, thread_metadata: { name: { text: 'News' } }, viewer_metadata: { role: 'SUBSCRIBER' } },
      { kind: 'joined', newsletter: { id, name: 'News', role: 'SUBSCRIBER' } },
    ],
    ['NotificationNewsletterLeave', 'xwa2_notify_newsletter_on_leave', { id, role: 'GUEST' }, { kind: 'left', id }],
    [
      'NotificationNewsletterMuteChange',
      'xwa2_notify_newsletter_on_mute_change',
      { id, mute: 'ON' },
      { kind: 'chat', update: { id, muteEndTime: -1 } },
    ],
    [
      'NotificationNewsletterUpdate',
      'xwa2_notify_newsletter_on_metadata_update',
      { id, thread_metadata: { name: { id: '1', text: 'Other' }, picture: null } },
      { kind: 'settings', id, update: { name: 'Other', picture: null } },
    ],
    [
      'NotificationNewsletterOwnerUpdate',
      'xwa2_notify_newsletter_owner_on_metadata_update',
      { id, actor, thread_metadata: { description: { text: '' } } },
      { kind: 'settings', id, update: { description: '' } },
    ],
    [
      'NotificationNewsletterStateChange',
      'xwa2_notify_newsletter_on_state_change',
      { id, is_requestor: false, state: { type: 'SUSPENDED' } },
      { kind: 'chat', update: { id, suspended: true, terminated: false } },
    ],
    [
      'NotificationNewsletterAdminPromote',
      'xwa2_notify_newsletter_admin_promote',
      { id, user, user_new_role: 'ADMIN', actor },
      { kind: 'participants', update: { id, author: actor.id, user: user.id, new_role: 'ADMIN', action: 'promote' } },
    ],
    [
      'NotificationNewsletterAdminDemote',
      'xwa2_notify_newsletter_admin_demote',
      { id, user, user_new_role: 'SUBSCRIBER', actor },
      {
        kind: 'participants',
        update: { id, author: actor.id, user: user.id, new_role: 'SUBSCRIBER', action: 'demote' },
      },
    ],
  ])('%s', (operation, root, push, expected) => {
    expect(parseNewsletterPush(operation, { [root]: push })).toMatchObject([expected])
    expect(parseNewsletterPush(operation, { [root]: { ...push, id: '1@g.us' } })).toEqual([])
    expect(parseNewsletterPush(operation, { other: push })).toEqual([])
  })

  it('the older form, which only Baileys still knows', () => {
    const updates = [{ jid: id, settings: { name: 'News' }, user: user.id }, {}, null]
    expect(parseNewsletterPush('NotificationNewsletterUpdate', { updates })).toEqual([
      { kind: 'settings', id, update: { name: 'News' } },
    ])
    expect(parseNewsletterPush('NotificationNewsletterAdminPromote', { updates })).toEqual([
      { kind: 'participants', update: { id, author: id, user: user.id, new_role: 'ADMIN', action: 'promote' } },
    ])
    expect(parseNewsletterPush('NotificationNewsletterLeave', { updates })).toEqual([])
  })

  it('anything else yields nothing, and nothing throws', () => {
    expect(parseNewsletterPush('NotificationLinkedProfilesUpdates', {})).toEqual([])
    expect(parseNewsletterPush('toString', {})).toEqual([])
    fc.assert(
      fc.property(fc.constantFrom(...newsletterPushOperations), fc.jsonValue(), (operation, value) => {
        const roots = [
          'on_join',
          'on_leave',
          'on_mute_change',
          'on_metadata_update',
          'on_state_change',
          'admin_promote',
        ]
        const content = Object.fromEntries(
          roots.map(root => [`xwa2_notify_newsletter_${root}`, { id, state: value, user: value }]),
        )
        expect(Array.isArray(parseNewsletterPush(operation, { ...content, updates: value }))).toBe(true)
      }),
    )
  })
})
