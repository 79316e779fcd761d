import { type BinaryNode, getBinaryNodeChild } from 'kurir/binary'
import type { Account } from '../../accounts/account.js'
import { type Group, type GroupSwitch, SWITCHES } from '../../groups/group.js'
import { approvalElement } from '../../groups/group-element.js'
import { type IqAnswer, IqFailure, type IqHandler, NO_CHILDREN } from '../iq-answer.js'
import { childrenOf, element, textOf } from '../stanzas.js'
import {
  descriptionText,
  forGroup,
  type GroupDesk,
  type GroupRequest,
  type GroupRight,
  refusalOf,
  subjectRefusal,
} from './group-access.js'

/** The values that apps offer (docs/protocol/03 §2.5). */
const TIMERS = new Set([0, 86_400, 604_800, 7_776_000])

/** Sets something; tells what members hear of it, nothing when it was so already, or why it is refused. */
type Setter = (desk: GroupDesk, group: Group, actor: Account, child: BinaryNode) => BinaryNode | undefined | IqFailure

interface Setting {
  readonly right: GroupRight
  readonly set: Setter
}

const switchOf = (name: GroupSwitch, isOn: boolean): Setting => ({
  right: 'admin',
  set: (_, { switches }, __, child) => {
    if (switches.has(name) === isOn) return undefined
    if (isOn) switches.add(name)
    else switches.delete(name)
    return element(child.tag)
  },
})

const setSubject: Setter = ({ core }, group, actor, child) => {
  const subject = textOf(child) ?? ''
  const refusal = subjectRefusal(subject)
  if (refusal !== undefined) return refusal
  group.subject = subject
  group.subjectSetAt = core.now()
  group.subjectSetBy = actor
  const s_o_pn = group.addressing === 'lid' ? actor.pn : undefined
  return element('subject', { subject, s_t: String(group.subjectSetAt), s_o: actor.jid(group.addressing), s_o_pn })
}

const setDescription: Setter = ({ core }, group, actor, child) => {
  const { id = '', prev } = child.attrs
  if (prev !== group.description?.id) return new IqFailure(409, 'conflict')
  const body = getBinaryNodeChild(child, 'body')
  const text = descriptionText(body)
  if (text instanceof IqFailure) return text
  group.description = body === undefined ? undefined : { id, text, author: actor, setAt: core.now() }
  return element('description', { id, prev }, [body === undefined ? element('delete') : body])
}

const setTimer: Setter = (_, group, __, child) => {
  const seconds = Number(child.attrs['expiration'] ?? 0)
  if (!TIMERS.has(seconds)) return new IqFailure(400, 'bad-request')
  if (group.expiration === seconds) return undefined
  group.expiration = seconds
  return seconds === 0 ? element('not_ephemeral') : element('ephemeral', { expiration: String(seconds), trigger: '1' })
}

const setMemberAddMode: Setter = (_, group, __, child) => {
  const mode = textOf(child) === 'all_member_add' ? 'all_member_add' : 'admin_add'
  if (group.memberAddMode === mode) return undefined
  group.memberAddMode = mode
  return element('member_add_mode', {}, Buffer.from(mode))
}

const setApproval: Setter = (_, group, __, child) => {
  const isOn = getBinaryNodeChild(child, 'group_join')?.attrs['state'] === 'on'
  if (group.joinApproval === isOn) return undefined
  group.joinApproval = isOn
  return approvalElement(isOn)
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  subject: { right: 'editor', set: setSubject },
  description: { right: 'editor', set: setDescription },
  ephemeral: { right: 'editor', set: setTimer },
  not_ephemeral: { right: 'editor', set: setTimer },
  member_add_mode: { right: 'admin', set: setMemberAddMode },
  membership_approval_mode: { right: 'admin', set: setApproval },
  ...Object.fromEntries(
    (Object.keys(SWITCHES) as GroupSwitch[]).flatMap(name => [
      [name, switchOf(name, true)],
      [SWITCHES[name], switchOf(name, false)],
    ]),
  ),
}

/** Subject, description and settings (docs/protocol/05 §1.10 – §1.13): each member hears what has changed. */
export const groupSettingHandlers = (desk: GroupDesk): Readonly<Record<string, IqHandler>> =>
  Object.fromEntries(
    Object.keys(SETTINGS).map(tag => [`w:g2 set ${tag}`, forGroup(desk, 'member', request => change(desk, request))]),
  )

const change = (desk: GroupDesk, { group, device, node }: GroupRequest): IqAnswer => {
  for (const child of childrenOf(node)) {
    const setting = SETTINGS[child.tag]
    if (setting === undefined) return new IqFailure(400, 'bad-request')
    const refusal = refusalOf(group, device, setting.right)
    if (refusal !== undefined) return refusal
    const said = setting.set(desk, group, device.account, child)
    if (said instanceof IqFailure) return said
    if (said !== undefined) desk.groups.notify(group, device.account, said)
  }
  return NO_CHILDREN
}

/** Sets a new group up as its creator wants it. */
export const prepareGroup = (desk: GroupDesk, group: Group, creator: Account, create: BinaryNode): void => {
  for (const child of childrenOf(create)) SETTINGS[child.tag]?.set(desk, group, creator, child)
}
