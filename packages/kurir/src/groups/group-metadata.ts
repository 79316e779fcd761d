import { getBinaryNodeChild, getBinaryNodeChildren, getBinaryNodeChildString } from '../binary/accessors.js'
import { isLidUser, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import type { GroupMetadata, GroupParticipant } from './group-types.js'

/** Reads a `<group>` element (docs/protocol/05 §1.4). @throws KurirError `invalid-group-metadata` without an id */
export function parseGroupMetadata(group: BinaryNode): GroupMetadata {
  const { attrs } = group
  const id = attrs['id']
  if (!id) throw new KurirError('invalid-group-metadata', 'The group has no id', { data: { attrs } })
  const participants = getBinaryNodeChildren(group, 'participant').map(parseParticipant)
  const has = (tag: string) => getBinaryNodeChild(group, tag) !== undefined
  const approval = getBinaryNodeChild(getBinaryNodeChild(group, 'membership_approval_mode'), 'group_join')
  return {
    id: id.includes('@') ? id : `${id}@g.us`,
    notify: attrs['notify'],
    addressingMode: attrs['addressing_mode'] === 'lid' ? 'lid' : 'pn',
    subject: attrs['subject'] ?? '',
    subjectOwner: attrs['s_o'],
    subjectOwnerPn: attrs['s_o_pn'],
    subjectOwnerUsername: attrs['s_o_username'],
    subjectTime: toNumber(attrs['s_t']),
    size: toNumber(attrs['size']) ?? participants.length,
    creation: toNumber(attrs['creation']),
    owner: userOf(attrs['creator']),
    ownerPn: userOf(attrs['creator_pn']),
    ownerUsername: attrs['creator_username'],
    owner_country_code: attrs['creator_country_code'],
    ...parseDescription(getBinaryNodeChild(group, 'description')),
    linkedParent: getBinaryNodeChild(group, 'linked_parent')?.attrs['jid'],
    restrict: has('locked'),
    announce: has('announcement'),
    isCommunity: has('parent'),
    isCommunityAnnounce: has('default_sub_group'),
    joinApprovalMode: approval?.attrs['state'] === 'on',
    memberAddMode: getBinaryNodeChildString(group, 'member_add_mode') === 'all_member_add',
    participants,
    ephemeralDuration: toNumber(getBinaryNodeChild(group, 'ephemeral')?.attrs['expiration']),
  }
}

function parseParticipant({ attrs }: BinaryNode): GroupParticipant {
  const { jid = '', phone_number: phoneNumber, lid, type, username } = attrs
  return {
    id: jid,
    phoneNumber: isLidUser(jid) && isPnUser(phoneNumber) ? phoneNumber : undefined,
    lid: isPnUser(jid) && isLidUser(lid) ? lid : undefined,
    username,
    admin: type === 'admin' || type === 'superadmin' ? type : null,
  }
}

function parseDescription(node: BinaryNode | undefined): Partial<GroupMetadata> {
  if (!node) return {}
  return {
    desc: getBinaryNodeChildString(node, 'body'),
    descId: node.attrs['id'],
    descOwner: userOf(node.attrs['participant']),
    descOwnerPn: userOf(node.attrs['participant_pn']),
    descOwnerUsername: node.attrs['participant_username'],
    descTime: toNumber(node.attrs['t']),
  }
}

function userOf(jid: string | undefined): string | undefined {
  return jid === undefined ? undefined : jidNormalizedUser(jid)
}

function toNumber(text: string | undefined): number | undefined {
  const value = Number(text)
  return text === undefined || !Number.isFinite(value) ? undefined : value
}
