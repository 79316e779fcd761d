import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { parseGroupNotification } from '../groups/group-notification.js'
import { proto } from '../proto/index.js'
import { groupChangeEvents } from './group-change-events.js'
import { groupLines } from './group-lines.js'
import { messageSideEffects } from './side-effects.js'

const { StubType } = proto.WebMessageInfo
const GROUP = '120363000000000001@g.us'
const me = { id: '15550009999:2@s.whatsapp.net', lid: '99:2@lid' }

const element = (tag: string, attrs: BinaryNode['attrs'] = {}, ...content: BinaryNode[]): BinaryNode =>
  content.length === 0 ? { tag, attrs } : { tag, attrs, content }
const text = (tag: string, content: string): BinaryNode => ({ tag, attrs: {}, content })
const person = (jid: string, attrs: BinaryNode['attrs'] = {}) => element('participant', { jid, ...attrs })

const notificationOf = (content: BinaryNode[], attrs: BinaryNode['attrs'] = {}) =>
  parseGroupNotification({
    tag: 'notification',
    attrs: {
      type: 'w:gp2',
      from: GROUP,
      id: 'N1',
      t: '1700000000',
      participant: '1@lid',
      participant_pn: '15550001111@s.whatsapp.net',
      addressing_mode: 'lid',
      ...attrs,
    },
    content,
  })

const linesOf = (...content: BinaryNode[]) =>
  groupLines(notificationOf(content), me).map(({ messageStubType, messageStubParameters }) => [
    messageStubType,
    messageStubParameters,
  ])

const eventsOf = (...content: BinaryNode[]) =>
  groupLines(notificationOf(content), me).flatMap(line => messageSideEffects(line, { me, unarchiveChats: false }))

