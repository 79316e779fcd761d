import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import { stanzaAttributesOf } from 'kurir/messages'
import { proto } from 'kurir/proto'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import type { MediaHost } from '../media/media-host.js'
import type { MexService } from '../mex/mex-service.js'
import type { ServiceCore } from '../router/service-core.js'
import { bytesOf, element } from '../router/stanzas.js'
import { type Newsletter, type NewsletterPost, NewsletterRegistry } from './newsletter.js'
import { NewsletterDesk } from './newsletter-desk.js'
import { changesOf, countsOf, plaintextOf, postElement } from './newsletter-element.js'
import { newsletterOperations } from './newsletter-mex.js'

/** Attributes of an ack. */
type Answer = Readonly<Record<string, string | undefined>>

/** How long a device hears of reactions without asking again, in seconds. */
const LIVE_SECONDS = 300

/** Channels: takes posts and what readers do with them, and tells the others (docs/protocol/03 §2.14). */
export class NewsletterService {
  readonly #core: ServiceCore
  readonly #media: MediaHost
  readonly #registry = new NewsletterRegistry()
  /** Channel → devices that hear of reactions, and until when. */
  readonly #listening = new Map<string, Map<Device, number>>()

  /** Who owns, runs and follows channels. */
  readonly desk: NewsletterDesk

