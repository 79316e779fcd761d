import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import { jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { GroupRefusal } from '../groups/group-refusal.js'
import { flag, groupChange, groupJid, groupQuery } from '../groups/group-request.js'

/** A group of a community, as its members are shown it. */
export interface LinkedGroup {
  id: string | undefined
  subject: string
  /** Unix seconds. */
  creation: number | undefined
  owner: string | undefined
  size: number | undefined
  /** The group for announcements, which everybody is in. */
  isAnnounce?: boolean | undefined
  isGeneralChat?: boolean | undefined
  /** Shown to its members alone. */
  isHidden?: boolean | undefined
}

/** Asks which groups belong to a community (docs/protocol/05, 3.3). */
export function buildSubGroupsQuery(community: string): BinaryNode {
  return groupQuery(community, flag('sub_groups'))
}

export function parseSubGroups(answer: BinaryNode): LinkedGroup[] {
  const groups = getBinaryNodeChildren(getBinaryNodeChild(answer, 'sub_groups'), 'group')
  return groups.map(group => {
    const { id, subject = '', creation, creator, size } = group.attrs
    const has = (tag: string) => getBinaryNodeChild(group, tag) !== undefined || undefined
    return {
      id: id && groupJid(id),
      subject,
      creation: parseDecimal(creation),
      owner: creator && jidNormalizedUser(creator),
      size: parseDecimal(size),
      isAnnounce: has('default_sub_group'),
      isGeneralChat: has('general_chat'),
      isHidden: has('hidden_group'),
    }
  })
}

/** Takes a group into a community (docs/protocol/05, 3.3). */
export function buildLink(community: string, group: string): BinaryNode {
  const link = { tag: 'link', attrs: { link_type: 'sub_group' }, content: [{ tag: 'group', attrs: { jid: group } }] }
  return groupChange(community, { tag: 'links', attrs: {}, content: [link] })
}

/** Lets a group go out of a community. */
export function buildUnlink(community: string, group: string): BinaryNode {
  return groupChange(community, {
    tag: 'unlink',
    attrs: { unlink_type: 'sub_group' },
    content: [{ tag: 'group', attrs: { jid: group } }],
  })
}

/** Both answers name the group, with a number when it was not done. @throws GroupRefusal */
export function assertLinked(request: BinaryNode, answer: BinaryNode): void {
  const linked = getBinaryNodeChild(getBinaryNodeChild(answer, 'links'), 'link')
  const group = getBinaryNodeChild(linked ?? getBinaryNodeChild(answer, 'unlink'), 'group')
  const code = group?.attrs['error']
  if (group === undefined || code === undefined) return
  throw new GroupRefusal(request, { tag: 'error', attrs: { code } }, group)
}

/** Ends a community; its groups go on without it. */
export function buildCommunityDelete(community: string): BinaryNode {
  return groupChange(community, flag('delete_parent'))
}

/** Joins a group of a community that one is in. */
export function buildSubGroupJoin(community: string, group: string): BinaryNode {
  return groupChange(community, { tag: 'join_linked_group', attrs: { jid: group } })
}

/** Asks who is in any group of a community. */
export function buildCommunityMembersQuery(community: string): BinaryNode {
  return groupQuery(community, flag('linked_groups_participants'))
}

export function parseCommunityMembers(answer: BinaryNode): { id: string; phoneNumber?: string }[] {
  const list = getBinaryNodeChild(answer, 'linked_groups_participants')
  return getBinaryNodeChildren(list, 'participant').flatMap(({ attrs: { jid, phone_number: phoneNumber } }) =>
    jid === undefined ? [] : [{ id: jid, ...(phoneNumber === undefined ? {} : { phoneNumber }) }],
  )
}

/** Whether an answer of {@link buildSubGroupJoin} says that an admin has to approve it. */
export function awaitsApproval(answer: BinaryNode): boolean {
  return getBinaryNodeChild(answer, 'membership_approval_request') !== undefined
}
