import {
  applyGroupChange,
  parseGroupAnswer,
  parseGroupCreate,
  parseGroupList,
  parseGroupMetadata,
  parseGroupNotification,
  parseJoin,
  parseJoinDecision,
  parseJoinRequests,
  parseMembersChange,
  parseReports,
} from 'kurir/groups'
import { groupChangeEvents, groupLines, messageSideEffects } from 'kurir/messages'
import * as answers from './answer-samples.mjs'
import { mutateNode } from './mutate.mjs'
import * as samples from './samples.mjs'

const { me } = samples

const node = (tag, attrs = {}, ...content) => ({ tag, attrs, content })
const person = (jid, ...content) => node('participant', { jid, phone_number: '6281110002@s.whatsapp.net' }, ...content)
const parent = node('group', { jid: '120363000000000009@g.us', subject: 'Town' })

const changes = [
  [node('create', { type: 'new' }, answers.group)],
  [node('add', { prev_v_id: '4', v_id: '5' }, person('1@lid'), person('2@lid'))],
  [node('remove', { reason: 'x' }, person('1@lid')), node('promote', {}, person('2@lid'))],
  [node('modify', {}, person('3@lid'))],
  [node('subject', { subject: 'New', s_t: '1700000000', s_o: '1@lid' })],
  [node('description', { id: 'D' }, { tag: 'body', attrs: {}, content: Buffer.from('Text') })],
  [node('announcement'), node('locked'), node('ephemeral', { expiration: '86400' }), node('suspended')],
  [{ tag: 'member_add_mode', attrs: {}, content: Buffer.from('all_member_add') }, node('invite', { code: 'C' })],
  [node('membership_approval_mode', {}, node('group_join', { state: 'on' }))],
  [node('created_membership_requests', { request_method: 'invite_link' }, node('requested_user', { jid: '5@lid' }))],
  [node('revoked_membership_requests', {}, person('1@lid'))],
  [node('link', { link_type: 'parent_group' }, parent), node('unlink', { unlink_type: 'sub_group' }, parent)],
  [node('groups_dirty', {}, node('group', { jid: '120363000000000001@g.us' })), node('delete', { reason: 'x' })],
]

const notification = content => ({
  tag: 'notification',
  attrs: {
    type: 'w:gp2',
    from: '120363000000000001@g.us',
    id: 'N',
    t: '1700000000',
    participant: '1@lid',
    participant_pn: '6281110002@s.whatsapp.net',
    addressing_mode: 'lid',
  },
  content,
})

const results = [
  node('iq', {}, answers.group),
  node('iq', {}, node('groups', {}, answers.group, node('group', { id: '2', error: '403' }))),
  node('iq', {}, node('add', {}, person('1@lid', node('add_request', { code: 'c', expiration: '5' })))),
  node('iq', {}, node('membership_requests_action', {}, node('approve', {}, person('1@lid')))),
  node('iq', {}, node('membership_approval_requests', {}, node('membership_approval_request', { jid: '1@lid' }))),
  node('iq', {}, node('group', { jid: '1@g.us' }), node('membership_approval_request', { jid: '1@g.us' })),
  node('iq', {}, node('reports', {}, node('report', { message_id: 'A' }, node('reporter', { jid: '1@lid' })))),
]

const parsers = [parseGroupAnswer, parseGroupCreate, parseGroupList, parseJoin, parseJoinRequests, parseReports]

/** Groups: what is asked, and what is told. */
export const groupTargets = [
  {
    name: 'group metadata',
    share: 4,
    make: random => mutateNode(random, answers.group),
    run: stanza => void parseGroupMetadata(stanza),
  },
  {
    name: 'group notification',
    share: 6,
    make: random => mutateNode(random, notification(random.pick(changes))),
    run(stanza) {
      const told = parseGroupNotification(stanza)
      const group = parseGroupMetadata(answers.group)
      for (const change of told.changes) {
        applyGroupChange(group, change, told)
        groupChangeEvents(told, change)
      }
      for (const line of groupLines(told, me)) messageSideEffects(line, { me, unarchiveChats: true })
    },
  },
  {
    name: 'answer about groups',
    share: 4,
    make: random => ({ stanza: mutateNode(random, random.pick(results)), parse: random.pick(parsers) }),
    run({ stanza, parse }) {
      parse(stanza)
      parseMembersChange(stanza, 'add')
      parseJoinDecision(stanza, 'approve')
    },
  },
]
