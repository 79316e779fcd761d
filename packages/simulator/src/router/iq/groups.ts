import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Account } from '../../accounts/account.js'
import type { Device } from '../../accounts/device.js'
import type { Group } from '../../groups/group.js'
import { groupElement } from '../../groups/group-element.js'
import type { MemberAction } from '../../groups/group-service.js'
import { type IqAnswer, IqFailure, type IqHandler, type IqRequest, NO_CHILDREN } from '../iq-answer.js'
import { childrenOf, element } from '../stanzas.js'
import {
  descriptionText,
  forGroup,
  type GroupDesk,
  type GroupRequest,
  groupOf,
  refusalOf,
  subjectRefusal,
} from './group-access.js'
import { prepareGroup } from './group-settings.js'

const MEMBER_ACTIONS: readonly MemberAction[] = ['add', 'remove', 'promote', 'demote']

/** Groups and their members (docs/protocol/05 §1.5 – §1.8, §1.14, §1.18, §1.19). */
export const groupHandlers = (desk: GroupDesk): Readonly<Record<string, IqHandler>> => ({
  'w:g2 get query': request => query(desk, request),
  'w:g2 get participating': ({ device, child }) => [participating(desk, device, child)],
  'w:g2 set create': request => create(desk, request),
  'w:g2 set leave': request => leave(desk, request),
  'w:g2 set ack': forGroup(desk, 'member', ({ group, device }) => {
    const member = group.members.get(device.account)
    if (member !== undefined) member.isUnacknowledged = false
    return NO_CHILDREN
  }),
  'w:g2 set reports': forGroup(desk, 'member', request => report(desk, request)),
  'w:g2 get reports': forGroup(desk, 'admin', ({ group }) => [reports(group)]),
  ...Object.fromEntries(
    MEMBER_ACTIONS.map(action => [
      `w:g2 set ${action}`,
      forGroup(desk, 'member', (request: GroupRequest) => change(desk, request)),
    ]),
  ),
})

/** One group for who is a member or was invited; or several, each with what can be said of it. */
const query = ({ core }: GroupDesk, { device, node, child }: IqRequest): IqAnswer => {
  const wanted = getBinaryNodeChildren(child, 'group')
  if (wanted.length > 0) {
    const entries = wanted.map(({ attrs }) => listed(core.groups.get(attrs['jid']), attrs['jid'], device))
    return [element('groups', {}, entries)]
  }
  const group = groupOf(core, node)
  if (group instanceof IqFailure) return group
  const invitation = getBinaryNodeChild(child, 'add_request')?.attrs
  const isInvited = invitation !== undefined && group.invitations.get(device.account)?.code === invitation['code']
  if (!isInvited && !group.has(device.account)) return new IqFailure(403, 'forbidden')
  return [groupElement(group, { viewer: device.account })]
}

const listed = (group: Group | undefined, jid: string | undefined, { account }: Device): BinaryNode => {
  if (group === undefined || group.isDeleted) return element('group', { id: jid, error: '404' })
  return group.has(account) ? groupElement(group, { viewer: account }) : element('group', { id: jid, error: '403' })
}

const participating = ({ core }: GroupDesk, { account }: Device, child: BinaryNode | undefined): BinaryNode => {
  const withMembers = getBinaryNodeChild(child, 'participants') !== undefined
  const withDescription = getBinaryNodeChild(child, 'description') !== undefined
  const options = { viewer: account, withMembers, withDescription }
  return element(
    'groups',
    {},
    core.groups.of(account).map(group => groupElement(group, options)),
  )
}

interface Outcome {
  readonly jid: string | undefined
  readonly account: Account | undefined
  readonly error: string | undefined
}

const create = (desk: GroupDesk, { device, child }: IqRequest): IqAnswer => {
  const { core, groups } = desk
  if (child === undefined) return new IqFailure(400, 'bad-request')
  const { subject = '', key } = child.attrs
  const refused = subjectRefusal(subject) ?? descriptionRefusal(child)
  if (refused !== undefined) return refused
  const known = groups.byKey(device.account, key)
  if (known !== undefined) return [element('group', { jid: known.jid })]
  const parent = parentOf(desk, device, child)
  if (parent instanceof IqFailure) return parent
  const outcomes = getBinaryNodeChildren(child, 'participant').map(({ attrs }): Outcome => {
    const account = core.accounts.resolve(attrs['jid'])?.account
    return {
      jid: attrs['jid'],
      account,
      error: account === undefined ? '404' : groups.addingRefusal(device.account, account),
    }
  })
  const mode = getBinaryNodeChild(child, 'addressing_mode_override')?.attrs['mode']
  const group = groups.create(device.account, {
    subject,
    members: acceptedOf(outcomes),
    addressing: mode === 'pn' ? 'pn' : 'lid',
    creationKey: key,
    prepare: made => prepareGroup(desk, made, device.account, child),
  })
  if (getBinaryNodeChild(child, 'parent') !== undefined) {
    desk.communities.begin(group, { withGeneralChat: getBinaryNodeChild(child, 'create_general_chat') !== undefined })
  }
  if (parent !== undefined) desk.communities.link(parent, group, device.account)
  const failed = outcomes.filter(({ error }) => error !== undefined)
  const further = failed.map(outcome => outcomeElement(desk, group, device.account, outcome))
  return [groupElement(group, { key, viewer: device.account, further })]
}

