import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import type { BinaryNode } from '../binary/node.js'
import { groupRefusalReason } from './group-refusal.js'
import { groupChange } from './group-request.js'
import type { GroupMemberAction, GroupMemberResult } from './group-types.js'

/** Most members that one request may name (docs/protocol/05, 1.22). */
export const MOST_MEMBERS_AT_ONCE = 1024

/** Somebody who is to be added, with what lets the service find and trust us. */
export interface AddedMember {
  readonly jid: string
  /** Of a LID, where it is known. */
  readonly phoneNumber?: string | undefined
  /** The token that this contact gave us. */
  readonly token?: Uint8Array | undefined
}

/** A `<participant>` of a request that adds. */
export function memberElement({ jid, phoneNumber, token }: AddedMember): BinaryNode {
  const attrs = { jid, ...(phoneNumber === undefined ? {} : { phone_number: phoneNumber }) }
  if (token === undefined) return { tag: 'participant', attrs }
  return { tag: 'participant', attrs, content: [{ tag: 'privacy', attrs: {}, content: token }] }
}

export interface MembersChange {
  readonly action: GroupMemberAction
  readonly members: readonly AddedMember[]
  /** Removes them from the community and from all of its groups. */
  readonly fromLinkedGroups?: boolean
}

/** Adds, removes, promotes or demotes members (docs/protocol/05, 1.14). */
export function buildMembersChange(jid: string, { action, members, fromLinkedGroups }: MembersChange): BinaryNode {
  return groupChange(jid, {
    tag: action,
    attrs: action === 'remove' && fromLinkedGroups ? { linked_groups: 'true' } : {},
    content: members.map(member => memberElement(action === 'add' ? member : { jid: member.jid })),
  })
}

/** What became of each member of {@link buildMembersChange}. */
export function parseMembersChange(answer: BinaryNode, action: GroupMemberAction): GroupMemberResult[] {
  return getBinaryNodeChildren(getBinaryNodeChild(answer, action), 'participant').map(parseMemberResult)
}

/** One `<participant>` of an answer (docs/protocol/05, 1.14). */
export function parseMemberResult(node: BinaryNode): GroupMemberResult {
  const { jid, error } = node.attrs
  const request = getBinaryNodeChild(node, 'membership_approval_request')
  const invitation = getBinaryNodeChild(node, 'add_request')?.attrs
  const code = error ?? request?.attrs['error']
  return {
    status: code ?? '200',
    jid,
    content: node,
    reason: groupRefusalReason(code),
    awaitsApproval: request !== undefined && code === undefined ? true : undefined,
    invitation: invitation?.['code']
      ? { inviteCode: invitation['code'], inviteExpiration: parseDecimal(invitation['expiration']) ?? 0 }
      : undefined,
  }
}
