import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import { MexRefusal, type MexService } from '../mex/mex-service.js'
import type { ServiceCore } from '../router/service-core.js'
import { Newsletter, type NewsletterRegistry, type ReactionMode } from './newsletter.js'
import { descriptionJson, nameJson, newsletterJson, pictureJson, userJson } from './newsletter-json.js'

/** Who does something: an account, and the device that it did it with, which is not told of it. */
export interface NewsletterActor {
  readonly account: Account
  readonly device?: Device | undefined
}

export interface NewsletterChanges {
  readonly name?: string | undefined
  readonly description?: string | undefined
  /** Empty takes the picture off. */
  readonly picture?: Uint8Array | undefined
  readonly reactions?: { readonly mode: ReactionMode; readonly blocked: readonly string[] } | undefined
}

const INVITE_SECONDS = 7 * 86_400

const forbidden = new MexRefusal(403, 'Forbidden')
const notAllowed = new MexRefusal(405, 'Not Allowed')
const notFound = new MexRefusal(404, 'Not Found')
const badRequest = new MexRefusal(400, 'Bad Request')

/**
 * Everything about channels but their posts: who owns, runs and follows them, and what they are called. Tells the others
 * of changes (docs/protocol/05 §4.9, §6.5).
 */
export class NewsletterDesk {
  readonly #core: ServiceCore
  readonly #registry: NewsletterRegistry
  readonly #mex: MexService

  constructor(core: ServiceCore, registry: NewsletterRegistry, mex: MexService) {
    this.#core = core
    this.#registry = registry
    this.#mex = mex
  }

