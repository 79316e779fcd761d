import { type BinaryNode, getBinaryNodeChildren } from 'kurir/binary'
import type { Device } from '../../accounts/device.js'
import type { Group } from '../../groups/group.js'
import { groupElement } from '../../groups/group-element.js'
import type { GroupService, MemberAction } from '../../groups/group-service.js'
import { type IqAnswer, IqFailure, type IqHandler } from '../iq-answer.js'
import type { ServiceCore } from '../service-core.js'
import { childrenOf, element, textOf } from '../stanzas.js'

const MEMBER_ACTIONS: readonly MemberAction[] = ['add', 'remove', 'promote', 'demote']

/** Groups as far as group texts need them (docs/protocol/05 §1.5 – §1.14). */
export const groupHandlers = (core: ServiceCore, groups: GroupService): Readonly<Record<string, IqHandler>> => ({
  'w:g2 get query': ({ device, node }) => query(core, device, node),
  'w:g2 get participating': ({ device }) => [
    element(
      'groups',
      {},
      core.groups.of(device.account).map(group => groupElement(group)),
    ),
  ],
  'w:g2 set create': ({ device, child }) => create(core, groups, device, child),
  'w:g2 set add': ({ device, node }) => change(core, groups, device, node),
  'w:g2 set remove': ({ device, node }) => change(core, groups, device, node),
  'w:g2 set promote': ({ device, node }) => change(core, groups, device, node),
  'w:g2 set demote': ({ device, node }) => change(core, groups, device, node),
  'w:g2 set subject': ({ device, node, child }) => subject(core, groups, device, node, child),
  'w:g2 set ephemeral': ({ device, node, child }) => expiration(core, groups, device, node, child),
  'w:g2 set not_ephemeral': ({ device, node, child }) => expiration(core, groups, device, node, child),
  'w:g2 set leave': ({ device, child }) => leave(core, groups, device, child),
})

/** The group that a member asks. */
const ownGroup = (core: ServiceCore, device: Device, node: BinaryNode): Group | IqFailure => {
  const group = core.groups.get(node.attrs['to'])
  if (group === undefined) return new IqFailure(404, 'item-not-found')
  return group.has(device.account) ? group : new IqFailure(403, 'forbidden')
}

const query = (core: ServiceCore, device: Device, node: BinaryNode): IqAnswer => {
  const group = ownGroup(core, device, node)
  if (group instanceof IqFailure) return group
  return [groupElement(group)]
}

const create = (core: ServiceCore, groups: GroupService, device: Device, child: BinaryNode | undefined): IqAnswer => {
  if (child === undefined) return new IqFailure(400, 'bad-request')
  const wanted = getBinaryNodeChildren(child, 'participant')
  const members = wanted.map(({ attrs }) => core.accounts.resolve(attrs['jid'])?.account)
  const found = members.filter(member => member !== undefined)
  const mode = getBinaryNodeChildren(child, 'addressing_mode_override')[0]?.attrs['mode']
  const group = groups.create(device.account, {
    subject: child.attrs['subject'] ?? '',
    members: found,
    addressing: mode === 'pn' ? 'pn' : 'lid',
    creationKey: child.attrs['key'],
  })
  const unknown = wanted.filter((_, index) => members[index] === undefined)
  const failed = unknown.map(({ attrs }) => element('participant', { jid: attrs['jid'], error: '404' }))
  return [groupElement(group, child.attrs['key'], failed)]
}

/** One request may promote some members and demote others. */
const change = (core: ServiceCore, groups: GroupService, device: Device, node: BinaryNode): IqAnswer => {
  const group = core.groups.get(node.attrs['to'])
  if (group === undefined) return new IqFailure(404, 'item-not-found')
  if (!groups.mayChange(group, device.account)) return new IqFailure(403, 'forbidden')
  return childrenOf(node).flatMap(child => {
    const action = MEMBER_ACTIONS.find(known => known === child.tag)
    return action === undefined ? [] : [changeMembers(core, groups, device, group, action, child)]
  })
}

const changeMembers = (
  core: ServiceCore,
  groups: GroupService,
  device: Device,
  group: Group,
  action: MemberAction,
  child: BinaryNode,
): BinaryNode => {
  const outcomes = getBinaryNodeChildren(child, 'participant').map(({ attrs }) => {
    const account = core.accounts.resolve(attrs['jid'])?.account
    return { jid: attrs['jid'], account, error: account === undefined ? '404' : groups.check(group, action, account) }
  })
  const accepted = outcomes.flatMap(({ account, error }) =>
    account !== undefined && error === undefined ? [account] : [],
  )
  groups.apply(group, device.account, action, accepted)
  return element(
    action,
    {},
    outcomes.map(({ jid, error }) => element('participant', { jid, error })),
  )
}

const subject = (
  core: ServiceCore,
  groups: GroupService,
  device: Device,
  node: BinaryNode,
  child: BinaryNode | undefined,
): IqAnswer => {
  const group = ownGroup(core, device, node)
  if (group instanceof IqFailure) return group
  const text = textOf(child) ?? ''
  if (text.length > 100) return new IqFailure(406, 'not-acceptable', [element('field', { name: 'subject' })])
  groups.setSubject(group, device.account, text)
  return []
}

/** The values that apps offer (docs/protocol/03 §2.5). */
const TIMERS = new Set([0, 86_400, 604_800, 7_776_000])

const expiration = (
  core: ServiceCore,
  groups: GroupService,
  device: Device,
  node: BinaryNode,
  child: BinaryNode | undefined,
): IqAnswer => {
  const group = ownGroup(core, device, node)
  if (group instanceof IqFailure) return group
  const seconds = Number(child?.attrs['expiration'] ?? 0)
  if (!TIMERS.has(seconds)) return new IqFailure(400, 'bad-request')
  groups.setExpiration(group, device.account, seconds)
  return []
}

const leave = (core: ServiceCore, groups: GroupService, device: Device, child: BinaryNode | undefined): IqAnswer => {
  const entries = (child === undefined ? [] : getBinaryNodeChildren(child, 'group')).map(({ attrs }) => {
    const group = core.groups.get(attrs['id'])
    if (group === undefined || !group.has(device.account)) return element('group', { id: attrs['id'], error: '404' })
    groups.apply(group, device.account, 'remove', [device.account])
    return element('group', { id: attrs['id'] })
  })
  return [element('leave', {}, entries)]
}
