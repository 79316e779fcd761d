import { getBinaryNodeChild, getBinaryNodeChildren, getBinaryNodeChildString } from '../binary/accessors.js'
import { parseDecimal } from '../binary/decimal.js'
import { isLidUser, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { groupJid } from './group-request.js'
import type { GroupMetadata, GroupParticipant } from './group-types.js'

/** Reads a `<group>` element (docs/protocol/05 §1.4). @throws KurirError `invalid-group-metadata` without an id */
export function parseGroupMetadata(group: BinaryNode): GroupMetadata {
  const { attrs } = group
  const id = attrs['id']
  if (!id) throw new KurirError('invalid-group-metadata', 'The group has no id', { data: { attrs } })
  const participants = getBinaryNodeChildren(group, 'participant').filter(isMember).map(parseParticipant)
  const has = (tag: string) => getBinaryNodeChild(group, tag) !== undefined
  const approval = getBinaryNodeChild(getBinaryNodeChild(group, 'membership_approval_mode'), 'group_join')
  return {
    id: groupJid(id),
    notify: attrs['notify'],
    addressingMode: attrs['addressing_mode'] === 'lid' ? 'lid' : 'pn',
    subject: attrs['subject'] ?? '',
    subjectOwner: attrs['s_o'],
    subjectOwnerPn: attrs['s_o_pn'],
    subjectOwnerUsername: attrs['s_o_username'],
    subjectTime: parseDecimal(attrs['s_t']),
    size: parseDecimal(attrs['size']) ?? participants.length,
    creation: parseDecimal(attrs['creation']),
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
    isGeneralChat: has('general_chat') || undefined,
    isHidden: has('hidden_group') || undefined,
    isSuspended: has('suspended') || undefined,
    needsAcknowledgement: attrs['ack'] === 'false' || undefined,
    joinApprovalMode: approval?.attrs['state'] === 'on',
    memberAddMode: getBinaryNodeChildString(group, 'member_add_mode') === 'all_member_add',
    participants,
    participantsVersion: attrs['p_v_id'],
    ephemeralDuration: parseDecimal(getBinaryNodeChild(group, 'ephemeral')?.attrs['expiration']),
  }
}

/** Entries with an error are people who could not be added. */
function isMember({ attrs: { jid, error } }: BinaryNode): boolean {
  return jid !== undefined && jid !== '' && (error === undefined || error === '200')
}

/** A member, as metadata and notifications name one (docs/protocol/05 §1.4). */
export function parseParticipant({ attrs }: BinaryNode): GroupParticipant {
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
    descTime: parseDecimal(node.attrs['t']),
  }
}

function userOf(jid: string | undefined): string | undefined {
  return jid === undefined ? undefined : jidNormalizedUser(jid)
}