  constructor(core: ServiceCore, media: MediaHost, mex: MexService) {
    this.#core = core
    this.#media = media
    this.desk = new NewsletterDesk(core, this.#registry, mex)
    mex.serve(newsletterOperations(core, this.#registry, this.desk))
  }

  find(jid: string | undefined): Newsletter | undefined {
    return this.#registry.get(jid)
  }

  findByInvite(code: string | undefined): Newsletter | undefined {
    return code === undefined ? undefined : this.#registry.byInvite(code)
  }

  /** Takes `<message>` to a channel; returns what the ack says. */
  take(sender: Device, node: BinaryNode): Answer {
    const newsletter = this.#registry.get(node.attrs['to'])
    if (newsletter === undefined) return { error: '404' }
    const post = newsletter.byServerId(Number(node.attrs['server_id']))
    if (node.attrs['type'] === 'reaction') return this.#react(newsletter, post, sender, node)
    if (getBinaryNodeChild(node, 'votes') !== undefined) return this.#vote(newsletter, post, sender, node)
    if (!newsletter.isRunBy(sender.account)) return { error: '406' }
    return this.#publish(newsletter, sender, node)
  }

  /** Takes `<receipt type=view>`. */
  view(viewer: Device, node: BinaryNode): void {
    const newsletter = this.#registry.get(node.attrs['to'])
    const list = getBinaryNodeChild(node, 'list')
    for (const { attrs } of list === undefined ? [] : getBinaryNodeChildren(list, 'item')) {
      const post = newsletter?.byServerId(Number(attrs['server_id']))
      if (post === undefined) {
        this.#core.violation(viewer, 'unexpected-receipt', `the channel has no post ${attrs['server_id']}`, node)
      } else if (newsletter !== undefined && !post.viewers.has(viewer.account)) {
        post.viewers.add(viewer.account)
        this.#update(newsletter, post)
      }
    }
  }

  /** A device hears of reactions and votes for a while; returns for how many seconds. */
  listen(device: Device, jid: string): number {
    const listening = this.#listening.get(jid) ?? new Map<Device, number>()
    listening.set(device, this.#core.now() + LIVE_SECONDS)
    this.#listening.set(jid, listening)
    return LIVE_SECONDS
  }

  /** Posts before and after a server id, oldest first. */
  posts(
    newsletter: Newsletter,
    reader: Account,
    query: { count: number; before?: number; after?: number; since?: number },
  ): BinaryNode[] {
    const { count, before = Number.POSITIVE_INFINITY, after = 0, since = 0 } = query
    const fitting = newsletter.posts.filter(
      ({ serverId, changedAt }) => serverId < before && serverId > after && changedAt >= since,
    )
    const chosen = query.after === undefined ? fitting.slice(-count) : fitting.slice(0, count)
    return chosen.map(post => postElement(post, reader))
  }

  #publish(newsletter: Newsletter, sender: Device, node: BinaryNode): Answer {
    const { id = '', edit, type = 'text' } = node.attrs
    const part = getBinaryNodeChild(node, 'plaintext')
    const plaintext = bytesOf(part) ?? Buffer.alloc(0)
    const known = newsletter.byId(id)
    if (edit !== undefined && known === undefined) return { error: '404' }
    if (edit !== '8') this.#check(sender, node, plaintext)
    if (known !== undefined && edit !== undefined) {
      known.plaintext = plaintext
      known.editedAt = this.#core.clock.now()
      known.changedAt = this.#core.now()
      known.isRevoked = edit === '8'
      this.#announce(newsletter, known, sender, edit)
      return { server_id: String(known.serverId) }
    }
    // The same post once more: its ack was lost.
    if (known !== undefined) return { server_id: String(known.serverId) }
    const mediatype = part?.attrs['mediatype']
    const author = sender.account
    const post = newsletter.add({ id, author, postedAt: this.#core.now(), type, mediatype, plaintext })
    this.#announce(newsletter, post, sender)
    return { server_id: String(post.serverId) }
  }

  /** Plain content is seen by the service too. */
  #check(sender: Device, node: BinaryNode, plaintext: Uint8Array): void {
    if (sender.id === 0) return
    const strict = this.#core.modeOf(sender) === 'strict'
    const report = (message: string) => this.#core.violation(sender, 'invalid-message', message, node)
    const message = decode(plaintext)
    if (message === undefined) {
      report('a post is an encoded message without pad')
      return
    }
    const { mediatype, type } = stanzaAttributesOf(message)
    const said = getBinaryNodeChild(node, 'plaintext')?.attrs['mediatype']
    if (strict && said !== mediatype)
      report(`mediatype is ${mediatype ?? 'absent'} for this post, not ${said ?? 'absent'}`)
    if (strict && node.attrs['type'] !== type) report(`type is ${type} for this post, not ${node.attrs['type']}`)
    const part =
      message.imageMessage ??
      message.videoMessage ??
      message.audioMessage ??
      message.documentMessage ??
      message.stickerMessage
    if (part == null) return
    if (part.mediaKey != null) report('files of channels are not encrypted')
    const stored = this.#media.store.find(part.directPath ?? '')
    const isHandle = stored?.handle !== undefined && stored.handle === node.attrs['media_id']
    if (strict && node.attrs['edit'] === undefined && !isHandle) report('media_id is the handle of the uploaded file')
  }

  #announce(newsletter: Newsletter, post: NewsletterPost, sender: Device, edit?: string): void {
    const common = {
      id: post.id,
      from: newsletter.jid,
      t: this.#core.time(),
      type: post.type,
      server_id: String(post.serverId),
      edit,
    }
    for (const account of newsletter.readers) {
      for (const device of account.devices.values()) {
        if (device === sender) continue
        const attrs = { ...common, is_sender: account === post.author ? 'true' : undefined }
        this.#core.delivery.deliver(device, element('message', attrs, [plaintextOf(post), ...changesOf(post)]))
      }
    }
  }

  #react(newsletter: Newsletter, post: NewsletterPost | undefined, sender: Device, node: BinaryNode): Answer {
    if (post === undefined) return { error: '404' }
    const code = getBinaryNodeChild(node, 'reaction')?.attrs['code']
    if (code === undefined || node.attrs['edit'] === '7') post.reactions.delete(sender.account)
    else if (!newsletter.takesReaction(code)) return { error: '405' }
    else post.reactions.set(sender.account, code)
    this.#update(newsletter, post)
    return { server_id: String(post.serverId) }
  }

  #vote(newsletter: Newsletter, post: NewsletterPost | undefined, sender: Device, node: BinaryNode): Answer {
    if (post === undefined) return { error: '404' }
    const votes = getBinaryNodeChild(node, 'votes')
    const hashes = votes === undefined ? [] : getBinaryNodeChildren(votes, 'vote').map(vote => bytesOf(vote))
    post.votes.set(
      sender.account,
      hashes.flatMap(hash => (hash === undefined ? [] : [Buffer.from(hash).toString('hex')])),
    )
    this.#update(newsletter, post)
    return { server_id: String(post.serverId) }
  }

  /** Counts for those who listen. */
  #update(newsletter: Newsletter, post: NewsletterPost): void {
    const now = this.#core.now()
    post.changedAt = now
    for (const [device, until] of this.#listening.get(newsletter.jid) ?? []) {
      if (until < now) continue
      const message = element('message', { server_id: String(post.serverId) }, countsOf(post))
      const updates = element('live_updates', {}, [
        element('messages', { jid: newsletter.jid, t: this.#core.time() }, [message]),
      ])
      const attrs = { from: newsletter.jid, type: 'newsletter', id: this.#core.stanzaId(), t: this.#core.time() }
      this.#core.delivery.deliver(device, element('notification', attrs, [updates]))
    }
  }
}

const decode = (plaintext: Uint8Array): proto.IMessage | undefined => {
  try {
    const message = proto.Message.decode(plaintext)
    return Object.keys(message).length === 0 ? undefined : message
  } catch {
    return undefined
  }
}
