import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { parseMemberResult } from './group-members.js'
import { groupChange, groupQuery } from './group-request.js'
import type { GroupMemberResult } from './group-types.js'

/** Most requests that can be decided at once. */
export const MOST_REQUESTS_AT_ONCE = 19_999

/** Asks who wants to join (docs/protocol/05, 1.15). */
export function buildJoinRequestsQuery(jid: string): BinaryNode {
  return groupQuery(jid, { tag: 'membership_approval_requests', attrs: { requestor_fetch: 'true' } })
}

/** The attributes of each request: `jid`, `request_method`, `request_time` … */
export function parseJoinRequests(answer: BinaryNode): { [key: string]: string }[] {
  const list = getBinaryNodeChild(answer, 'membership_approval_requests')
  return getBinaryNodeChildren(list, 'membership_approval_request').map(({ attrs }) => ({ ...attrs }))
}

/** Decides about requests to join (docs/protocol/05, 1.15). */
export function buildJoinDecision(
  jid: string,
  action: 'approve' | 'reject',
  participants: readonly string[],
): BinaryNode {
  return groupChange(jid, {
    tag: 'membership_requests_action',
    attrs: {},
    content: [{ tag: action, attrs: {}, content: named(participants) }],
  })
}

export function parseJoinDecision(answer: BinaryNode, action: 'approve' | 'reject'): GroupMemberResult[] {
  const list = getBinaryNodeChild(getBinaryNodeChild(answer, 'membership_requests_action'), action)
  return getBinaryNodeChildren(list, 'participant').map(parseMemberResult)
}

/** Takes back the own request (docs/protocol/05, 1.15). */
export function buildJoinCancel(jid: string, own: string): BinaryNode {
  return groupChange(jid, { tag: 'cancel_membership_requests', attrs: {}, content: named([own]) })
}

/** What became of {@link buildJoinCancel}. */
export function parseJoinCancel(answer: BinaryNode): GroupMemberResult[] {
  return getBinaryNodeChildren(getBinaryNodeChild(answer, 'cancel_membership_requests'), 'participant').map(
    parseMemberResult,
  )
}

function named(participants: readonly string[]): BinaryNode[] {
  return participants.map(jid => ({ tag: 'participant', attrs: { jid } }))
}
