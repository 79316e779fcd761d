import type { Account } from '../accounts/account.js'

/** A post of a channel. */
export interface NewsletterPost {
  /** Counts up within the channel. */
  readonly serverId: number
  readonly id: string
  readonly author: Account
  /** Unix seconds. */
  readonly postedAt: number
  readonly type: string
  readonly mediatype: string | undefined
  /** proto.Message, plain; empty after a revoke. */
  plaintext: Uint8Array
  /** Milliseconds since the Unix epoch, once it was edited. */
  editedAt: number | undefined
  /** Unix seconds of the last change of content or counters. */
  changedAt: number
  isRevoked: boolean
  /** One emoji per account. */
  readonly reactions: Map<Account, string>
  /** Chosen option hashes in hex, per account. */
  readonly votes: Map<Account, readonly string[]>
  readonly viewers: Set<Account>
}

export type NewsletterRole = 'OWNER' | 'ADMIN' | 'SUBSCRIBER' | 'GUEST'
export type ReactionMode = 'ALL' | 'BASIC' | 'NONE' | 'BLOCKLIST'

/** Reactions of the mode BASIC. */
const BASIC_REACTIONS: ReadonlySet<string> = new Set(['👍', '❤️', '😂', '😮', '😢', '🙏'])

/** A text and when it was set. */
export interface NewsletterText {
  readonly text: string
  /** Milliseconds since the Unix epoch; also its version. */
  readonly setAt: number
}

/** What a new channel begins with. */
export interface NewsletterStart {
  readonly jid: string
  readonly name: string
  readonly description: string
  readonly invite: string
  readonly owner: Account
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number
}

/** A channel: its owner and admins write, its followers read. */
export class Newsletter {
  /** `120363…@newsletter`. */
  readonly jid: string
  /** Code of the invitation link. */
  readonly invite: string
  readonly createdAt: number
  name: NewsletterText
  description: NewsletterText
  picture: { readonly id: string; readonly jpeg: Uint8Array } | undefined
  owner: Account
  readonly admins = new Set<Account>()
  /** Who was asked to be an admin → until when, Unix seconds. */
  readonly adminInvites = new Map<Account, number>()
  /** Follower → since when, Unix seconds. */
  readonly followers = new Map<Account, number>()
  /** Who is not notified of posts. */
  readonly muted = new Set<Account>()
  readonly mutedFollowers = new Set<Account>()
  reactions: { readonly mode: ReactionMode; readonly blocked: readonly string[] } = { mode: 'ALL', blocked: [] }
  state: 'ACTIVE' | 'DELETED' = 'ACTIVE'
  /** Oldest first. */
  readonly posts: NewsletterPost[] = []

  constructor({ jid, name, description, invite, owner, createdAt }: NewsletterStart) {
    this.jid = jid
    this.name = { text: name, setAt: createdAt }
    this.description = { text: description, setAt: createdAt }
    this.invite = invite
    this.owner = owner
    this.createdAt = createdAt
  }

  /** Everybody who is told of posts. */
  get readers(): Account[] {
    return [...new Set([this.owner, ...this.admins, ...this.followers.keys()])]
  }

  roleOf(account: Account): NewsletterRole {
    if (account === this.owner) return 'OWNER'
    if (this.admins.has(account)) return 'ADMIN'
    return this.followers.has(account) ? 'SUBSCRIBER' : 'GUEST'
  }

  /** Owner and admins. */
  isRunBy(account: Account): boolean {
    return account === this.owner || this.admins.has(account)
  }

  takesReaction(code: string): boolean {
    const { mode, blocked } = this.reactions
    if (mode === 'BASIC') return BASIC_REACTIONS.has(code)
    return mode !== 'NONE' && !blocked.includes(code)
  }

  byServerId(serverId: number): NewsletterPost | undefined {
    return this.posts.find(post => post.serverId === serverId)
  }

  byId(id: string): NewsletterPost | undefined {
    return this.posts.find(post => post.id === id)
  }

  add(post: Pick<NewsletterPost, 'id' | 'author' | 'postedAt' | 'type' | 'mediatype' | 'plaintext'>): NewsletterPost {
    const added: NewsletterPost = {
      ...post,
      serverId: 100 + this.posts.length,
      editedAt: undefined,
      changedAt: post.postedAt,
      isRevoked: false,
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

  /** Deleted ones too. */
  get all(): readonly Newsletter[] {
    return [...this.#newsletters.values()]
  }

  /** A channel that stands. */
  get(jid: string | undefined): Newsletter | undefined {
    const newsletter = jid === undefined ? undefined : this.#newsletters.get(jid)
    return newsletter?.state === 'ACTIVE' ? newsletter : undefined
  }

  byInvite(code: string): Newsletter | undefined {
    return this.all.find(({ invite, state }) => invite === code && state === 'ACTIVE')
  }
}