  create(actor: NewsletterActor, changes: NewsletterChanges & { readonly name: string }): Newsletter | MexRefusal {
    const { name, description = '', picture } = changes
    if (name.trim() === '') return badRequest
    const newsletter = new Newsletter({
      jid: `120363${this.#core.random.digits(12)}@newsletter`,
      name,
      description,
      invite: `0029Va${this.#core.random.bytes(12).toString('base64url')}`,
      owner: actor.account,
      createdAt: this.#core.clock.now(),
    })
    if (picture !== undefined && !this.#setPicture(newsletter, picture)) return badRequest
    this.#registry.add(newsletter)
    this.#pushJoin(newsletter, actor)
    return newsletter
  }

  follow(actor: NewsletterActor, jid: string | undefined): Newsletter | MexRefusal {
    const newsletter = this.#registry.get(jid)
    if (newsletter === undefined) return notFound
    const { account } = actor
    if (newsletter.roleOf(account) !== 'GUEST') return newsletter
    newsletter.followers.set(account, this.#core.now())
    this.#pushJoin(newsletter, actor)
    return newsletter
  }

  leave({ account, device }: NewsletterActor, jid: string | undefined): Newsletter | MexRefusal {
    const newsletter = this.#registry.get(jid)
    if (newsletter === undefined) return notFound
    if (newsletter.owner === account) return notAllowed
    if (newsletter.roleOf(account) === 'GUEST') return newsletter
    newsletter.followers.delete(account)
    newsletter.admins.delete(account)
    newsletter.muted.delete(account)
    const push = { id: newsletter.jid, role: 'GUEST' }
    this.#mex.push(account, 'NotificationNewsletterLeave', { xwa2_notify_newsletter_on_leave: push }, device)
    return newsletter
  }

  mute(
    { account, device }: NewsletterActor,
    jid: string | undefined,
    isOn: boolean,
    of: 'posts' | 'followers' = 'posts',
  ): Newsletter | MexRefusal {
    const newsletter = this.#registry.get(jid)
    if (newsletter === undefined) return notFound
    if (newsletter.roleOf(account) === 'GUEST') return forbidden
    const muted = of === 'posts' ? newsletter.muted : newsletter.mutedFollowers
    if (isOn) muted.add(account)
    else muted.delete(account)
    if (of === 'posts') {
      const push = { id: newsletter.jid, mute: isOn ? 'ON' : 'OFF' }
      this.#mex.push(
        account,
        'NotificationNewsletterMuteChange',
        { xwa2_notify_newsletter_on_mute_change: push },
        device,
      )
    }
    return newsletter
  }

  update(actor: NewsletterActor, jid: string | undefined, changes: NewsletterChanges): Newsletter | MexRefusal {
    const newsletter = this.#registry.get(jid)
    if (newsletter === undefined) return notFound
    if (!newsletter.isRunBy(actor.account)) return forbidden
    const { name, description, picture, reactions } = changes
    if (name?.trim() === '') return badRequest
    if (picture !== undefined && !this.#setPicture(newsletter, picture)) return badRequest
    const setAt = this.#core.clock.now()
    if (name !== undefined) newsletter.name = { text: name, setAt }
    if (description !== undefined) newsletter.description = { text: description, setAt }
    if (reactions !== undefined) newsletter.reactions = reactions
    this.#pushChanges(newsletter, actor, changes)
    return newsletter
  }

  delete(actor: NewsletterActor, jid: string | undefined): Newsletter | MexRefusal {
    const newsletter = this.#registry.get(jid)
    if (newsletter === undefined) return notFound
    if (newsletter.owner !== actor.account) return forbidden
    newsletter.state = 'DELETED'
    for (const reader of newsletter.readers) {
      const push = { id: newsletter.jid, is_requestor: reader === actor.account, state: { type: newsletter.state } }
      const data = { xwa2_notify_newsletter_on_state_change: push }
      this.#mex.push(reader, 'NotificationNewsletterStateChange', data, actor.device)
    }
    return newsletter
  }

  /** Only followers can be asked to be admins. */
  invite(actor: NewsletterActor, jid: string | undefined, user: string | undefined): number | MexRefusal {
    const newsletter = this.#owned(actor, jid)
    if (newsletter instanceof MexRefusal) return newsletter
    const target = this.#core.accounts.resolve(user)?.account
    if (target === undefined) return notFound
    if (newsletter.roleOf(target) !== 'SUBSCRIBER') return badRequest
    const until = this.#core.now() + INVITE_SECONDS
    newsletter.adminInvites.set(target, until)
    return until
  }

  acceptInvite(actor: NewsletterActor, jid: string | undefined): Newsletter | MexRefusal {
    const newsletter = this.#registry.get(jid)
    const until = newsletter?.adminInvites.get(actor.account)
    if (newsletter === undefined || until === undefined) return notFound
    newsletter.adminInvites.delete(actor.account)
    if (until < this.#core.now()) return notFound
    newsletter.admins.add(actor.account)
    this.#pushRole(newsletter, actor, actor.account, 'promote')
    return newsletter
  }

  revokeInvite(actor: NewsletterActor, jid: string | undefined, user: string | undefined): Newsletter | MexRefusal {
    const newsletter = this.#owned(actor, jid)
    if (newsletter instanceof MexRefusal) return newsletter
    const target = this.#core.accounts.resolve(user)?.account
    if (target === undefined || !newsletter.adminInvites.delete(target)) return notFound
    const push = { id: newsletter.jid, user: userJson(target), actor: { id: actor.account.lid } }
    const data = { xwa2_notify_newsletter_admin_invite_revoke: push }
    this.#mex.push(target, 'NotificationNewsletterAdminInviteRevoke', data)
    return newsletter
  }

  /** The owner demotes anybody; an admin may step down. */
  demote(actor: NewsletterActor, jid: string | undefined, user: string | undefined): Newsletter | MexRefusal {
    const newsletter = this.#registry.get(jid)
    const target = this.#core.accounts.resolve(user)?.account
    if (newsletter === undefined || target === undefined) return notFound
    if (newsletter.owner !== actor.account && target !== actor.account) return forbidden
    if (!newsletter.admins.delete(target)) return badRequest
    this.#pushRole(newsletter, actor, target, 'demote')
    return newsletter
  }

  /** The former owner stays as an admin. */
  changeOwner(actor: NewsletterActor, jid: string | undefined, user: string | undefined): Newsletter | MexRefusal {
    const newsletter = this.#owned(actor, jid)
    if (newsletter instanceof MexRefusal) return newsletter
    const target = this.#core.accounts.resolve(user)?.account
    if (target === undefined) return notFound
    if (!newsletter.admins.delete(target)) return badRequest
    newsletter.followers.set(actor.account, this.#core.now())
    newsletter.admins.add(actor.account)
    newsletter.followers.delete(target)
    newsletter.owner = target
    this.#pushRole(newsletter, actor, target, 'promote')
    this.#pushRole(newsletter, actor, actor.account, 'demote')
    return newsletter
  }

  #owned(actor: NewsletterActor, jid: string | undefined): Newsletter | MexRefusal {
    const newsletter = this.#registry.get(jid)
    if (newsletter === undefined) return notFound
    return newsletter.owner === actor.account ? newsletter : forbidden
  }

  /** False for what is no JPEG. */
  #setPicture(newsletter: Newsletter, jpeg: Uint8Array): boolean {
    if (jpeg.length > 0 && (jpeg[0] !== 0xff || jpeg[1] !== 0xd8)) return false
    newsletter.picture = jpeg.length === 0 ? undefined : { id: this.#core.random.digits(12), jpeg: Buffer.from(jpeg) }
    return true
  }

  #pushJoin(newsletter: Newsletter, { account, device }: NewsletterActor): void {
    const view = { reader: account, withPicture: true, withViewer: true, legacy: true }
    const data = { xwa2_notify_newsletter_on_join: newsletterJson(newsletter, view) }
    this.#mex.push(account, 'NotificationNewsletterJoin', data, device)
  }

  /** Followers hear what has changed; who runs the channel also hears by whom. */
  #pushChanges(newsletter: Newsletter, actor: NewsletterActor, changes: NewsletterChanges): void {
    const { mode, blocked } = newsletter.reactions
    const thread = {
      ...(changes.name === undefined ? {} : { name: nameJson(newsletter) }),
      ...(changes.description === undefined ? {} : { description: descriptionJson(newsletter) }),
      ...(changes.picture === undefined ? {} : { picture: pictureJson(newsletter) ?? null }),
      ...(changes.reactions === undefined
        ? {}
        : { settings: { reaction_codes: { value: mode, blocked_codes: blocked } } }),
    }
    const push = { id: newsletter.jid, thread_metadata: thread }
    for (const reader of newsletter.readers) {
      if (newsletter.isRunBy(reader)) {
        const data = {
          xwa2_notify_newsletter_owner_on_metadata_update: { ...push, actor: userJson(actor.account) },
        }
        this.#mex.push(reader, 'NotificationNewsletterOwnerUpdate', data, actor.device)
      } else {
        this.#mex.push(reader, 'NotificationNewsletterUpdate', { xwa2_notify_newsletter_on_metadata_update: push })
      }
    }
  }

  /** Everybody who runs the channel hears of it, and whom it concerns. */
  #pushRole(newsletter: Newsletter, actor: NewsletterActor, user: Account, change: 'promote' | 'demote'): void {
    const push = {
      id: newsletter.jid,
      user: userJson(user),
      user_new_role: newsletter.roleOf(user),
      actor: userJson(actor.account),
    }
    const [operation, root] =
      change === 'promote'
        ? ['NotificationNewsletterAdminPromote', 'xwa2_notify_newsletter_admin_promote']
        : ['NotificationNewsletterAdminDemote', 'xwa2_notify_newsletter_admin_demote']
    for (const account of new Set([newsletter.owner, ...newsletter.admins, user])) {
      this.#mex.push(account, operation, { [root]: push }, actor.device)
    }
  }
}