/** The community in which a group is made, by somebody who may. */
const parentOf = ({ core }: GroupDesk, { account }: Device, child: BinaryNode): Group | undefined | IqFailure => {
  const jid = getBinaryNodeChild(child, 'linked_parent')?.attrs['jid']
  if (jid === undefined) return undefined
  const parent = core.groups.get(jid)
  if (parent?.community === undefined || parent.isDeleted) return new IqFailure(404, 'item-not-found')
  const isOpen = parent.switches.has('allow_non_admin_sub_group_creation')
  return parent.isAdmin(account) || (isOpen && parent.has(account)) ? parent : new IqFailure(403, 'forbidden')
}

const descriptionRefusal = (child: BinaryNode): IqFailure | undefined => {
  const text = descriptionText(getBinaryNodeChild(getBinaryNodeChild(child, 'description'), 'body'))
  return text instanceof IqFailure ? text : undefined
}

/** One request may promote some members and demote others. */
const change = (desk: GroupDesk, request: GroupRequest): IqAnswer => {
  const answers: BinaryNode[] = []
  for (const child of childrenOf(request.node)) {
    const action = MEMBER_ACTIONS.find(known => known === child.tag)
    if (action === undefined) continue
    const open = action === 'add' && request.group.memberAddMode === 'all_member_add'
    const refusal = refusalOf(request.group, request.device, open ? 'member' : 'admin')
    if (refusal !== undefined) return refusal
    answers.push(changeMembers(desk, request, action, child))
  }
  return answers
}

const changeMembers = (
  desk: GroupDesk,
  { group, device }: GroupRequest,
  action: MemberAction,
  child: BinaryNode,
): BinaryNode => {
  const { core, groups } = desk
  const actor = device.account
  const outcomes = getBinaryNodeChildren(child, 'participant').map(({ attrs }): Outcome => {
    const account = core.accounts.resolve(attrs['jid'])?.account
    const error = account === undefined ? '404' : groups.check(group, actor, action, account)
    return { jid: attrs['jid'], account, error }
  })
  const accepted = acceptedOf(outcomes)
  const asksOnly = action === 'add' && group.joinApproval && !group.isAdmin(actor)
  if (asksOnly) for (const account of accepted) groups.request(group, account, 'non_admin_add', actor)
  else if (child.attrs['linked_groups'] === 'true') desk.communities.remove(group, actor, accepted)
  else groups.apply(group, actor, action, accepted)
  const entries = outcomes.map(outcome =>
    asksOnly && outcome.error === undefined
      ? element('participant', { jid: outcome.jid }, [element('membership_approval_request')])
      : outcomeElement(desk, group, actor, outcome),
  )
  return element(action, {}, entries)
}

const acceptedOf = (outcomes: readonly Outcome[]): Account[] =>
  outcomes.flatMap(({ account, error }) => (account !== undefined && error === undefined ? [account] : []))

/** What became of one person; whose privacy forbids adding can be invited instead. */
const outcomeElement = (
  { groups }: GroupDesk,
  group: Group,
  actor: Account,
  { jid, account, error }: Outcome,
): BinaryNode => {
  if (account === undefined || error !== '403') return element('participant', { jid, error })
  return element('participant', { jid, error }, [groups.invite(group, actor, account)])
}

const leave = ({ core, groups, communities }: GroupDesk, { device, child }: IqRequest): IqAnswer => {
  const wanted = getBinaryNodeChildren(child, 'group').map(({ attrs }) => core.groups.get(attrs['id']))
  const own = wanted.flatMap(group => (group?.has(device.account) === true ? [group] : []))
  if (own.length < wanted.length) return new IqFailure(404, 'item-not-found')
  // Announcements are heard for as long as one is in the community.
  if (own.some(group => group.parent?.community?.announcements === group)) return new IqFailure(405, 'not-allowed')
  for (const group of own) {
    if (group.community === undefined) groups.leave(group, device.account)
    else communities.leave(group, device.account)
  }
  return [
    element(
      'leave',
      {},
      own.map(({ jid }) => element('group', { id: jid })),
    ),
  ]
}

const report = ({ core }: GroupDesk, { group, device, child }: GroupRequest): IqAnswer => {
  if (!group.switches.has('allow_admin_reports')) return new IqFailure(403, 'forbidden')
  const messageId = getBinaryNodeChild(child, 'report')?.attrs['message_id'] ?? ''
  const reporters = group.reports.get(messageId) ?? new Map<Account, number>()
  group.reports.set(messageId, reporters.set(device.account, core.now()))
  return NO_CHILDREN
}

const reports = (group: Group): BinaryNode => {
  const lid = group.addressing === 'lid'
  const entries = [...group.reports].map(([message_id, reporters]) =>
    element(
      'report',
      { message_id },
      [...reporters].map(([account, time]) =>
        element('reporter', {
          jid: account.jid(group.addressing),
          phone_number: lid ? account.pn : undefined,
          timestamp: String(time),
        }),
      ),
    ),
  )
  return element('reports', {}, entries)
}
