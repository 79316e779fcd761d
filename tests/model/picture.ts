import type { Phone } from '@kurir/simulator'

/** What the account looks like: as a phone knows it, or as a client has been told. */
export interface AccountPicture {
  /** By chat: what it is marked with; what is off is left out. */
  readonly chats: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly contacts: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** `label chat` and `label chat message`. */
  readonly labelled: readonly string[]
  readonly starred: readonly string[]
  readonly deletedMessages: readonly string[]
  readonly settings: Readonly<Record<string, unknown>>
}

/** The account as its phone knows it. */
export const pictureOfPhone = ({ appState }: Phone): AccountPicture => {
  const { entries, model } = appState
  const named = (action: string) => entries.filter(({ index }) => index[0] === action)
  const setting = (action: string) => model.value(action)
  const chats = new Set(['archive', 'pin_v1', 'mute', 'markChatAsRead', 'lock'].flatMap(named).map(chatOf))
  const marks = [...chats].map(jid => {
    const { archived, pinnedAt, mutedUntil, read, locked } = appState.chat(jid)
    return [jid, { archived, pinned: pinnedAt, muted: mutedUntil, unread: read === false, locked }] as const
  })
  const contacts = named('contact').map(({ index, value }) => [index[1] ?? '', value.contactAction?.fullName ?? ''])
  return picture({
    chats: Object.fromEntries(marks),
    contacts: Object.fromEntries(contacts),
    labels: Object.fromEntries([...model.labels].map(([id, { name, color }]) => [id, `${name} ${color}`])),
    labelled: [...named('label_jid'), ...named('label_message')]
      .filter(({ value }) => value.labelAssociationAction?.labeled)
      .map(({ index }) => index.slice(1, 4).join(' ')),
    starred: model.starred.map(({ chat, id }) => `${chat} ${id}`),
    deletedMessages: model.deletedForMe.map(({ chat, id }) => `${chat} ${id}`),
    settings: {
      pushName: setting('setting_pushName')?.pushNameSetting?.name,
      locale: setting('setting_locale')?.localeSetting?.locale,
      timeFormat: setting('time_format')?.timeFormatAction?.isTwentyFourHourFormatEnabled,
      linkPreviews: setting('setting_disableLinkPreviews')?.privacySettingDisableLinkPreviewsAction?.isPreviewsDisabled,
      relayCalls: setting('setting_relayAllCalls')?.privacySettingRelayAllCalls?.isEnabled,
    },
  })
}

const chatOf = ({ index }: { readonly index: readonly string[] }): string => index[1] ?? ''

/** Everything in order, and without what is off. */
export const picture = (raw: AccountPicture): AccountPicture => ({
  chats: sorted(
    mapped(raw.chats, marks => mapped(marks, mark => (mark === false || mark === null ? undefined : mark))),
  ),
  contacts: sorted(raw.contacts),
  labels: sorted(raw.labels),
  labelled: [...raw.labelled].sort(),
  starred: [...raw.starred].sort(),
  deletedMessages: [...raw.deletedMessages].sort(),
  settings: sorted(mapped(raw.settings, setting => setting ?? undefined)),
})

type Entries = Readonly<Record<string, unknown>>

/** Undefined and empty members are left out. */
const mapped = <Value>(record: Readonly<Record<string, Value>>, map: (value: Value) => unknown): never =>
  Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) => {
      const result = map(value)
      const empty = result === undefined || (typeof result === 'object' && Object.keys(result as object).length === 0)
      return empty ? [] : [[name, result]]
    }),
  ) as never

const sorted = <Value extends Entries>(record: Value): Value =>
  Object.fromEntries(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1))) as Value
