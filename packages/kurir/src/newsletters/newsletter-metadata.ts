import { itemsOf, type Members, membersOf, numberOf, oneOf, textOf } from '../mex/answer-values.js'
import type {
  NewsletterMetadata,
  NewsletterPicture,
  NewsletterState,
  NewsletterThread,
  NewsletterViewer,
  NewsletterViewRole,
} from './newsletter-types.js'

const roles: readonly NewsletterViewRole[] = ['ADMIN', 'GUEST', 'OWNER', 'SUBSCRIBER']
const states: readonly NewsletterState[] = ['ACTIVE', 'SUSPENDED', 'GEOSUSPENDED', 'DELETED', 'NON_EXISTING']
const switches = ['ON', 'OFF'] as const
const verifications = ['VERIFIED', 'UNVERIFIED'] as const
const reactionModes = ['ALL', 'BASIC', 'NONE', 'BLOCKLIST'] as const

/** The setting that says whether posts of a channel notify (docs/protocol/05, 4.2). */
export const muteSetting = 'MUTE_ADMIN_ACTIVITY'

/**
 * Reads `xwa2_newsletter` and what has its shape (docs/protocol/05, 4.3). Everything but the id may be missing: a new
 * channel has no picture, and strangers are not told of their role.
 *
 * @returns undefined when it names no channel
 */
export function parseNewsletterMetadata(answer: unknown): NewsletterMetadata | undefined {
  const outer = membersOf(answer)
  const { id, state, thread_metadata, viewer_metadata } = outer['id'] === undefined ? membersOf(outer['result']) : outer
  if (typeof id !== 'string' || id === '') return undefined
  const thread = membersOf(thread_metadata)
  const viewer = membersOf(viewer_metadata)
  const stateType = stateOf(state)
  return defined({
    id,
    name: textMember(thread, 'name') ?? '',
    description: textMember(thread, 'description'),
    invite: textOf(thread['invite']),
    creation_time: numberOf(thread['creation_time']),
    subscribers: numberOf(thread['subscribers_count']),
    picture: pictureOf(thread),
    verification: oneOf(verifications, thread['verification']),
    mute_state: muteOf(viewer),
    reactions: oneOf(reactionModes, membersOf(membersOf(thread['settings'])['reaction_codes'])['value']),
    role: roleOf(viewer['role']),
    state: stateType === undefined ? undefined : { type: stateType },
    // The answer itself: programs written for Baileys read these.
    thread_metadata: thread_metadata === undefined ? undefined : (thread as NewsletterThread),
    viewer_metadata: viewer_metadata === null ? null : (viewer_metadata as NewsletterViewer | undefined),
  })
}

export function roleOf(value: unknown): NewsletterViewRole | undefined {
  return oneOf(roles, value)
}

/** The `state{ type }` member. */
export function stateOf(value: unknown): NewsletterState | undefined {
  return oneOf(states, membersOf(value)['type'])
}

/** The text of a `name` or `description`; the service may also write it as such. */
export function textMember(thread: Members, name: string): string | undefined {
  const value = thread[name]
  return typeof value === 'string' ? value : textOf(membersOf(value)['text'])
}

function pictureOf(thread: Members): NewsletterMetadata['picture'] {
  const picture: NewsletterPicture = membersOf(thread['picture'] ?? thread['preview'])
  const [id, directPath] = [textOf(picture.id), textOf(picture.direct_path)]
  return id === undefined && directPath === undefined ? undefined : defined({ id, directPath })
}

/** Whether posts are muted: a setting of the viewer, or a member of its own in older documents. */
function muteOf(viewer: Members): 'ON' | 'OFF' | undefined {
  const setting = itemsOf(viewer['settings'])
    .map(membersOf)
    .find(({ type }) => type === muteSetting)
  return oneOf(switches, setting?.['value'] ?? viewer['mute'])
}

function defined<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value
}
