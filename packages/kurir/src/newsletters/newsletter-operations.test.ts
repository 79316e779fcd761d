import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MexError } from '../mex/query.js'
import * as operations from './newsletter-operations.js'

const jid = '120363000000000009@newsletter'
const user = '100000000000002@lid'

interface Known {
  readonly name: string
  readonly docId: string
  readonly root: readonly string[]
  readonly variables: object
}

const path = new URL('../../../../tests/fixtures/data/mex-operations.json', import.meta.url)
const { operations: catalogue } = JSON.parse(readFileSync(path, 'utf8')) as { operations: readonly Known[] }
const known = (name: string) => catalogue.find(operation => operation.name === name)

/** Paths of all members of an object, without those of lists. */
const paths = (value: unknown, prefix = ''): string[] =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? []
    : Object.entries(value).flatMap(([name, member]) => [`${prefix}${name}`, ...paths(member, `${prefix}${name}.`)])

describe('the GraphQL documents of channels (docs/protocol/05 §4.2 and §4.4)', () => {
  it.each([
    ['CreateNewsletter', operations.createNewsletter('News', 'of the day')],
    ['FetchNewsletter', operations.fetchNewsletter('jid', jid)],
    ['FetchAllNewslettersMetadata', operations.fetchFollowedNewsletters()],
    [
      'UpdateNewsletter',
      operations.updateNewsletter(jid, { name: 'a', picture: '', reactions: 'BLOCKLIST', blockedReactions: ['👎'] }),
    ],
    ['JoinNewsletter', operations.joinNewsletter(jid)],
    ['LeaveNewsletter', operations.leaveNewsletter(jid)],
    ['DeleteNewsletter', operations.deleteNewsletter(jid)],
    ['UpdateNewsletterUserSetting', operations.muteNewsletter(jid, true)],
    ['FetchNewsletterFollowers', operations.fetchFollowers(jid, 10)],
    ['FetchNewsletterAdminInfo', operations.fetchAdminCount(jid)],
    ['FetchNewsletterPendingInvites', operations.fetchPendingAdminInvites(jid)],
    ['CreateNewsletterAdminInvite', operations.createAdminInvite(jid, user)],
    ['AcceptNewsletterAdminInvite', operations.acceptAdminInvite(jid)],
    ['RevokeNewsletterAdminInvite', operations.revokeAdminInvite(jid, user)],
    ['DemoteNewsletterAdmin', operations.demoteAdmin(jid, user)],
    ['ChangeNewsletterOwner', operations.changeOwner(jid, user)],
  ])('%s has the number, the variables and the answer of the present client', (name, operation) => {
    const { docId, root, variables } = known(name) ?? {}
    expect([operation.documentId, operation.root]).toEqual([docId, root?.[0]])
    expect(paths(variables)).toEqual(expect.arrayContaining(paths(operation.variables)))
  })

  it('an invitation is asked for by its code, with or without the link around it', () => {
    for (const key of [
      '0029VaAbC',
      'https://whatsapp.com/channel/0029VaAbC',
      ' https://www.whatsapp.com/channel/0029VaAbC?x=1',
    ]) {
      expect(operations.fetchNewsletter('invite', key).variables['input']).toMatchObject({ key: '0029VaAbC' })
    }
  })

  it('settings are only written when they change', () => {
    const updates = (changes: object) => operations.updateNewsletter(jid, changes).variables['updates']
    expect(updates({ name: 'a' })).toEqual({ name: 'a' })
    expect(updates({ reactions: 'NONE' })).toEqual({ settings: { reaction_codes: { value: 'NONE' } } })
  })

  it('reads what the service answers', () => {
    const edge = { node: { id: user, pn: '15550002222@s.whatsapp.net' }, role: 'ADMIN', follow_time: '1700000000' }
    expect(operations.fetchFollowers(jid, 1).read({ followers: { edges: [edge, {}, null] } })).toEqual([
      {
        id: user,
        phoneNumber: '15550002222@s.whatsapp.net',
        name: undefined,
        role: 'ADMIN',
        followedAt: 1_700_000_000,
      },
    ])
    expect(operations.fetchAdminCount(jid).read({ admin_count: 3 })).toBe(3)
    const counted = { id: jid, thread_metadata: { subscribers_count: '12' } }
    expect(operations.fetchSubscriberCount(jid).read(counted)).toBe(12)
    expect(operations.createAdminInvite(jid, user).read({ invite_expiration_time: '1700000000' })).toBe(1_700_000_000)
    const pending = [{ user: { id: user, pn: null } }, { user: {} }, 7]
    expect(operations.fetchPendingAdminInvites(jid).read({ pending_admin_invites: pending })).toEqual([
      { id: user, phoneNumber: undefined },
    ])
    expect(operations.fetchFollowedNewsletters().read([{ id: jid }, {}, null])).toMatchObject([{ id: jid }])
  })

  it.each([
    ['a channel without id', () => operations.joinNewsletter(jid).read({})],
    ['no number', () => operations.fetchAdminCount(jid).read({ admin_count: 'many' })],
    ['no count', () => operations.fetchSubscriberCount(jid).read({ id: jid })],
    ['no time', () => operations.createAdminInvite(jid, user).read(null)],
  ])('refuses %s', (_, read) => {
    expect(read).toThrow(MexError)
    expect(read).toThrow(expect.objectContaining({ code: 'mex-unexpected-answer' }))
  })
})
