import type { Account } from '../accounts/account.js'
import { type MexCall, type MexHandler, MexRefusal } from '../mex/mex-service.js'
import type { ServiceCore } from '../router/service-core.js'
import { Newsletter, type NewsletterRegistry, type ReactionMode } from './newsletter.js'
import type { NewsletterActor, NewsletterChanges, NewsletterDesk } from './newsletter-desk.js'
import { newsletterJson, userJson } from './newsletter-json.js'

type Variables = { readonly [name: string]: unknown }
type About = (actor: NewsletterActor, jid: string | undefined) => Newsletter | MexRefusal
type AboutUser = (actor: NewsletterActor, jid: string | undefined, user: string | undefined) => Newsletter | MexRefusal

const notFound = new MexRefusal(404, 'Not Found')
const unauthorized = new MexRefusal(401, 'Unauthorized')
const badRequest = new MexRefusal(400, 'Bad Request')

/** The GraphQL operations of channels, by their names in the catalogue (docs/protocol/05 §4.2 and §4.4). */
export const newsletterOperations = (
  core: ServiceCore,
  registry: NewsletterRegistry,
  desk: NewsletterDesk,
): Readonly<Record<string, MexHandler>> => {
  const about =
    (act: About): MexHandler =>
    call =>
      shown(act(actorOf(call), text(call.variables['newsletter_id'])), call)
  const aboutUser =
    (act: AboutUser): MexHandler =>
    call => {
      const { newsletter_id, user_id } = call.variables
      return named(act(actorOf(call), text(newsletter_id), text(user_id)))
    }
  /** What only the owner and admins see. */
  const forAdmins =
    (read: (newsletter: Newsletter, call: MexCall) => unknown): MexHandler =>
    call => {
      const { newsletter_id } = call.variables
      const newsletter = registry.get(text(newsletter_id) ?? text(members(call.variables['input'])['newsletter_id']))
      if (newsletter === undefined) return notFound
      return newsletter.isRunBy(call.device.account) ? read(newsletter, call) : unauthorized
    }
  return {
    CreateNewsletter: call => {
      const changes = changesOf(members(call.variables['input']))
      return shown(desk.create(actorOf(call), { ...changes, name: changes.name ?? '' }), call)
    },
    FetchNewsletter: call => fetchOne(registry, call),
    FetchAllNewslettersMetadata: call =>
      registry.all
        .filter(({ state }) => state === 'ACTIVE')
        .filter(newsletter => newsletter.roleOf(call.device.account) !== 'GUEST')
        .map(newsletter => shown(newsletter, call)),
    UpdateNewsletter: call => {
      const { newsletter_id, updates } = call.variables
      return shown(desk.update(actorOf(call), text(newsletter_id), changesOf(members(updates))), call)
    },
    DeleteNewsletter: about((actor, jid) => desk.delete(actor, jid)),
    JoinNewsletter: about((actor, jid) => desk.follow(actor, jid)),
    LeaveNewsletter: about((actor, jid) => desk.leave(actor, jid)),
    MuteNewsletter: about((actor, jid) => desk.mute(actor, jid, true)),
    UnmuteNewsletter: about((actor, jid) => desk.mute(actor, jid, false)),
    UpdateNewsletterUserSetting: call => {
      const { newsletter_id, type, value } = members(call.variables['input'])
      if (type === undefined || value === undefined) return badRequest
      const of = type === 'MUTE_ADMIN_ACTIVITY' ? 'posts' : 'followers'
      return shown(desk.mute(actorOf(call), text(newsletter_id), value === 'ON', of), call)
    },
    FetchNewsletterAdminInfo: forAdmins(({ jid, admins }) => ({ id: jid, admin_count: admins.size + 1 })),
    FetchNewsletterPendingInvites: forAdmins(({ jid, adminInvites }) => ({
      id: jid,
      pending_admin_invites: [...adminInvites]
        .filter(([, until]) => until >= core.now())
        .map(([account]) => ({ user: userJson(account) })),
    })),
    FetchNewsletterFollowers: forAdmins((newsletter, { variables }) => {
      const count = Number(members(variables['input'])['count'] ?? 0)
      return {
        followers: { edges: [...newsletter.followers].slice(0, count).map(entry => follower(newsletter, entry)) },
      }
    }),
    CreateNewsletterAdminInvite: call => {
      const { newsletter_id, user_id } = call.variables
      const until = desk.invite(actorOf(call), text(newsletter_id), text(user_id))
      return until instanceof MexRefusal ? until : { id: newsletter_id, invite_expiration_time: String(until) }
    },
    AcceptNewsletterAdminInvite: call => named(desk.acceptInvite(actorOf(call), text(call.variables['newsletter_id']))),
    RevokeNewsletterAdminInvite: aboutUser((actor, jid, user) => desk.revokeInvite(actor, jid, user)),
    DemoteNewsletterAdmin: aboutUser((actor, jid, user) => desk.demote(actor, jid, user)),
    ChangeNewsletterOwner: aboutUser((actor, jid, user) => desk.changeOwner(actor, jid, user)),
  }
}

const fetchOne = (registry: NewsletterRegistry, call: MexCall): unknown => {
  const { input, fetch_full_image, fetch_viewer_metadata } = call.variables
  const { key, type, view_role } = members(input)
  const newsletter = type === 'INVITE' ? registry.byInvite(text(key) ?? '') : registry.get(text(key))
  if (newsletter === undefined) return notFound
  const reader = call.device.account
  if (view_role === 'GUEST' && newsletter.roleOf(reader) !== 'GUEST') return new MexRefusal(405, 'Not Allowed')
  const { legacy } = call
  return newsletterJson(newsletter, {
    reader,
    legacy,
    withPicture: fetch_full_image === true,
    withViewer: fetch_viewer_metadata === true,
  })
}

const shown = (newsletter: Newsletter | MexRefusal, { device, legacy }: MexCall): unknown =>
  newsletter instanceof Newsletter
    ? newsletterJson(newsletter, { reader: device.account, withPicture: true, withViewer: true, legacy })
    : newsletter

const named = (newsletter: Newsletter | MexRefusal): unknown =>
  newsletter instanceof Newsletter ? { __typename: 'XWA2Newsletter', id: newsletter.jid } : newsletter

const follower = (newsletter: Newsletter, [account, since]: [Account, number]): unknown => ({
  node: { ...userJson(account), display_name: account.pushName },
  role: newsletter.roleOf(account),
  follow_time: String(since),
})

const actorOf = ({ device }: MexCall): NewsletterActor => ({ account: device.account, device })

/** Null leaves a member as it is. */
const changesOf = ({ name, description, picture, settings }: Variables): NewsletterChanges => {
  const { value, blocked_codes } = members(members(settings)['reaction_codes'])
  const jpeg = text(picture)
  return {
    name: text(name),
    description: text(description),
    picture: jpeg === undefined ? undefined : Buffer.from(jpeg, 'base64'),
    reactions:
      value === undefined
        ? undefined
        : { mode: value as ReactionMode, blocked: Array.isArray(blocked_codes) ? blocked_codes.map(String) : [] },
  }
}

const members = (value: unknown): Variables => (typeof value === 'object' && value !== null ? { ...value } : {})

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
