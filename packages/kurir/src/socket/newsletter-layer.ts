import { getBinaryNodeChild } from '../binary/accessors.js'
import { isJidNewsletter, isLidUser, isPnUser, jidNormalizedUser } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import type { WAMediaUpload } from '../media/media-types.js'
import { generateProfilePicture } from '../media/pictures.js'
import { checkInteger, checkJid, checkOptionalText, checkText } from '../messages/content/checks.js'
import { invalidContent } from '../messages/content/content-error.js'
import { generateMessageIDV2 } from '../messages/ids.js'
import { buildNewsletterMessage } from '../messages/newsletter-stanza.js'
import type { MexOperation } from '../mex/query.js'
import * as operations from '../newsletters/newsletter-operations.js'
import { type NewsletterPost, parsePosts } from '../newsletters/newsletter-posts.js'
import {
  buildMessagesRequest,
  buildUpdatesRequest,
  buildViewReceipt,
  type NewsletterRange,
} from '../newsletters/newsletter-requests.js'
import type {
  NewsletterAdminInvite,
  NewsletterFollower,
  NewsletterMetadata,
  NewsletterUpdate,
} from '../newsletters/newsletter-types.js'
import { extendSocket, type Layer, type SocketCore } from './core.js'
import type { GroupsSocket } from './groups-layer.js'
import { mediaNetwork } from './media-network.js'
import { askMex } from './mex-client.js'
import { chatOf, NewsletterReceiver } from './newsletter-receiver.js'
import { NewsletterSubscriptions } from './newsletter-subscriptions.js'

/**
 * Channels. All methods that ask the service throw a {@link MexError} with the number of the refusal (403: not yours to
 * do, 404: no such channel …) or a `ServerRefusal`, and `invalid-content` (400) for arguments that make no sense.
 */
export interface NewsletterMembers {
  /** Makes a channel that this account owns. The account must have accepted the terms for channels, on its phone. */
  newsletterCreate(name: string, description?: string): Promise<NewsletterMetadata>
  /** Changes a channel of this account; resolves with what it is then. */
  newsletterUpdate(jid: string, updates: NewsletterUpdate): Promise<NewsletterMetadata>
  /** How many follow a channel; anybody may ask. */
  newsletterSubscribers(jid: string): Promise<{ subscribers: number }>
  /**
   * A channel by JID, or by the code (or link) of its invitation.
   *
   * @returns null when the service knows nothing of it
   */
  newsletterMetadata(type: 'invite' | 'jid', key: string): Promise<NewsletterMetadata | null>
  newsletterFollow(jid: string): Promise<NewsletterMetadata>
  /** The owner of a channel cannot leave it. */
  newsletterUnfollow(jid: string): Promise<NewsletterMetadata>
  /** No notifications of new posts. */
  newsletterMute(jid: string): Promise<NewsletterMetadata>
  newsletterUnmute(jid: string): Promise<NewsletterMetadata>
  newsletterUpdateName(jid: string, name: string): Promise<NewsletterMetadata>
  newsletterUpdateDescription(jid: string, description: string): Promise<NewsletterMetadata>
  /**
   * Makes a square JPEG of 640 pixels of the picture and sets it.
   *
   * @throws KurirError `library-missing` (501), `picture-unreadable` (400)
   */
  newsletterUpdatePicture(jid: string, content: WAMediaUpload): Promise<NewsletterMetadata>
  newsletterRemovePicture(jid: string): Promise<NewsletterMetadata>
  /** Reacts to a post; without a reaction, takes the own one back. Resolves when the service has taken it. */
  newsletterReactMessage(jid: string, serverId: string, reaction?: string): Promise<void>
  /**
   * Counters and edits of posts, as the raw answer: {@link newsletterMessages} gives posts that are read already.
   *
   * @param count 1 to 300
   * @param since Unix seconds: what has not changed since is left out
   * @param after posts after this number; 0 for the newest
   */
  newsletterFetchMessages(jid: string, count: number, since: number, after: number): Promise<BinaryNode>
  /**
   * Has the service tell of reactions, votes and views as `newsletter.reaction` and `newsletter.view`. The subscription
   * is renewed until {@link unsubscribeNewsletterUpdates} or the end of the connection.
   *
   * @returns for how many seconds the service grants it; null when it does not
   */
  subscribeNewsletterUpdates(jid: string): Promise<{ duration: string } | null>
  /** For the owner and admins: how many admins there are, the owner included. */
  newsletterAdminCount(jid: string): Promise<number>
  /** Gives a channel to one of its admins. */
  newsletterChangeOwner(jid: string, newOwnerJid: string): Promise<void>
  /** Makes a follower of an admin. */
  newsletterDemote(jid: string, userJid: string): Promise<void>
  newsletterDelete(jid: string): Promise<void>

