import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import { element } from '../router/stanzas.js'
import type { Group, GroupMember } from './group.js'

export interface GroupElementOptions {
  /** The key with which it was created. */
  readonly key?: string | undefined
  /** Whose view it is. */
  readonly viewer?: Account
  readonly withMembers?: boolean
  readonly withDescription?: boolean
  /** Entries for who could not be added, and the like. */
  readonly further?: readonly BinaryNode[]
}

/** The `group` element in the addressing of the group (docs/protocol/05 §1.3). */
export const groupElement = (
  group: Group,
  { key, viewer, withMembers = true, withDescription = true, further = [] }: GroupElementOptions = {},
): BinaryNode => {
  const { addressing } = group
  const lid = addressing === 'lid'
  const attrs = {
    id: group.id,
    subject: group.subject,
    s_t: String(group.subjectSetAt),
    s_o: group.subjectSetBy.jid(addressing),
    s_o_pn: lid ? group.subjectSetBy.pn : undefined,
    creation: String(group.createdAt),
    creator: group.creator.jid(addressing),
    creator_pn: lid ? group.creator.pn : undefined,
    size: String(group.members.size),
    addressing_mode: addressing,
    p_v_id: group.membersVersion,
    key,
    ...(viewer && viewAttributes(group, viewer)),
  }
  const members = withMembers ? [...group.members.values()].map(member => memberElement(member, lid)) : []
  const description = withDescription ? descriptionElements(group) : []
  return element('group', attrs, [...members, ...description, ...settingElements(group), ...further])
}

/** What one member alone is told. */
export const viewAttributes = (group: Group, viewer: Account): Record<string, string> =>
  group.members.get(viewer)?.isUnacknowledged === true ? { ack: 'false' } : {}

const memberElement = ({ account, role }: GroupMember, lid: boolean): BinaryNode =>
  element('participant', { ...memberAttributes(account, lid), type: role === 'member' ? undefined : role })

const descriptionElements = ({ description, addressing }: Group): BinaryNode[] => {
  if (description === undefined) return []
  const { id, text, author, setAt } = description
  const participant_pn = addressing === 'lid' ? author.pn : undefined
  const attrs = { id, participant: author.jid(addressing), participant_pn, t: String(setAt) }
  return [element('description', attrs, [element('body', {}, Buffer.from(text))])]
}

const settingElements = (group: Group): BinaryNode[] => {
  const settings = [...group.switches].map(name => element(name))
  if (group.expiration !== 0) settings.push(element('ephemeral', { expiration: String(group.expiration) }))
  settings.push(element('member_add_mode', {}, Buffer.from(group.memberAddMode)))
  settings.push(approvalElement(group.joinApproval), ...communityElements(group))
  return settings
}

/** How a group stands to a community (docs/protocol/05 §3). */
export const communityElements = (group: Group): BinaryNode[] => {
  const { community, parent } = group
  if (community !== undefined) return [element('parent', { default_membership_approval_mode: 'request_required' })]
  if (parent === undefined) return []
  const elements = [element('linked_parent', { jid: parent.jid, subject: parent.subject })]
  if (parent.community?.announcements === group) elements.push(element('default_sub_group'))
  if (parent.community?.generalChat === group) elements.push(element('general_chat'))
  if (group.isHidden) elements.push(element('hidden_group'))
  return elements
}

/** The `membership_approval_mode` of groups and of changes. */
export const approvalElement = (isOn: boolean): BinaryNode =>
  element('membership_approval_mode', {}, [element('group_join', { state: isOn ? 'on' : 'off' })])

export const memberAttributes = (account: Account, lid: boolean): Record<string, string> =>
  lid ? { jid: account.lid, phone_number: account.pn } : { jid: account.pn, lid: account.lid }
