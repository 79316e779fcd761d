import type { Account } from '../accounts/account.js'
import type { Newsletter } from './newsletter.js'

/** What an answer about a channel shows. */
export interface NewsletterView {
  readonly reader: Account
  readonly withPicture: boolean
  readonly withViewer: boolean
  /** Older documents have the mute setting as a member of its own. */
  readonly legacy: boolean
}

/** A channel as `xwa2_newsletter` shows it (docs/protocol/05 §4.3). */
export const newsletterJson = (newsletter: Newsletter, view: NewsletterView): Record<string, unknown> => {
  const { reader, withViewer } = view
  const isMember = newsletter.roleOf(reader) !== 'GUEST'
  return {
    id: newsletter.jid,
    state: { type: newsletter.state },
    thread_metadata: threadJson(newsletter, view),
    viewer_metadata: withViewer && isMember ? viewerJson(newsletter, view) : null,
  }
}

const threadJson = (newsletter: Newsletter, { withPicture, legacy }: NewsletterView): Record<string, unknown> => {
  const { createdAt, invite, followers, reactions } = newsletter
  // The real service says null, on which Baileys 7 fails after the channel was made (docs/protocol/05 §6.5).
  const none = legacy ? { id: '', type: 'IMAGE', direct_path: '' } : null
  const picture = pictureJson(newsletter) ?? none
  return {
    creation_time: String(Math.floor(createdAt / 1000)),
    name: nameJson(newsletter),
    description: descriptionJson(newsletter),
    ...(withPicture ? { picture } : {}),
    preview: picture === null ? null : { ...picture, type: 'PREVIEW' },
    invite,
    handle: null,
    subscribers_count: String(followers.size),
    verification: 'UNVERIFIED',
    settings: { reaction_codes: { value: reactions.mode, blocked_codes: reactions.blocked } },
  }
}

export const nameJson = ({ name }: Newsletter): Record<string, unknown> => textJson(name)
export const descriptionJson = ({ description }: Newsletter): Record<string, unknown> => textJson(description)

/** `update_time` is in microseconds. */
const textJson = ({ text, setAt }: Newsletter['name']): Record<string, unknown> => ({
  id: String(setAt),
  text,
  update_time: String(setAt * 1000),
})

export const pictureJson = ({ jid, picture }: Newsletter): Record<string, unknown> | undefined =>
  picture && {
    id: picture.id,
    type: 'IMAGE',
    direct_path: `/m1/v/t24/newsletter/${jid.split('@')[0]}/${picture.id}.jpg`,
  }

const viewerJson = (newsletter: Newsletter, { reader, legacy }: NewsletterView): Record<string, unknown> => {
  const setting = (is: boolean) => (is ? 'ON' : 'OFF')
  const mute = setting(newsletter.muted.has(reader))
  const role = newsletter.roleOf(reader)
  if (legacy) return { mute, role }
  return {
    role,
    settings: [
      { type: 'MUTE_ADMIN_ACTIVITY', value: mute },
      { type: 'MUTE_FOLLOWER_ACTIVITY', value: setting(newsletter.mutedFollowers.has(reader)) },
    ],
  }
}

/** A user in answers and pushes. */
export const userJson = ({ lid, pn }: Account): Record<string, unknown> => ({ id: lid, pn })