  // Kurir's own

  /** All channels that this account follows, runs or owns. */
  newsletterFetchAllFollowed(): Promise<NewsletterMetadata[]>
  /**
   * Posts with content, reactions, votes and counters, oldest first.
   *
   * @param key JID of the channel, or the code (or link) of its invitation
   */
  newsletterMessages(key: string, range?: NewsletterRange): Promise<NewsletterPost[]>
  /** Ends what {@link subscribeNewsletterUpdates} began, when its present grant is over. */
  unsubscribeNewsletterUpdates(jid: string): Promise<void>
  /** Says that posts were looked at: the channel counts one view of this account for each. */
  newsletterMarkViewed(jid: string, serverIds: readonly string[]): Promise<void>
  /** For the owner and admins. @param count most followers in the answer: 1 to 1000; 100 when absent */
  newsletterFollowers(jid: string, count?: number): Promise<NewsletterFollower[]>
  /** Invites a user to be an admin; resolves with the time until which the invitation holds, Unix seconds. */
  newsletterInviteAdmin(jid: string, userJid: string): Promise<number>
  /** Takes an invitation to be an admin back. */
  newsletterRevokeAdminInvite(jid: string, userJid: string): Promise<void>
  /** Becomes an admin of a channel that invited this account. */
  newsletterAcceptAdminInvite(jid: string): Promise<void>
  /** Who was invited to be an admin and has not answered. */
  newsletterPendingAdmins(jid: string): Promise<NewsletterAdminInvite[]>
}

export type NewsletterSocket = GroupsSocket & NewsletterMembers

/** Most followers that are asked for at once. */
const mostFollowers = 1_000

export function makeNewsletterLayer({ core, socket }: Layer<GroupsSocket>): Layer<NewsletterSocket> {
  new NewsletterReceiver(core, { upsert: message => socket.upsertMessage(message, 'append') })
  const subscriptions = new NewsletterSubscriptions(core)
  const ask = <Result>(operation: MexOperation<Result>) => askMex(core, operation)
  const askOwned = async (operation: MexOperation<NewsletterMetadata>) => withOwner(core, await ask(operation))
  const update = (jid: string, changes: NewsletterUpdate) =>
    askOwned(operations.updateNewsletter(channel(jid), checkUpdate(changes)))
  const find = async (type: 'invite' | 'jid', key: string) => {
    const newsletter = await ask(
      operations.fetchNewsletter(type, type === 'jid' ? channel(key) : checkText('key', key)),
    )
    return newsletter === undefined ? null : withOwner(core, newsletter)
  }
  const fetchAllFollowed = async () => {
    const followed = await ask(operations.fetchFollowedNewsletters())
    return followed.map(newsletter => withOwner(core, newsletter))
  }
  core.dirtyBits.on('newsletter_metadata', async () => {
    const followed = await fetchAllFollowed()
    if (followed.length > 0) core.ev.emit('chats.upsert', followed.map(chatOf))
  })
  const members: NewsletterMembers = {
    newsletterCreate: async (name, description) => {
      checkUpdate({ name, ...(description === undefined ? {} : { description }) })
      return askOwned(operations.createNewsletter(name, description))
    },
    newsletterUpdate: async (jid, updates) => update(jid, updates),
    newsletterSubscribers: async jid => ({ subscribers: await ask(operations.fetchSubscriberCount(channel(jid))) }),
    newsletterMetadata: find,
    newsletterFollow: async jid => askOwned(operations.joinNewsletter(channel(jid))),
    newsletterUnfollow: async jid => askOwned(operations.leaveNewsletter(channel(jid))),
    newsletterMute: async jid => askOwned(operations.muteNewsletter(channel(jid), true)),
    newsletterUnmute: async jid => askOwned(operations.muteNewsletter(channel(jid), false)),
    newsletterUpdateName: async (jid, name) => update(jid, { name }),
    newsletterUpdateDescription: async (jid, description) => update(jid, { description }),
    newsletterUpdatePicture: async (jid, content) => {
      const to = channel(jid)
      const { img } = await generateProfilePicture(content, undefined, mediaNetwork(core.config))
      return update(to, { picture: img.toString('base64') })
    },
    newsletterRemovePicture: async jid => update(jid, { picture: '' }),
    newsletterReactMessage: (jid, serverId, reaction) => react(core, jid, serverId, reaction),
    newsletterFetchMessages: async (jid, count, since, after) =>
      core.connection.query(buildUpdatesRequest(channel(jid), since, after ? { count, after } : { count })),
    subscribeNewsletterUpdates: async jid => subscriptions.subscribe(channel(jid)),
    unsubscribeNewsletterUpdates: async jid => subscriptions.unsubscribe(channel(jid)),
    newsletterAdminCount: async jid => ask(operations.fetchAdminCount(channel(jid))),
    newsletterChangeOwner: async (jid, user) => ask(operations.changeOwner(channel(jid), person(user))),
    newsletterDemote: async (jid, user) => ask(operations.demoteAdmin(channel(jid), person(user))),
    newsletterDelete: async jid => void (await ask(operations.deleteNewsletter(channel(jid)))),
    newsletterFetchAllFollowed: fetchAllFollowed,
    newsletterMessages: async (key, range = {}) => {
      const answer = await core.connection.query(buildMessagesRequest(checkText('key', key), checkRange(range)))
      return parsePosts(getBinaryNodeChild(answer, 'messages'))
    },
    newsletterMarkViewed: (jid, serverIds) => markViewed(core, jid, serverIds),
    newsletterFollowers: async (jid, count = 100) =>
      ask(operations.fetchFollowers(channel(jid), checkInteger('count', count, 1, mostFollowers))),
    newsletterInviteAdmin: async (jid, user) => ask(operations.createAdminInvite(channel(jid), person(user))),
    newsletterRevokeAdminInvite: async (jid, user) => ask(operations.revokeAdminInvite(channel(jid), person(user))),
    newsletterAcceptAdminInvite: async jid => ask(operations.acceptAdminInvite(channel(jid))),
    newsletterPendingAdmins: async jid => ask(operations.fetchPendingAdminInvites(channel(jid))),
  }
  return { core, socket: extendSocket(socket, members) }
}

