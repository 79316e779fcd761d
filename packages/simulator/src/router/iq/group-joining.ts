import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Account } from '../../accounts/account.js'
import type { Group, JoinRequest } from '../../groups/group.js'
import { groupElement } from '../../groups/group-element.js'
import { type IqAnswer, IqFailure, type IqHandler, type IqRequest } from '../iq-answer.js'
import { element } from '../stanzas.js'
import { forGroup, type GroupDesk, type GroupRequest, groupOf } from './group-access.js'

/** Links, invitations in messages, and requests to join (docs/protocol/05 §1.15 – §1.17). */
export const groupJoiningHandlers = (desk: GroupDesk): Readonly<Record<string, IqHandler>> => ({
  'w:g2 get invite': request => (namesCode(request) ? preview(desk, request) : readCode(desk, request)),
  'w:g2 set invite': request => (namesCode(request) ? join(desk, request) : resetCode(desk, request)),
  'w:g2 set accept': request => accept(desk, request),
  'w:g2 set revoke': forGroup(desk, 'member', request => revoke(desk, request)),
  'w:g2 get membership_approval_requests': forGroup(desk, 'admin', ({ group }) => [requestList(group)]),
  'w:g2 set membership_requests_action': forGroup(desk, 'admin', request => decide(desk, request)),
  'w:g2 set cancel_membership_requests': request => cancel(desk, request),
})

const namesCode = ({ child }: IqRequest): boolean => child?.attrs['code'] !== undefined

const readCode = (desk: GroupDesk, request: IqRequest): IqAnswer =>
  forGroup(desk, 'admin', ({ group }) => [element('invite', { code: group.inviteCode })])(request)

const resetCode = (desk: GroupDesk, request: IqRequest): IqAnswer =>
  forGroup(desk, 'admin', ({ group, device }) => [
    element('invite', { code: desk.groups.resetInvite(group, device.account) }),
  ])(request)

const byCode = ({ core }: GroupDesk, code: string | undefined): Group | IqFailure => {
  for (const group of core.groups.all()) {
    if (group.isDeleted || code === undefined) continue
    if (group.inviteCode === code) return group
    if (group.revokedCodes.has(code)) return new IqFailure(410, 'gone')
  }
  return new IqFailure(404, 'item-not-found')
}

const preview = (desk: GroupDesk, { device, child }: IqRequest): IqAnswer => {
  const group = byCode(desk, child?.attrs['code'])
  if (group instanceof IqFailure) return group
  const hasAsked = group.joinRequests.has(device.account)
  const further = hasAsked ? [element('membership_approval_request', { error: '304' })] : []
  return [groupElement(group, { withMembers: group.has(device.account), further })]
}

const join = (desk: GroupDesk, { device, child }: IqRequest): IqAnswer => {
  const group = byCode(desk, child?.attrs['code'])
  if (group instanceof IqFailure) return group
  if (group.has(device.account)) return [element('group', { jid: group.jid })]
  if (group.removed.has(device.account)) return new IqFailure(405, 'not-allowed')
  return enter(desk, group, device.account, 'invite') ?? [element('group', { jid: group.jid })]
}

/** Lets somebody in, or notes the wish where an admin has to approve; undefined when they are in. */
const enter = (
  { groups }: GroupDesk,
  group: Group,
  account: Account,
  reason: 'invite' | 'accept',
): IqAnswer | undefined => {
  if (groups.isFull(group)) return new IqFailure(419, 'resource-limit')
  if (!group.joinApproval) {
    groups.apply(group, account, 'add', [account], reason)
    return undefined
  }
  if (group.joinRequests.has(account)) return new IqFailure(304, 'already-exists')
  groups.request(group, account, 'invite_link')
  return [element('membership_approval_request', { jid: group.jid })]
}

