import { MexRefusal } from '../mex/mex-service.js'
import type { NewsletterRole, ReactionMode } from '../newsletters/newsletter.js'
import type { NewsletterActor, NewsletterChanges, NewsletterDesk } from '../newsletters/newsletter-desk.js'
import type { PhoneContext } from './phone-context.js'
import { requestRefused } from './phone-refusal.js'

/** A channel as the phone of an account sees it. */
export interface NewsletterSnapshot {
  readonly name: string
  readonly description: string
  /** Code of the invitation link. */
  readonly invite: string
  /** JPEG. */
  readonly picture: Uint8Array | undefined
  /** LIDs. */
  readonly owner: string
  readonly admins: readonly string[]
  readonly followers: readonly string[]
  readonly reactionMode: ReactionMode
  /** Of this account. */
  readonly role: NewsletterRole
  readonly isMuted: boolean
}

/** The channels of an account, as its phone runs them. What the service refuses throws KurirError `request-refused`. */
export class PhoneNewsletters {
  readonly #context: () => PhoneContext

  constructor(context: () => PhoneContext) {
    this.#context = context
  }

  /** Makes a channel; returns its JID. */
  create(name: string, description = ''): string {
    return this.#done(this.#desk.create(this.#actor, { name, description })).jid
  }

  follow(jid: string): void {
    this.#done(this.#desk.follow(this.#actor, jid))
  }

  unfollow(jid: string): void {
    this.#done(this.#desk.leave(this.#actor, jid))
  }

  mute(jid: string, isOn = true): void {
    this.#done(this.#desk.mute(this.#actor, jid, isOn))
  }

  update(jid: string, changes: NewsletterChanges): void {
    this.#done(this.#desk.update(this.#actor, jid, changes))
  }

  delete(jid: string): void {
    this.#done(this.#desk.delete(this.#actor, jid))
  }

  /** Asks a follower to be an admin. */
  inviteAdmin(jid: string, user: string): void {
    this.#done(this.#desk.invite(this.#actor, jid, user))
  }

  acceptAdminInvite(jid: string): void {
    this.#done(this.#desk.acceptInvite(this.#actor, jid))
  }

  demoteAdmin(jid: string, user: string): void {
    this.#done(this.#desk.demote(this.#actor, jid, user))
  }

  /** How the channel stands. @throws KurirError `request-refused` when there is none */
  read(jid: string): NewsletterSnapshot {
    const newsletter = this.#context().service.newsletters.find(jid)
    if (newsletter === undefined) throw requestRefused(new MexRefusal(404, 'Not Found'))
    const { account } = this.#context()
    return {
      name: newsletter.name.text,
      description: newsletter.description.text,
      invite: newsletter.invite,
      picture: newsletter.picture?.jpeg,
      owner: newsletter.owner.lid,
      admins: [...newsletter.admins].map(({ lid }) => lid),
      followers: [...newsletter.followers.keys()].map(({ lid }) => lid),
      reactionMode: newsletter.reactions.mode,
      role: newsletter.roleOf(account),
      isMuted: newsletter.muted.has(account),
    }
  }

  get #desk(): NewsletterDesk {
    return this.#context().service.newsletters.desk
  }

  get #actor(): NewsletterActor {
    const { account, device } = this.#context()
    return { account, device }
  }

  #done<Value>(outcome: Value | MexRefusal): Value {
    if (outcome instanceof MexRefusal) throw requestRefused(outcome)
    return outcome
  }
}