async function react(
  { connection, creds }: SocketCore,
  jid: string,
  serverId: string,
  reaction?: string,
): Promise<void> {
  await connection.query(
    buildNewsletterMessage({
      id: generateMessageIDV2(creds.me?.id),
      to: channel(jid),
      message: { reactionMessage: { text: reaction ?? '' } },
      extra: { attributes: { server_id: checkServerId('serverId', serverId) } },
    }),
  )
}

async function markViewed({ connection }: SocketCore, jid: string, serverIds: readonly string[]): Promise<void> {
  const ids = [...new Set(serverIds.map(serverId => checkServerId('serverIds', serverId)))]
  if (ids.length > 0) await connection.sendNode(buildViewReceipt(connection.ids.next(), channel(jid), ids))
}

/** The service does not tell who owns a channel; that this account does, it tells. */
function withOwner({ creds }: SocketCore, newsletter: NewsletterMetadata): NewsletterMetadata {
  const { me } = creds
  return newsletter.role === 'OWNER' && me ? { ...newsletter, owner: jidNormalizedUser(me.lid ?? me.id) } : newsletter
}

function channel(jid: string): string {
  return checkJid('jid', jid, isJidNewsletter)
}

function person(jid: string): string {
  return jidNormalizedUser(checkJid('userJid', jid, user => isPnUser(user) || isLidUser(user)))
}

function checkServerId(field: string, serverId: unknown): string {
  if (typeof serverId === 'string' && /^\d{1,15}$/.test(serverId)) return serverId
  throw invalidContent(field, 'The number of a post is a text of digits')
}

function checkRange(range: NewsletterRange): NewsletterRange {
  if (range.before !== undefined && range.after !== undefined) {
    throw invalidContent('range', 'Posts are asked for before or after one, not both')
  }
  for (const field of ['before', 'after'] as const) {
    if (range[field] !== undefined) checkServerId(field, String(range[field]))
  }
  return range
}

function checkUpdate(updates: NewsletterUpdate): NewsletterUpdate {
  const { name, description, reactions, blockedReactions } = updates
  if (name !== undefined) checkText('name', name)
  if (description !== undefined) checkOptionalText('description', description)
  if ((blockedReactions !== undefined) !== (reactions === 'BLOCKLIST')) {
    throw invalidContent('blockedReactions', 'Blocked reactions belong to the mode BLOCKLIST')
  }
  return updates
}