const accept = (desk: GroupDesk, { device, node, child }: IqRequest): IqAnswer => {
  const { account } = device
  const group = groupOf(desk.core, node)
  if (group instanceof IqFailure) return group
  if (group.has(account)) return new IqFailure(304, 'already-exists')
  const { code, expiration, admin } = child?.attrs ?? {}
  const invitation = group.invitations.get(account)
  if (invitation === undefined || invitation.code !== code) return new IqFailure(404, 'item-not-found')
  if (desk.core.now() > invitation.expiration) return new IqFailure(410, 'gone')
  const isAsSent = String(invitation.expiration) === expiration
  const isFrom = desk.core.accounts.resolve(admin)?.account === invitation.admin
  if (!isAsSent || !isFrom) return new IqFailure(406, 'not-acceptable')
  return enter(desk, group, account, 'accept') ?? []
}

/** By admins, and by who has sent the invitation. */
const revoke = ({ core, groups }: GroupDesk, { group, device, child }: GroupRequest): IqAnswer => {
  const withdrawn: Account[] = []
  const entries = getBinaryNodeChildren(child, 'participant').map(({ attrs }) => {
    const account = core.accounts.resolve(attrs['jid'])?.account
    const invitation = account === undefined ? undefined : group.invitations.get(account)
    const mayRevoke = group.isAdmin(device.account) || invitation?.admin === device.account
    if (account === undefined || invitation === undefined || !mayRevoke) {
      return element('participant', { jid: attrs['jid'], error: '404' })
    }
    group.invitations.delete(account)
    withdrawn.push(account)
    return element('participant', { jid: attrs['jid'] })
  })
  for (const account of withdrawn) {
    const named = element('participant', { jid: account.jid(group.addressing) })
    groups.notify(group, device.account, element('revoke', {}, [named]), [account])
  }
  return [element('revoke', {}, entries)]
}

const requestList = (group: Group): BinaryNode => {
  const lid = group.addressing === 'lid'
  const entries = [...group.joinRequests.values()].map(({ account, requestedAt, method, requestor }: JoinRequest) =>
    element('membership_approval_request', {
      jid: account.jid(group.addressing),
      phone_number: lid ? account.pn : undefined,
      request_time: String(requestedAt),
      request_method: method,
      requestor: requestor?.jid(group.addressing),
      requestor_pn: lid ? requestor?.pn : undefined,
    }),
  )
  return element('membership_approval_requests', {}, entries)
}

const decide = ({ core, groups }: GroupDesk, { group, device, child }: GroupRequest): IqAnswer => {
  const answers = (['approve', 'reject'] as const).flatMap(action => {
    const list = getBinaryNodeChild(child, action)
    if (list === undefined) return []
    const accepted: Account[] = []
    const entries = getBinaryNodeChildren(list, 'participant').map(({ attrs }) => {
      const account = core.accounts.resolve(attrs['jid'])?.account
      const error =
        account === undefined ? '404' : decisionError(group, account, action === 'approve' && groups.isFull(group))
      if (account !== undefined && error === undefined) accepted.push(account)
      return element('participant', { jid: attrs['jid'], error })
    })
    if (action === 'reject') groups.dropRequests(group, device.account, accepted)
    else groups.apply(group, device.account, 'add', accepted, 'invite')
    return [element(action, {}, entries)]
  })
  return [element('membership_requests_action', {}, answers)]
}

const decisionError = (group: Group, account: Account, isFull: boolean): string | undefined => {
  if (group.has(account)) return '409'
  if (!group.joinRequests.has(account)) return '404'
  return isFull ? '419' : undefined
}

/** Everybody takes back the own request only. */
const cancel = ({ core, groups }: GroupDesk, { device, node, child }: IqRequest): IqAnswer => {
  const group = groupOf(core, node)
  if (group instanceof IqFailure) return group
  const entries = getBinaryNodeChildren(child, 'participant').map(({ attrs }) => {
    const account = core.accounts.resolve(attrs['jid'])?.account
    if (account !== device.account) return element('participant', { jid: attrs['jid'], error: '401' })
    if (!group.joinRequests.has(account)) return element('participant', { jid: attrs['jid'], error: '404' })
    groups.dropRequests(group, account, [account])
    return element('participant', { jid: attrs['jid'] })
  })
  return [element('cancel_membership_requests', {}, entries)]
}
