import { itemsOf, membersOf, numberOf, textOf } from '../mex/answer-values.js'
import { type MexOperation, type MexQuery, unexpectedMexMember } from '../mex/query.js'
import { muteSetting, parseNewsletterMetadata, roleOf } from './newsletter-metadata.js'
import type {
  NewsletterAdminInvite,
  NewsletterFollower,
  NewsletterMetadata,
  NewsletterUpdate,
} from './newsletter-types.js'

/**
 * The GraphQL documents of channels, as the present web client asks them: about half of the numbers that Baileys knows
 * are older (docs/protocol/05, 4.2 and 4.4).
 */

export function createNewsletter(name: string, description: string | undefined): MexOperation<NewsletterMetadata> {
  return metadataOperation({
    documentId: '25149874324715067',
    root: 'xwa2_newsletter_create',
    variables: { input: { name, ...(description === undefined ? {} : { description }) } },
  })
}

/** @param type `invite`: the code of an invitation link, with or without the link around it */
export function fetchNewsletter(type: 'invite' | 'jid', key: string): MexOperation<NewsletterMetadata | undefined> {
  return {
    documentId: '27456920720571478',
    root: 'xwa2_newsletter',
    variables: {
      input: { key: type === 'invite' ? inviteCodeOf(key) : key, type: type.toUpperCase(), view_role: 'SUBSCRIBER' },
      fetch_creation_time: true,
      fetch_full_image: true,
      fetch_pinned_messages: true,
      fetch_status_metadata: false,
      fetch_viewer_metadata: true,
      fetch_wamo_sub: false,
    },
    read: parseNewsletterMetadata,
  }
}

/** How many follow a channel; anybody may ask. */
export function fetchSubscriberCount(jid: string): MexOperation<number> {
  const query = fetchNewsletter('jid', jid)
  return { ...query, read: answer => required(query, query.read(answer)?.subscribers) }
}

/** All channels that the account follows or runs. */
export function fetchFollowedNewsletters(): MexOperation<NewsletterMetadata[]> {
  return {
    documentId: '25399611239711790',
    root: 'xwa2_newsletter_subscribed',
    variables: { fetch_status_metadata: false, fetch_wamo_sub: false },
    read: answer => itemsOf(answer).flatMap(item => parseNewsletterMetadata(item) ?? []),
  }
}

export function updateNewsletter(jid: string, changes: NewsletterUpdate): MexOperation<NewsletterMetadata> {
  const { reactions, blockedReactions, ...updates } = changes
  const codes = { value: reactions, ...(blockedReactions === undefined ? {} : { blocked_codes: blockedReactions }) }
  const settings = reactions === undefined ? {} : { settings: { reaction_codes: codes } }
  return metadataOperation({
    documentId: '24250201037901610',
    root: 'xwa2_newsletter_update',
    variables: { newsletter_id: jid, updates: { ...updates, ...settings } },
  })
}

export function joinNewsletter(jid: string): MexOperation<NewsletterMetadata> {
  return aboutNewsletter(jid, '24404358912487870', 'xwa2_newsletter_join_v2')
}

export function leaveNewsletter(jid: string): MexOperation<NewsletterMetadata> {
  return aboutNewsletter(jid, '9767147403369991', 'xwa2_newsletter_leave_v2')
}

export function deleteNewsletter(jid: string): MexOperation<NewsletterMetadata> {
  return aboutNewsletter(jid, '30062808666639665', 'xwa2_newsletter_delete_v2')
}

/** Whether posts of a channel notify. */
export function muteNewsletter(jid: string, isMuted: boolean): MexOperation<NewsletterMetadata> {
  return metadataOperation({
    documentId: '31938993655691868',
    root: 'xwa2_newsletter_update_user_setting',
    variables: { input: { newsletter_id: jid, type: muteSetting, value: isMuted ? 'ON' : 'OFF' } },
  })
}

