import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { applyGroupChange } from './group-change.js'
import { parseGroupNotification } from './group-notification.js'
import type { GroupMetadata } from './group-types.js'

const GROUP = '120363000000000001@g.us'
const TIME = 1_700_000_000

const group: GroupMetadata = {
  id: GROUP,
  owner: '1@lid',
  subject: 'Old',
  desc: 'Old text',
  descId: 'D0',
  size: 2,
  participantsVersion: '5',
  participants: [
    { id: '1@lid', phoneNumber: '15550001111@s.whatsapp.net', admin: 'superadmin' },
    { id: '2@lid', admin: null },
  ],
}

const person = (jid: string, attrs: BinaryNode['attrs'] = {}): BinaryNode => ({
  tag: 'participant',
  attrs: { jid, ...attrs },
})

const element = (tag: string, attrs: BinaryNode['attrs'] = {}, content?: BinaryNode['content']): BinaryNode =>
  content === undefined ? { tag, attrs } : { tag, attrs, content }

const notificationOf = (...content: BinaryNode[]) =>
  parseGroupNotification({
    tag: 'notification',
    attrs: {
      type: 'w:gp2',
      from: GROUP,
      id: 'N1',
      t: String(TIME),
      participant: '1@lid',
      participant_pn: '15550001111@s.whatsapp.net',
      notify: 'Ann',
      addressing_mode: 'lid',
    },
    content,
  })

const after = (node: BinaryNode, before = group) => {
  const notification = notificationOf(node)
  const [change] = notification.changes
  return change && applyGroupChange(before, change, notification)
}

describe('notifications of groups (docs/protocol/05 §2)', () => {
  it('name who did it by both names, and every change', () => {
    const notification = notificationOf(element('announcement'), element('locked'), element('mystery'))
    expect(notification).toMatchObject({
      id: 'N1',
      group: GROUP,
      time: TIME,
      author: { id: '1@lid', phoneNumber: '15550001111@s.whatsapp.net' },
      authorName: 'Ann',
      changes: [
        { kind: 'switch', name: 'announce', isOn: true },
        { kind: 'switch', name: 'restrict', isOn: true },
        { kind: 'other', tag: 'mystery' },
      ],
    })
  })

  it('name who wants to join as the service does today, and as it did (docs/protocol/05 §2.2, notes)', () => {
    const request = (...content: BinaryNode[]) =>
      notificationOf(element('created_membership_requests', { request_method: 'invite_link' }, content)).changes[0]
    const user = element('requested_user', { jid: '7@lid', phone_number: '7@s.whatsapp.net' })
    expect(request(user, person('8@lid'))).toMatchObject({
      users: [{ id: '7@lid', phoneNumber: '7@s.whatsapp.net' }],
      method: 'invite_link',
    })
    expect(request(person('8@lid'))).toMatchObject({ users: [{ id: '8@lid' }] })
    expect(request()).toMatchObject({ users: [] })
  })

  it('have at most a hundred changes', () => {
    expect(notificationOf(...Array.from({ length: 500 }, () => element('locked'))).changes).toHaveLength(100)
  })
})

describe('a group after a change', () => {
  it.each([
    [
      element('subject', { subject: 'New', s_t: '5', s_o: '2@lid' }),
      { subject: 'New', subjectTime: 5, subjectOwner: '2@lid' },
    ],
    [
      element('description', { id: 'D1', prev: 'D0' }, [element('body', {}, 'Text')]),
      { desc: 'Text', descId: 'D1', descTime: TIME, descOwner: '1@lid' },
    ],
    [element('description', { id: 'D1' }, [element('delete')]), { desc: undefined, descId: 'D1' }],
    [element('announcement'), { announce: true }],
    [element('unlocked'), { restrict: false }],
    [element('member_add_mode', {}, Buffer.from('all_member_add')), { memberAddMode: true }],
    [element('membership_approval_mode', {}, [element('group_join', { state: 'on' })]), { joinApprovalMode: true }],
    [element('ephemeral', { expiration: '86400' }), { ephemeralDuration: 86_400 }],
    [element('not_ephemeral'), { ephemeralDuration: undefined }],
    [element('suspended'), { isSuspended: true }],
    [
      element('link', { link_type: 'parent_group' }, [element('group', { jid: '9@g.us', subject: 'Town' })]),
      { linkedParent: '9@g.us' },
    ],
    [
      element('unlink', { unlink_type: 'parent_group' }, [element('group', { jid: '9@g.us' })]),
      { linkedParent: undefined },
    ],
    [element('add', {}, [person('3@lid'), person('2@lid')]), { size: 3 }],
    [element('promote', {}, [person('2@lid')]), { participants: [{ id: '1@lid' }, { id: '2@lid', admin: 'admin' }] }],
    [element('demote', {}, [person('2@lid')]), { participants: [{ id: '1@lid' }, { id: '2@lid', admin: null }] }],
    [element('remove', {}, [person('2@lid'), person('4@lid')]), { size: 1, participants: [{ id: '1@lid' }] }],
    [element('leave', {}, [person('2@lid')]), { size: 1 }],
  ])('%o', (node, expected) => {
    expect(after(node)).toMatchObject(expected)
  })

  it('is what it was after changes that say nothing about it', () => {
    expect(after(element('growth_locked', { type: 'invite', expiration: '5' }))).toBe(group)
    expect(after(element('no_frequently_forwarded'))).toBe(group)
    expect(after(element('invite', { code: 'C' }))).toBe(group)
    expect(after(element('invite', { code: 'C' }), { ...group, inviteCode: 'B' })).toMatchObject({ inviteCode: 'C' })
  })

  it('has to be asked for when the change does not say enough or does not fit', () => {
    expect(after(element('mystery'))).toBeUndefined()
    expect(after(element('delete'))).toBeUndefined()
    expect(after(element('modify', {}, [person('4@lid')]))).toBeUndefined()
    expect(after(element('promote', {}, [person('4@lid')]))).toBeUndefined()
  })

  it('counts the versions of its members: what was heard is not taken twice, and a gap is seen', () => {
    const add = (prev_v_id: string, v_id: string) => after(element('add', { prev_v_id, v_id }, [person('3@lid')]))
    expect(add('5', '6')).toMatchObject({ size: 3, participantsVersion: '6' })
    expect(add('4', '5')).toBe(group)
    expect(add('6', '7')).toBeUndefined()
  })
})
