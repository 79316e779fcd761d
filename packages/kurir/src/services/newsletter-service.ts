import { isJidNewsletter } from '../binary/jid.js'
import { KurirError } from '../errors/kurir-error.js'
import type { WAMessage } from '../events/message-types.js'
import type { AnyMessageContent } from '../messages/content/content-types.js'
import type { NewsletterPost } from '../newsletters/newsletter-posts.js'
import type { NewsletterRange } from '../newsletters/newsletter-requests.js'
import type { NewsletterFollower, NewsletterMetadata } from '../newsletters/newsletter-types.js'
import type { WASocket } from '../socket/make-wa-socket.js'
import { chatJidOf } from './chat-address.js'
import { type MediaFile, MessageSending, mediaOf } from './message-sending.js'
import { type SocketSource, socketOf } from './socket-source.js'

export type NewsletterServiceSocket = Pick<
  WASocket,
  | 'sendMessage'
  | 'newsletterCreate'
  | 'newsletterMetadata'
  | 'newsletterFetchAllFollowed'
  | 'newsletterFollow'
  | 'newsletterUnfollow'
  | 'newsletterMute'
  | 'newsletterUnmute'
  | 'newsletterUpdateName'
  | 'newsletterUpdateDescription'
  | 'newsletterUpdatePicture'
  | 'newsletterRemovePicture'
  | 'newsletterReactMessage'
  | 'newsletterMessages'
  | 'newsletterMarkViewed'
  | 'newsletterFollowers'
  | 'newsletterInviteAdmin'
  | 'newsletterRevokeAdminInvite'
  | 'newsletterAcceptAdminInvite'
  | 'newsletterDemote'
  | 'newsletterChangeOwner'
  | 'newsletterDelete'
  | 'subscribeNewsletterUpdates'
  | 'unsubscribeNewsletterUpdates'
>

/** Channels: running them, following them, and what is posted in them. A channel is its JID, `…@newsletter`. */
export class NewsletterService {
  readonly #source: SocketSource<NewsletterServiceSocket>

  /** @param socket a direct or remote socket, or a function that answers the present one */
  constructor(socket: SocketSource<NewsletterServiceSocket>) {
    this.#source = socket
  }

  get #socket(): NewsletterServiceSocket {
    return socketOf(this.#source)
  }

  create(name: string, description?: string): Promise<NewsletterMetadata> {
    return this.#socket.newsletterCreate(name, description)
  }

  /**
   * A channel by its JID, or by the link (or its code) that people share.
   *
   * @throws KurirError `channel-not-found` (404)
   */
  async info(channel: string): Promise<NewsletterMetadata> {
    const found = await this.#socket.newsletterMetadata(isJidNewsletter(channel) ? 'jid' : 'invite', channel)
    if (found !== null) return found
    throw new KurirError('channel-not-found', 'There is no such channel', { statusCode: 404, data: { channel } })
  }

  /** The channels that this account follows, runs or owns. */
  async list(): Promise<readonly NewsletterMetadata[]> {
    return await this.#socket.newsletterFetchAllFollowed()
  }

  async follow(channel: string): Promise<void> {
    await this.#socket.newsletterFollow(channel)
  }

  async unfollow(channel: string): Promise<void> {
    await this.#socket.newsletterUnfollow(channel)
  }

  /** No notifications of new posts. */
  async mute(channel: string): Promise<void> {
    await this.#socket.newsletterMute(channel)
  }

  async unmute(channel: string): Promise<void> {
    await this.#socket.newsletterUnmute(channel)
  }

  async setName(channel: string, name: string): Promise<void> {
    await this.#socket.newsletterUpdateName(channel, name)
  }

  async setDescription(channel: string, description: string): Promise<void> {
    await this.#socket.newsletterUpdateDescription(channel, description)
  }

  /** Cut to a square, JPEG. Needs `sharp` or `jimp`. */
  async setPicture(channel: string, picture: MediaFile): Promise<void> {
    await this.#socket.newsletterUpdatePicture(channel, mediaOf(picture))
  }

  async removePicture(channel: string): Promise<void> {
    await this.#socket.newsletterRemovePicture(channel)
  }

  /** Posts a text, or any content that channels take. */
  post(channel: string, content: string | AnyMessageContent): Promise<WAMessage> {
    const posted = typeof content === 'string' ? { text: content } : content
    return new MessageSending(this.#source).send(channel, posted)
  }

  /** Posts with their counters, oldest first. */
  async posts(channel: string, range?: NewsletterRange): Promise<readonly NewsletterPost[]> {
    return await this.#socket.newsletterMessages(channel, range)
  }

  /** @param serverId number of the post in its channel */
  react(channel: string, serverId: string, emoji: string): Promise<void> {
    return this.#socket.newsletterReactMessage(channel, serverId, emoji)
  }

  removeReaction(channel: string, serverId: string): Promise<void> {
    return this.#socket.newsletterReactMessage(channel, serverId)
  }

  /** The channel counts a view of this account for each post. */
  markViewed(channel: string, serverIds: readonly string[]): Promise<void> {
    return this.#socket.newsletterMarkViewed(channel, serverIds)
  }

  /** Reactions, votes and views come as `newsletter.reaction` and `newsletter.view` from now on. */
  async watch(channel: string): Promise<void> {
    await this.#socket.subscribeNewsletterUpdates(channel)
  }

  unwatch(channel: string): Promise<void> {
    return this.#socket.unsubscribeNewsletterUpdates(channel)
  }

  /** For the owner and admins. @param count 1 to 1000 */
  async followers(channel: string, count?: number): Promise<readonly NewsletterFollower[]> {
    return await this.#socket.newsletterFollowers(channel, count)
  }

  /** @returns when the invitation ends, Unix seconds */
  async inviteAdmin(channel: string, person: string): Promise<number> {
    return await this.#socket.newsletterInviteAdmin(channel, chatJidOf(person))
  }

  async revokeAdminInvite(channel: string, person: string): Promise<void> {
    await this.#socket.newsletterRevokeAdminInvite(channel, chatJidOf(person))
  }

  acceptAdminInvite(channel: string): Promise<void> {
    return this.#socket.newsletterAcceptAdminInvite(channel)
  }

  async demoteAdmin(channel: string, person: string): Promise<void> {
    await this.#socket.newsletterDemote(channel, chatJidOf(person))
  }

  /** Gives the channel to one of its admins. */
  async changeOwner(channel: string, person: string): Promise<void> {
    await this.#socket.newsletterChangeOwner(channel, chatJidOf(person))
  }

  delete(channel: string): Promise<void> {
    return this.#socket.newsletterDelete(channel)
  }
}