describe('system lines of a notification (docs/protocol/05 §2.2, §2.3)', () => {
  it('name chat, time and author by both names, and are told apart', () => {
    const lines = groupLines(notificationOf([element('announcement'), element('locked')]), me)
    expect(lines).toMatchObject([
      {
        key: {
          remoteJid: GROUP,
          fromMe: false,
          id: 'N1',
          participant: '1@lid',
          participantAlt: '15550001111@s.whatsapp.net',
          addressingMode: 'lid',
        },
        participant: '1@lid',
        messageTimestamp: 1_700_000_000,
      },
      { key: { id: 'N1-1' } },
    ])
    expect(groupLines(notificationOf([element('locked')], { participant: '99@lid' }), me)[0]?.key.fromMe).toBe(true)
  })

  it.each<[BinaryNode, number, string[]]>([
    [
      element('add', {}, person('3@lid', { phone_number: '3@s.whatsapp.net' })),
      StubType.GROUP_PARTICIPANT_ADD,
      ['{"id":"3@lid","phoneNumber":"3@s.whatsapp.net","admin":null}'],
    ],
    [element('remove', {}, person('3@lid')), StubType.GROUP_PARTICIPANT_REMOVE, ['{"id":"3@lid","admin":null}']],
    [element('remove', {}, person('1@lid')), StubType.GROUP_PARTICIPANT_LEAVE, ['{"id":"1@lid","admin":null}']],
    [
      element('remove', {}, person('15550001111@s.whatsapp.net')),
      StubType.GROUP_PARTICIPANT_LEAVE,
      ['{"id":"15550001111@s.whatsapp.net","admin":null}'],
    ],
    [
      element('promote', {}, person('3@lid', { type: 'admin' })),
      StubType.GROUP_PARTICIPANT_PROMOTE,
      ['{"id":"3@lid","admin":"admin"}'],
    ],
    [element('demote', {}, person('3@lid')), StubType.GROUP_PARTICIPANT_DEMOTE, ['{"id":"3@lid","admin":null}']],
    [element('modify', {}, person('3@lid')), StubType.GROUP_PARTICIPANT_CHANGE_NUMBER, ['{"id":"3@lid","admin":null}']],
    [element('subject', { subject: 'New' }), StubType.GROUP_CHANGE_SUBJECT, ['New']],
    [element('description', { id: 'D' }, text('body', 'Text')), StubType.GROUP_CHANGE_DESCRIPTION, ['Text']],
    [element('description', { id: 'D' }, element('delete')), StubType.GROUP_CHANGE_DESCRIPTION, []],
    [element('not_announcement'), StubType.GROUP_CHANGE_ANNOUNCE, ['off']],
    [element('locked'), StubType.GROUP_CHANGE_RESTRICT, ['on']],
    [element('invite', { code: 'C' }), StubType.GROUP_CHANGE_INVITE_LINK, ['C']],
    [text('member_add_mode', 'all_member_add'), StubType.GROUP_MEMBER_ADD_MODE, ['all_member_add']],
    [
      element('membership_approval_mode', {}, element('group_join', { state: 'on' })),
      StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE,
      ['on'],
    ],
    [
      element('create', {}, element('group', { id: '1', subject: 'Team', creator: '1@lid' })),
      StubType.GROUP_CREATE,
      ['Team'],
    ],
    [element('delete', { reason: 'delete_parent' }), StubType.COMMUNITY_PARENT_GROUP_DELETED, []],
    [element('delete'), StubType.GROUP_DELETE, []],
    [element('growth_locked'), StubType.GROUP_INVITE_LINK_GROWTH_LOCKED, []],
    [
      element('link', { link_type: 'sub_group' }, element('group', { jid: '5@g.us', subject: 'S' })),
      StubType.COMMUNITY_LINK_SUB_GROUP,
      ['5@g.us', 'S'],
    ],
    [
      element(
        'unlink',
        { unlink_type: 'parent_group', unlink_reason: 'integrity' },
        element('group', { jid: '5@g.us' }),
      ),
      StubType.INTEGRITY_UNLINK_PARENT_GROUP,
      ['5@g.us'],
    ],
    [
      element('linked_group_promote', { jid: '5@g.us' }, person('3@lid')),
      StubType.COMMUNITY_PARTICIPANT_PROMOTE,
      ['{"id":"3@lid","admin":null}'],
    ],
    [element('no_frequently_forwarded'), StubType.GROUP_CHANGE_NO_FREQUENTLY_FORWARDED, ['on']],
    [element('allow_admin_reports'), StubType.REPORT_TO_ADMIN_ENABLED_STATUS, ['on']],
    [element('group_history'), StubType.GROUP_CHANGE_RECENT_HISTORY_SHARING, ['on']],
    [
      element('created_sub_group_suggestion', {}, element('sub_group_suggestion', {}, text('subject', 'Idea'))),
      StubType.SUGGESTED_SUBGROUP_ANNOUNCE,
      ['Idea'],
    ],
  ])('%o', (node, type, parameters) => {
    expect(linesOf(node)).toEqual([[type, parameters]])
  })

  it('one for each who wants to join, who gives up or is turned down', () => {
    const requests = element(
      'created_membership_requests',
      { request_method: 'invite_link' },
      element('requested_user', { jid: '3@lid', phone_number: '3@s.whatsapp.net' }),
      element('requested_user', { jid: '4@lid' }),
    )
    const type = StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD
    expect(linesOf(requests)).toEqual([
      [type, ['{"lid":"3@lid","pn":"3@s.whatsapp.net"}', 'created', 'invite_link']],
      [type, ['{"lid":"4@lid"}', 'created', 'invite_link']],
    ])
    expect(linesOf(element('revoked_membership_requests', {}, person('1@lid'), person('3@lid')))).toEqual([
      [type, ['{"lid":"1@lid"}', 'revoked']],
      [type, ['{"lid":"3@lid"}', 'rejected']],
    ])
    expect(eventsOf(element('membership_approval_request', { request_method: 'linked_group_join' }))).toMatchObject([
      {
        event: 'group.join-request',
        data: {
          participant: '1@lid',
          participantPn: '15550001111@s.whatsapp.net',
          action: 'created',
          method: 'linked_group_join',
        },
      },
    ])
  })

  it('bring their events with the author under both names (docs/protocol/05 §2.3: lost in Baileys)', () => {
    const by = { author: '1@lid', authorPn: '15550001111@s.whatsapp.net' }
    expect(eventsOf(element('modify', {}, person('3@lid')))).toMatchObject([
      {
        event: 'group-participants.update',
        data: { id: GROUP, action: 'modify', participants: [{ id: '3@lid' }], ...by },
      },
    ])
    expect(eventsOf(element('locked'))).toMatchObject([
      { event: 'groups.update', data: [{ id: GROUP, restrict: true, ...by }] },
    ])
    expect(eventsOf(element('link', { link_type: 'parent_group' }, element('group', { jid: '5@g.us' })))).toMatchObject(
      [{ event: 'groups.update', data: [{ id: GROUP, linkedParent: '5@g.us', ...by }] }],
    )
    expect(eventsOf(element('delete'))).toMatchObject([
      { event: 'chats.update', data: [{ id: GROUP, readOnly: true }] },
    ])
  })

  it('are followed by events that no line brings', () => {
    const told = (node: BinaryNode) => {
      const notification = notificationOf([node])
      return notification.changes.flatMap(change => groupChangeEvents(notification, change))
    }
    expect(
      told(element('create', {}, element('group', { id: '120363000000000001', subject: 'Team', creation: '5' }))),
    ).toMatchObject([
      { event: 'chats.upsert', data: [{ id: GROUP, name: 'Team', conversationTimestamp: 5 }] },
      {
        event: 'groups.upsert',
        data: [{ id: GROUP, subject: 'Team', author: '1@lid', authorPn: '15550001111@s.whatsapp.net' }],
      },
    ])
    expect(told(element('not_ephemeral'))).toMatchObject([
      {
        event: 'chats.update',
        data: [{ id: GROUP, ephemeralExpiration: null, ephemeralSettingTimestamp: 1_700_000_000 }],
      },
      { event: 'groups.update', data: [{ id: GROUP }] },
    ])
    expect(told(element('suspended'))).toMatchObject([{ event: 'groups.update', data: [{ isSuspended: true }] }])
    const [line] = groupLines(notificationOf([element('ephemeral', { expiration: '86400' })]), me)
    expect(line?.message?.protocolMessage).toMatchObject({ ephemeralExpiration: 86_400 })
  })
})
