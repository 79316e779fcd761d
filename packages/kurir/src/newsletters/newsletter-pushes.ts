import type { ChatUpdate } from '../chats/chat-types.js'
import { itemsOf, type Members, membersOf, oneOf, textOf } from '../mex/answer-values.js'
import { parseNewsletterMetadata, roleOf, stateOf, textMember } from './newsletter-metadata.js'
import type {
  NewsletterMetadata,
  NewsletterParticipantsUpdate,
  NewsletterSettings,
  NewsletterState,
} from './newsletter-types.js'

/** What a GraphQL push says about a channel (docs/protocol/05, 4.9). */
export type NewsletterPush =
  /** The account follows it, on whichever device it began to. */
  | { readonly kind: 'joined'; readonly newsletter: NewsletterMetadata }
  | { readonly kind: 'left'; readonly id: string }
  | { readonly kind: 'chat'; readonly update: ChatUpdate & { readonly id: string } }
  | { readonly kind: 'settings'; readonly id: string; readonly update: NewsletterSettings }
  | { readonly kind: 'participants'; readonly update: NewsletterParticipantsUpdate }

type PushReader = (push: Members, id: string) => NewsletterPush[]

/** Muted until somebody changes it. */
const muteForever = -1

const readers: { readonly [operation: string]: { readonly root: string; readonly read: PushReader } } = {
  NotificationNewsletterJoin: { root: 'xwa2_notify_newsletter_on_join', read: joined },
  NotificationNewsletterLeave: { root: 'xwa2_notify_newsletter_on_leave', read: (_, id) => [{ kind: 'left', id }] },
  NotificationNewsletterMuteChange: { root: 'xwa2_notify_newsletter_on_mute_change', read: muted },
  NotificationNewsletterUpdate: { root: 'xwa2_notify_newsletter_on_metadata_update', read: changed },
  NotificationNewsletterOwnerUpdate: { root: 'xwa2_notify_newsletter_owner_on_metadata_update', read: changed },
  NotificationNewsletterStateChange: { root: 'xwa2_notify_newsletter_on_state_change', read: stateChanged },
  NotificationNewsletterAdminPromote: { root: 'xwa2_notify_newsletter_admin_promote', read: roleChange('promote') },
  NotificationNewsletterAdminDemote: { root: 'xwa2_notify_newsletter_admin_demote', read: roleChange('demote') },
}

/** The operations of `mex` notifications that {@link parseNewsletterPush} reads: those whose payload is documented. */
export const newsletterPushOperations: readonly string[] = Object.keys(readers)

/**
 * Reads a `mex` notification about a channel.
 *
 * @param content what `parseMexNotification` gives: the data, or in the old form the object with `updates`
 */
export function parseNewsletterPush(operation: string, content: Members): NewsletterPush[] {
  const reader = Object.hasOwn(readers, operation) ? readers[operation] : undefined
  if (reader === undefined) return []
  const push = membersOf(content[reader.root])
  const id = push['id']
  if (typeof id === 'string' && id.endsWith('@newsletter')) return reader.read(push, id)
  return olderPush(operation, content)
}

/** Before the service wrote `data`, it listed updates; only Baileys still knows that form. */
function olderPush(operation: string, { updates }: Members): NewsletterPush[] {
  return itemsOf(updates).flatMap((item): NewsletterPush[] => {
    const { jid: id, settings, user } = membersOf(item)
    if (typeof id !== 'string') return []
    if (operation === 'NotificationNewsletterUpdate') {
      const update = { ...membersOf(settings) }
      return Object.keys(update).length > 0 ? [{ kind: 'settings', id, update }] : []
    }
    if (operation !== 'NotificationNewsletterAdminPromote' || typeof user !== 'string') return []
    return [{ kind: 'participants', update: { id, author: id, user, new_role: 'ADMIN', action: 'promote' } }]
  })
}

function joined(push: Members): NewsletterPush[] {
  const newsletter = parseNewsletterMetadata(push)
  return newsletter === undefined ? [] : [{ kind: 'joined', newsletter }]
}

function muted(push: Members, id: string): NewsletterPush[] {
  const mute = oneOf(['ON', 'OFF'], push['mute'])
  if (mute === undefined) return []
  return [{ kind: 'chat', update: { id, muteEndTime: mute === 'ON' ? muteForever : null } }]
}

/** Only changed members are present; name and description become texts. */
function changed(push: Members, id: string): NewsletterPush[] {
  const thread = membersOf(push['thread_metadata'])
  const update: NewsletterSettings = { ...thread }
  for (const name of ['name', 'description'] as const) {
    if (thread[name] === undefined) continue
    update[name] = textMember(thread, name) ?? ''
  }
  return Object.keys(update).length > 0 ? [{ kind: 'settings', id, update }] : []
}

function stateChanged(push: Members, id: string): NewsletterPush[] {
  const state = stateOf(push['state'])
  return state === undefined ? [] : [{ kind: 'chat', update: { id, ...chatState(state) } }]
}

/** What a chat says of the state of its channel. */
function chatState(state: NewsletterState): Pick<ChatUpdate, 'suspended' | 'terminated'> {
  return {
    suspended: state === 'SUSPENDED' || state === 'GEOSUSPENDED',
    terminated: state === 'DELETED' || state === 'NON_EXISTING',
  }
}

function roleChange(action: 'promote' | 'demote'): PushReader {
  return (push, id) => {
    const user = textOf(membersOf(push['user'])['id'])
    const role = roleOf(push['user_new_role'])
    if (user === undefined || role === undefined) return []
    const author = textOf(membersOf(push['actor'])['id']) ?? id
    return [{ kind: 'participants', update: { id, author, user, new_role: role, action } }]
  }
}
