import type { Account } from '../accounts/account.js'

/** A post of a channel. */
export interface NewsletterPost {
  /** Counts up within the channel. */
  readonly serverId: number
  readonly id: string
  /** Unix seconds. */
  readonly postedAt: number
  readonly type: string
  readonly mediatype: string | undefined
  /** proto.Message, plain; empty after a revoke. */
  plaintext: Uint8Array
  /** Milliseconds since the Unix epoch, once it was edited. */
  editedAt: number | undefined
  /** One emoji per account. */
  readonly reactions: Map<Account, string>
  /** Chosen option hashes in hex, per account. */
  readonly votes: Map<Account, readonly string[]>
  readonly viewers: Set<Account>
}

/** A channel: one account writes, many read. */
export class Newsletter {
  /** `120363…@newsletter`. */
  readonly jid: string
  readonly name: string
  readonly owner: Account
  readonly followers = new Set<Account>()
  /** Oldest first. */
  readonly posts: NewsletterPost[] = []

  constructor(options: { readonly jid: string; readonly name: string; readonly owner: Account }) {
    this.jid = options.jid
    this.name = options.name
    this.owner = options.owner
  }

  /** Everybody who is told of posts. */
  get readers(): Account[] {
    return [this.owner, ...[...this.followers].filter(follower => follower !== this.owner)]
  }

  byServerId(serverId: number): NewsletterPost | undefined {
    return this.posts.find(post => post.serverId === serverId)
  }

  byId(id: string): NewsletterPost | undefined {
    return this.posts.find(post => post.id === id)
  }

  add(post: Pick<NewsletterPost, 'id' | 'postedAt' | 'type' | 'mediatype' | 'plaintext'>): NewsletterPost {
    const added: NewsletterPost = {
      ...post,
      serverId: 100 + this.posts.length,
      editedAt: undefined,
      reactions: new Map(),
      votes: new Map(),
      viewers: new Set(),
    }
    this.posts.push(added)
    return added
  }
}

/** All channels of the service. */
export class NewsletterRegistry {
  readonly #newsletters = new Map<string, Newsletter>()

  add(newsletter: Newsletter): void {
    this.#newsletters.set(newsletter.jid, newsletter)
  }

  get(jid: string | undefined): Newsletter | undefined {
    return jid === undefined ? undefined : this.#newsletters.get(jid)
  }
}
