import { getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Account } from '../../accounts/account.js'
import type { Group } from '../../groups/group.js'
import { communityElements, memberAttributes } from '../../groups/group-element.js'
import { type IqAnswer, IqFailure, type IqHandler, NO_CHILDREN } from '../iq-answer.js'
import { element } from '../stanzas.js'
import { forGroup, type GroupDesk, type GroupRequest, type GroupRight } from './group-access.js'

/** What concerns a community and its groups together (docs/protocol/05 §3.3). */
export const communityHandlers = (desk: GroupDesk): Readonly<Record<string, IqHandler>> => ({
  'w:g2 get sub_groups': forCommunity(desk, 'member', ({ group, device }) => [subGroups(group, device.account)]),
  'w:g2 get linked_groups_participants': forCommunity(desk, 'member', ({ group }) => [members(group)]),
  'w:g2 set links': forCommunity(desk, 'admin', request => link(desk, request)),
  'w:g2 set unlink': forCommunity(desk, 'admin', request => unlink(desk, request)),
  'w:g2 set join_linked_group': forCommunity(desk, 'member', request => join(desk, request)),
  'w:g2 set delete_parent': forCommunity(desk, 'admin', ({ group, device }) => {
    desk.communities.delete(group, device.account)
    return NO_CHILDREN
  }),
})

const forCommunity = (desk: GroupDesk, right: GroupRight, handle: (request: GroupRequest) => IqAnswer): IqHandler =>
  forGroup(desk, right, request =>
    request.group.community === undefined ? new IqFailure(405, 'not-allowed') : handle(request),
  )

const groupsOf = ({ community }: Group): Group[] => [
  ...(community?.announcements === undefined ? [] : [community.announcements]),
  ...(community?.groups ?? []),
]

/** Hidden groups are shown to their members alone. */
const subGroups = (community: Group, viewer: Account) => {
  const shown = groupsOf(community).filter(group => !group.isHidden || group.has(viewer))
  return element(
    'sub_groups',
    {},
    shown.map(group =>
      element(
        'group',
        {
          id: group.id,
          subject: group.subject,
          s_t: String(group.subjectSetAt),
          creation: String(group.createdAt),
          creator: group.creator.jid(group.addressing),
          size: String(group.members.size),
        },
        communityElements(group).filter(({ tag }) => tag !== 'linked_parent'),
      ),
    ),
  )
}

const members = (community: Group) => {
  const lid = community.addressing === 'lid'
  const accounts = new Set([community, ...groupsOf(community)].flatMap(group => [...group.members.keys()]))
  return element(
    'linked_groups_participants',
    {},
    [...accounts].map(account => element('participant', memberAttributesHere(account, lid))),
  )
}

/** Here a participant has a number beside a LID, and nothing else. */
const memberAttributesHere = (account: Account, lid: boolean) =>
  lid ? memberAttributes(account, true) : { jid: account.pn }

const link = ({ core, communities }: GroupDesk, { group: community, device, child }: GroupRequest): IqAnswer => {
  const entries = getBinaryNodeChildren(getBinaryNodeChild(child, 'link'), 'group').map(({ attrs, content }) => {
    const group = core.groups.get(attrs['jid'])
    const error = communities.linkRefusal(community, group, device.account)
    if (group !== undefined && error === undefined) {
      group.isHidden = Array.isArray(content) && content.some(({ tag }) => tag === 'hidden_group')
      communities.link(community, group, device.account)
    }
    return element('group', { jid: attrs['jid'], error })
  })
  return [element('links', {}, [element('link', { link_type: 'sub_group' }, entries)])]
}

const unlink = ({ core, communities }: GroupDesk, { group: community, device, child }: GroupRequest): IqAnswer => {
  const entries = getBinaryNodeChildren(child, 'group').map(({ attrs }) => {
    const group = core.groups.get(attrs['jid'])
    const error = communities.unlinkRefusal(community, group)
    const orphansGo = attrs['remove_orphaned_members'] === 'true'
    if (group !== undefined && error === undefined) {
      communities.unlink(community, group, device.account, { reason: 'unlink_group', orphansGo })
    }
    return element('group', { jid: attrs['jid'], error })
  })
  return [element('unlink', { unlink_type: 'sub_group' }, entries)]
}

const join = ({ core, groups }: GroupDesk, { group: community, device, child }: GroupRequest): IqAnswer => {
  const { account } = device
  const group = core.groups.get(child?.attrs['jid'])
  if (group === undefined || group.parent !== community) return new IqFailure(404, 'item-not-found')
  if (group.has(account)) return new IqFailure(304, 'already-exists')
  if (groups.isFull(group)) return new IqFailure(419, 'resource-limit')
  if (!group.joinApproval) {
    groups.apply(group, account, 'add', [account], 'linked_group_join')
    return NO_CHILDREN
  }
  groups.request(group, account, 'linked_group_join')
  return [element('membership_approval_request', { jid: group.jid })]
}
