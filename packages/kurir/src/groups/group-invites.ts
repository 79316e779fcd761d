import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { type AddRequest, addRequestAttributes } from './group-queries.js'
import { flag, GROUP_SERVICE, groupChange, groupJid, groupQuery } from './group-request.js'

const LINK = /^(?:https?:\/\/)?chat\.whatsapp\.com\/(?:invite\/)?/

/** The code of an invitation, out of the whole link too (docs/protocol/05, 1.16). */
export function inviteCodeOf(codeOrLink: string): string {
  const [code = ''] = codeOrLink.trim().replace(LINK, '').split(/[?#/]/)
  return code
}

/** Asks for the code of the link with which people join. */
export function buildInviteQuery(jid: string): BinaryNode {
  return groupQuery(jid, flag('invite'))
}

/** Makes a new code; who has the old one cannot join any more. */
export function buildInviteReset(jid: string): BinaryNode {
  return groupChange(jid, flag('invite'))
}

export function parseInviteCode(answer: BinaryNode): string | undefined {
  return getBinaryNodeChild(answer, 'invite')?.attrs['code']
}

/** Joins by a code. */
export function buildJoinByCode(code: string): BinaryNode {
  return groupChange(GROUP_SERVICE, { tag: 'invite', attrs: { code } })
}

/** What came of joining: a member at once, or somebody whom an admin has to approve. */
export interface JoinOutcome {
  readonly kind: 'joined' | 'requested'
  readonly jid: string
}

/** Undefined when the answer tells nothing. */
export function parseJoin(answer: BinaryNode): JoinOutcome | undefined {
  const joined = getBinaryNodeChild(answer, 'group') ?? getBinaryNodeChild(answer, 'community')
  const requested = getBinaryNodeChild(answer, 'membership_approval_request')
  const jid = (joined ?? requested)?.attrs['jid']
  return jid === undefined ? undefined : { kind: joined ? 'joined' : 'requested', jid: groupJid(jid) }
}

/** Asks what a code leads to, without joining. */
export function buildInvitePreview(code: string): BinaryNode {
  return groupQuery(GROUP_SERVICE, { tag: 'invite', attrs: { code } })
}

/** Accepts an invitation that came in a message (docs/protocol/05, 1.17). */
export function buildInvitationAccept(jid: string, invitation: AddRequest): BinaryNode {
  return groupChange(jid, { tag: 'accept', attrs: addRequestAttributes(invitation) })
}

/** Withdraws an invitation that was sent in a message. */
export function buildInvitationRevoke(jid: string, invited: string): BinaryNode {
  return groupChange(jid, {
    tag: 'revoke',
    attrs: {},
    content: [{ tag: 'participant', attrs: { jid: invited } }],
  })
}

/** Whether {@link buildInvitationRevoke} withdrew something. */
export function parseInvitationRevoke(answer: BinaryNode): boolean {
  const entries = getBinaryNodeChildren(getBinaryNodeChild(answer, 'revoke'), 'participant')
  return entries.every(({ attrs }) => attrs['error'] === undefined)
}