/** For the owner and admins. @param count most followers in the answer */
export function fetchFollowers(jid: string, count: number): MexOperation<NewsletterFollower[]> {
  return {
    documentId: '27472091235714801',
    root: 'xwa2_newsletter_followers',
    variables: { input: { newsletter_id: jid, count } },
    read: answer => itemsOf(membersOf(membersOf(answer)['followers'])['edges']).flatMap(followerOf),
  }
}

/** For the owner and admins. */
export function fetchAdminCount(jid: string): MexOperation<number> {
  const query = { documentId: '26278439461859188', root: 'xwa2_newsletter_admin', variables: { newsletter_id: jid } }
  return { ...query, read: answer => required(query, numberOf(membersOf(answer)['admin_count'])) }
}

/** Invitations to be an admin that nobody has answered; for the owner. */
export function fetchPendingAdminInvites(jid: string): MexOperation<NewsletterAdminInvite[]> {
  return {
    documentId: '9783111038412085',
    root: 'xwa2_newsletter_admin',
    variables: { newsletter_id: jid },
    read: answer =>
      itemsOf(membersOf(answer)['pending_admin_invites']).flatMap(invite => {
        const { id, pn } = membersOf(membersOf(invite)['user'])
        return typeof id === 'string' ? [{ id, phoneNumber: textOf(pn) }] : []
      }),
  }
}

/** Reads the time until which an invitation holds, Unix seconds. */
export function createAdminInvite(jid: string, user: string): MexOperation<number> {
  const query = aboutUser(jid, user, '9387141988078609', 'xwa2_newsletter_admin_invite_create')
  return { ...query, read: answer => required(query, numberOf(membersOf(answer)['invite_expiration_time'])) }
}

export function acceptAdminInvite(jid: string): MexOperation<void> {
  return {
    documentId: '9580828702035549',
    root: 'xwa2_newsletter_admin_invite_accept',
    variables: { newsletter_id: jid },
    read: () => {},
  }
}

export function revokeAdminInvite(jid: string, user: string): MexOperation<void> {
  return { ...aboutUser(jid, user, '9656078347839416', 'xwa2_newsletter_admin_invite_revoke'), read: () => {} }
}

export function demoteAdmin(jid: string, user: string): MexOperation<void> {
  return { ...aboutUser(jid, user, '9880997548630971', 'xwa2_newsletter_admin_demote'), read: () => {} }
}

export function changeOwner(jid: string, user: string): MexOperation<void> {
  return { ...aboutUser(jid, user, '9546742745432473', 'xwa2_newsletter_change_owner'), read: () => {} }
}

/** Public links are this and the code of the invitation. */
const linkPrefix = /^https?:\/\/(?:www\.)?whatsapp\.com\/channel\//i

export function inviteCodeOf(link: string): string {
  return link
    .trim()
    .replace(linkPrefix, '')
    .replace(/[/?#].*$/, '')
}

function followerOf(edge: unknown): NewsletterFollower[] {
  const { node, role, follow_time } = membersOf(edge)
  const { id, pn, display_name } = membersOf(node)
  if (typeof id !== 'string') return []
  return [
    {
      id,
      phoneNumber: textOf(pn),
      name: textOf(display_name),
      role: roleOf(role),
      followedAt: numberOf(follow_time),
    },
  ]
}

function aboutNewsletter(jid: string, documentId: string, root: string): MexOperation<NewsletterMetadata> {
  return metadataOperation({ documentId, root, variables: { newsletter_id: jid } })
}

function aboutUser(jid: string, user: string, documentId: string, root: string): MexQuery {
  return { documentId, root, variables: { newsletter_id: jid, user_id: user } }
}

function metadataOperation(query: MexQuery): MexOperation<NewsletterMetadata> {
  return { ...query, read: answer => required(query, parseNewsletterMetadata(answer)) }
}

/** @throws MexError `mex-unexpected-answer` */
function required<Value>(query: MexQuery, value: Value | undefined): Value {
  if (value === undefined) throw unexpectedMexMember(query)
  return value
}
