/** What the asking account is to a channel (docs/protocol/05, 4.3). */
export type NewsletterViewRole = 'ADMIN' | 'GUEST' | 'OWNER' | 'SUBSCRIBER'

export type NewsletterState = 'ACTIVE' | 'SUSPENDED' | 'GEOSUSPENDED' | 'DELETED' | 'NON_EXISTING'

/** Which reactions a channel takes. */
export type NewsletterReactionMode = 'ALL' | 'BASIC' | 'NONE' | 'BLOCKLIST'

/** A text of a channel, with its version. `update_time` is Unix microseconds as text. */
export interface NewsletterText {
  id?: string | undefined
  text?: string | undefined
  update_time?: string | undefined
}

export interface NewsletterPicture {
  id?: string | undefined
  type?: string | undefined
  /** Path on the media host. */
  direct_path?: string | undefined
}

/** The channel itself, as the service gives it, unchecked; what it leaves out is missing. */
export interface NewsletterThread {
  /** Unix seconds as text. */
  creation_time?: string | undefined
  name?: NewsletterText | undefined
  description?: NewsletterText | undefined
  picture?: NewsletterPicture | null | undefined
  preview?: NewsletterPicture | null | undefined
  /** Code of the invitation link. */
  invite?: string | undefined
  handle?: string | null | undefined
  subscribers_count?: string | undefined
  verification?: 'VERIFIED' | 'UNVERIFIED' | undefined
  settings?:
    | { reaction_codes?: { value?: string | undefined; blocked_codes?: readonly string[] | undefined } | undefined }
    | null
    | undefined
}

/** What the service says of the asking account, unchecked. */
export interface NewsletterViewer {
  role?: NewsletterViewRole | undefined
  settings?: readonly { readonly type: string; readonly value: string }[] | undefined
  /** Of older documents. */
  mute?: string | undefined
}

/**
 * A channel (docs/protocol/05, 4.3): the members that programs read, and the answer of the service itself in `state`,
 * `thread_metadata` and `viewer_metadata`.
 */
export interface NewsletterMetadata {
  id: string
  /** The own account, when it owns the channel; the service does not tell who owns others. */
  owner?: string | undefined
  name: string
  description?: string | undefined
  /** Code for `https://whatsapp.com/channel/`. */
  invite?: string | undefined
  /** Unix seconds. */
  creation_time?: number | undefined
  subscribers?: number | undefined
  picture?: { id?: string | undefined; directPath?: string | undefined } | undefined
  verification?: 'VERIFIED' | 'UNVERIFIED' | undefined
  mute_state?: 'ON' | 'OFF' | undefined
  /** Which reactions the channel takes, where the service says so. */
  reactions?: NewsletterReactionMode | undefined
  /** What the own account is to the channel; missing when it is nothing to it. */
  role?: NewsletterViewRole | undefined
  state?: { type: NewsletterState } | undefined
  thread_metadata?: NewsletterThread | undefined
  viewer_metadata?: NewsletterViewer | null | undefined
}

/** The answer of the service to the creation of a channel, as older documents give it: Baileys' name for it. */
export interface NewsletterCreateResponse {
  id: string
  state: { type: string }
  thread_metadata: {
    creation_time: string
    description: { id: string; text: string; update_time: string }
    handle: string | null
    invite: string
    name: { id: string; text: string; update_time: string }
    picture: { direct_path: string; id: string; type: string }
    preview: { direct_path: string; id: string; type: string }
    subscribers_count: string
    verification: 'VERIFIED' | 'UNVERIFIED'
  }
  viewer_metadata: { mute: 'ON' | 'OFF'; role: NewsletterViewRole }
}

/** Changes of a channel; what is left out stays. */
export interface NewsletterUpdate {
  name?: string
  description?: string
  /** JPEG in base64; empty takes the picture off. */
  picture?: string
  /** Which reactions the channel takes (Kurir's own). */
  reactions?: NewsletterReactionMode
  /** With `BLOCKLIST`: the emoji that it does not take (Kurir's own). */
  blockedReactions?: readonly string[]
}

/** Somebody who follows a channel, as its owner and admins see it. */
export interface NewsletterFollower {
  readonly id: string
  readonly phoneNumber: string | undefined
  readonly name: string | undefined
  readonly role: NewsletterViewRole | undefined
  /** Unix seconds. */
  readonly followedAt: number | undefined
}

/** Who was invited to be an admin and has not answered. */
export interface NewsletterAdminInvite {
  readonly id: string
  readonly phoneNumber: string | undefined
}

/** Payload of `newsletter.reaction`: `count` is the number of all reactions with this code. */
export interface NewsletterReaction {
  id: string
  server_id: string
  reaction: { code?: string | undefined; count?: number | undefined; removed?: boolean | undefined }
}

/** Payload of `newsletter.view`. */
export interface NewsletterView {
  id: string
  server_id: string
  count: number
}

/** Payload of `newsletter-participants.update`. */
export interface NewsletterParticipantsUpdate {
  id: string
  author: string
  user: string
  new_role: string
  action: string
}

/** Changed settings of a channel: texts as such, everything else as the server gives it. */
export interface NewsletterSettings {
  name?: string | undefined
  description?: string | undefined
  [setting: string]: unknown
}
