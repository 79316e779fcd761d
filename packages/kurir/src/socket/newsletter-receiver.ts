import type { BaileysEventMap } from '../events/event-map.js'
import type { WAMessage } from '../events/message-types.js'
import { messageOfPost } from '../messages/channel-posts.js'
import { type NewsletterNews, parseNewsletterNotification } from '../newsletters/newsletter-notifications.js'
import type { NewsletterPost, Totals } from '../newsletters/newsletter-posts.js'
import { type NewsletterPush, newsletterPushOperations, parseNewsletterPush } from '../newsletters/newsletter-pushes.js'
import type { NewsletterMetadata } from '../newsletters/newsletter-types.js'
import { ExpiringMap } from '../time/expiring-map.js'
import type { SocketCore } from './core.js'
import { messageNameOfKey } from './message-memory.js'

/** Posts whose reactions are remembered, to tell which of them have vanished. */
const remembered = { limit: 2_000, ttlMs: 3_600_000 }

export interface NewsletterReceiverParts {
  /** Hands over what is no stanza of its own. */
  readonly upsert: (message: WAMessage) => Promise<void>
}

/** Turns what the service tells of channels into events (docs/protocol/05, 4.8 and 4.9). */
export class NewsletterReceiver {
  readonly #core: SocketCore
  readonly #parts: NewsletterReceiverParts
  /** The totals that were told last, by channel and number of the post. */
  readonly #reactions: ExpiringMap<Totals>

  constructor(core: SocketCore, parts: NewsletterReceiverParts) {
    this.#core = core
    this.#parts = parts
    this.#reactions = new ExpiringMap({ ...remembered, clock: core.config.clock })
    const { notifications } = core
    notifications.on('newsletter', async node => {
      for (const news of parseNewsletterNotification(node)) await this.#tell(news)
    })
    for (const operation of newsletterPushOperations) {
      notifications.onMex(operation, async content => {
        for (const push of parseNewsletterPush(operation, content)) this.#apply(push)
      })
    }
  }

  async #tell(news: NewsletterNews): Promise<void> {
    const { ev } = this.#core
    switch (news.kind) {
      case 'posts':
        for (const post of news.posts) await this.#updated(news.id, post)
        return
      case 'reaction':
        ev.emit('newsletter.reaction', news.reaction)
        return
      case 'view':
        ev.emit('newsletter.view', news.view)
        return
      case 'participants':
        ev.emit('newsletter-participants.update', news.update)
        return
      case 'settings':
        ev.emit('newsletter-settings.update', { id: news.id, update: news.update })
    }
  }

  #apply(push: NewsletterPush): void {
    const { ev } = this.#core
    switch (push.kind) {
      case 'joined':
        ev.emit('chats.upsert', [chatOf(push.newsletter)])
        return
      case 'left':
        ev.emit('chats.delete', [push.id])
        return
      case 'chat':
        ev.emit('chats.update', [push.update])
        return
      case 'settings':
        ev.emit('newsletter-settings.update', { id: push.id, update: push.update })
        return
      case 'participants':
        ev.emit('newsletter-participants.update', push.update)
    }
  }

  /** Counters of a post, and its content where it comes along. */
  async #updated(id: string, post: NewsletterPost): Promise<void> {
    const { ev, clock } = this.#core
    const { serverId, reactions, views } = post
    if (reactions) this.#tellReactions(id, serverId, reactions)
    if (views !== undefined) ev.emit('newsletter.view', { id, server_id: serverId, count: views })
    const message = messageOfPost(id, post, clock.nowSeconds())
    if (message === undefined || !this.#isNew(message)) return
    await this.#parts.upsert(message)
  }

  /** Totals that have changed since they were told; those that are gone are told as removed. */
  #tellReactions(id: string, serverId: string, totals: Totals): void {
    const name = `${id} ${serverId}`
    const before = this.#reactions.get(name) ?? {}
    this.#reactions.set(name, totals)
    const tell = (reaction: BaileysEventMap['newsletter.reaction']['reaction']) =>
      this.#core.ev.emit('newsletter.reaction', { id, server_id: serverId, reaction })
    for (const [code, count] of Object.entries(totals)) if (before[code] !== count) tell({ code, count })
    for (const code of Object.keys(before)) if (!Object.hasOwn(totals, code)) tell({ code, count: 0, removed: true })
  }

  /** A follower gets the post as a stanza too. */
  #isNew({ key }: WAMessage): boolean {
    const { messages } = this.#core.memory
    const name = messageNameOfKey({ ...key, fromMe: false })
    if (messages.progressOf(name) === 'handed-over') return false
    messages.note(name, 'handed-over')
    return true
  }
}

/** A channel as the chat that it is in the list. */
export function chatOf({
  id,
  name,
  state,
  role,
  mute_state,
}: NewsletterMetadata): BaileysEventMap['chats.upsert'][number] {
  return {
    id,
    name,
    readOnly: role !== 'OWNER' && role !== 'ADMIN',
    suspended: state?.type === 'SUSPENDED' || state?.type === 'GEOSUSPENDED',
    ...(mute_state === 'ON' ? { muteEndTime: -1 } : {}),
  }
}
