/**
 * A person or business, as address book, push names, history and group lists know it. `id` is a LID or a phone-number
 * JID, whichever the source used; `lid` and `phoneNumber` name the other forms where they are known.
 */
export interface Contact {
  id: string
  /** `…@lid` form. */
  lid?: string | undefined
  /** `…@s.whatsapp.net` form. */
  phoneNumber?: string | undefined
  /** Name that the account owner saved. */
  name?: string | undefined
  /** Name that the contact chose (push name). */
  notify?: string | undefined
  /** Empty: there is none any more. */
  username?: string | undefined
  /** Verified business name. */
  verifiedName?: string | undefined
  /** `null`: no picture; `'changed'` and `'removed'`: fetch it again or forget it; anything else is a URL. */
  imgUrl?: string | null | undefined
  /** The contact's own "about" text. */
  status?: string | undefined
  /** Kurir: the short status with an emoji of newer apps. */
  textStatus?: TextStatus | undefined
  /** Kurir: after how many seconds messages disappear in chats that the contact opens; the later `setAt` counts. */
  disappearingMode?: { duration: number; setAt: Date } | undefined
}

/** A short status with an emoji. */
export interface TextStatus {
  /** '' when there is none. */
  text: string
  emoji?: string | undefined
  /** Seconds after which it disappears; absent when it stays. */
  duration?: number | undefined
  setAt: Date
}

/** Which identity a chat addresses its members by. */
export const WAMessageAddressingMode = { PN: 'pn', LID: 'lid' } as const
export type WAMessageAddressingMode = (typeof WAMessageAddressingMode)[keyof typeof WAMessageAddressingMode]
