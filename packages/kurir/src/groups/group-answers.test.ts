import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { parseGroupCreate } from './group-create.js'
import { buildJoinByCode, inviteCodeOf, parseJoin } from './group-invites.js'
import { buildMembersChange, parseMembersChange } from './group-members.js'
import { parseGroupList } from './group-queries.js'

const answer = (...content: BinaryNode[]): BinaryNode => ({ tag: 'iq', attrs: { type: 'result' }, content })
const person = (attrs: BinaryNode['attrs'], ...content: BinaryNode[]): BinaryNode => ({
  tag: 'participant',
  attrs,
  content,
})

describe('answers about groups', () => {
  it('tell of each member what became of it (docs/protocol/05 §1.14)', () => {
    const results = parseMembersChange(
      answer({
        tag: 'add',
        attrs: {},
        content: [
          person({ jid: '1@lid' }),
          person({ jid: '2@lid', error: '200' }),
          person({ jid: '3@lid', error: '403' }, { tag: 'add_request', attrs: { code: 'c', expiration: '17' } }),
          person({ jid: '4@lid' }, { tag: 'membership_approval_request', attrs: {} }),
          person({ jid: '5@lid' }, { tag: 'membership_approval_request', attrs: { error: '304' } }),
        ],
      }),
      'add',
    )
    expect(
      results.map(({ status, reason, awaitsApproval, invitation }) => [status, reason, awaitsApproval, invitation]),
    ).toEqual([
      ['200', undefined, undefined, undefined],
      ['200', undefined, undefined, undefined],
      ['403', 'forbidden', undefined, { inviteCode: 'c', inviteExpiration: 17 }],
      ['200', undefined, true, undefined],
      ['304', 'already-exists', undefined, undefined],
    ])
  })

  it('leave out of a new group who is not in it, and know a group that was made before (docs/protocol/05 §1.5)', () => {
    const group = {
      tag: 'group',
      attrs: { id: '1' },
      content: [person({ jid: '1@lid', type: 'superadmin' }), person({ jid: '2@lid', error: '404' })],
    }
    const created = parseGroupCreate(answer(group))
    expect(created).toMatchObject({ kind: 'created', failed: [{ jid: '2@lid', reason: 'not-found' }] })
    expect(created.kind === 'created' && created.metadata.participants.map(({ id }) => id)).toEqual(['1@lid'])
    const existing = answer({ tag: 'group', attrs: { jid: '1@g.us' } })
    expect(parseGroupCreate(existing)).toEqual({ kind: 'existing', jid: '1@g.us' })
    expect(() => parseGroupCreate(answer())).toThrowError(expect.objectContaining({ code: 'invalid-group-metadata' }))
  })

  it('list groups whole, in part or not at all (docs/protocol/05 §1.7, §1.8)', () => {
    const list = parseGroupList(
      answer({
        tag: 'groups',
        attrs: {},
        content: [
          { tag: 'group', attrs: { id: '1' } },
          { tag: 'group', attrs: { id: '2', truncated: 'true' } },
          { tag: 'group', attrs: { id: '3', error: '403' } },
          { tag: 'group', attrs: {} },
        ],
      }),
    )
    expect(list.groups.map(({ id }) => id)).toEqual(['1@g.us'])
    expect(list.truncated).toEqual(['2@g.us'])
    expect(list.refused).toEqual({ '3@g.us': 'forbidden' })
  })

  it('say whether somebody is in or has asked (docs/protocol/05 §1.16)', () => {
    expect(parseJoin(answer({ tag: 'group', attrs: { jid: '1@g.us' } }))).toEqual({ kind: 'joined', jid: '1@g.us' })
    const asked = answer({ tag: 'membership_approval_request', attrs: { jid: '1@g.us' } })
    expect(parseJoin(asked)).toEqual({ kind: 'requested', jid: '1@g.us' })
    expect(parseJoin(answer())).toBeUndefined()
  })
})

describe('requests about groups', () => {
  it.each([
    'AbCdEfGhIjKlMnOpQrStUv',
    'https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv',
    'http://chat.whatsapp.com/invite/AbCdEfGhIjKlMnOpQrStUv',
    ' chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv?mode=x ',
  ])('take the code out of %s', text => {
    expect(inviteCodeOf(text)).toBe('AbCdEfGhIjKlMnOpQrStUv')
    expect(buildJoinByCode(inviteCodeOf(text))).toMatchObject({ attrs: { to: '@g.us', type: 'set' } })
  })

  it('name numbers and tokens to those who add only (docs/protocol/05 §1.14)', () => {
    const members = [{ jid: '1@lid', phoneNumber: '1555@s.whatsapp.net', token: Buffer.from('t') }]
    expect(buildMembersChange('1@g.us', { action: 'add', members }).content).toEqual([
      {
        tag: 'add',
        attrs: {},
        content: [
          person(
            { jid: '1@lid', phone_number: '1555@s.whatsapp.net' },
            { tag: 'privacy', attrs: {}, content: Buffer.from('t') },
          ),
        ],
      },
    ])
    expect(buildMembersChange('1@g.us', { action: 'remove', members, fromLinkedGroups: true }).content).toEqual([
      { tag: 'remove', attrs: { linked_groups: 'true' }, content: [{ tag: 'participant', attrs: { jid: '1@lid' } }] },
    ])
  })
})
