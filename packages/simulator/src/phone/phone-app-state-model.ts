import type { proto } from 'kurir/proto'
import type { AppStateEntry } from '../app-state/account-app-state.js'

/** What the account has made of a chat. */
export interface PhoneChatState {
  readonly archived: boolean
  /** Milliseconds since the Unix epoch; undefined: not pinned. */
  readonly pinnedAt: number | undefined
  /** Milliseconds, −1 for ever; undefined: not muted. */
  readonly mutedUntil: number | undefined
  /** False: marked as unread; undefined: never marked. */
  readonly read: boolean | undefined
  readonly locked: boolean
  readonly cleared: boolean
  readonly deleted: boolean
  /** Ids, in the order in which they were given. */
  readonly labels: readonly string[]
}

/** A message that somebody has starred, deleted or labelled. */
export interface PhoneMessageMark {
  readonly chat: string
  readonly id: string
  readonly fromMe: boolean
  /** Author, for messages of others in groups. */
  readonly participant: string | undefined
}

/** Reads the live records of an account as what they mean. */
export class PhoneAppStateModel {
  readonly #entries: readonly AppStateEntry[]
  readonly #namesOf: (jid: string) => readonly string[]

  /** @param namesOf the names of a chat in both namespaces: records may use either (docs/protocol/04 §2.1) */
  constructor(entries: readonly AppStateEntry[], namesOf: (jid: string) => readonly string[]) {
    this.#entries = entries
    this.#namesOf = namesOf
  }

  /** The value of the record with this index; a JID in it may be any name of the user. */
  value(...index: string[]): proto.ISyncActionValue | undefined {
    const [name, ...slots] = index
    const wanted = slots.map(slot => this.#namesOf(slot))
    const fits = (entry: AppStateEntry) =>
      entry.index[0] === name &&
      entry.index.length === index.length &&
      wanted.every((names, position) => names.includes(entry.index[position + 1] ?? ''))
    return this.#entries.findLast(fits)?.value
  }

  chat(jid: string): PhoneChatState {
    const { muteAction } = this.value('mute', jid) ?? {}
    const pin = this.value('pin_v1', jid)
    const names = this.#namesOf(jid)
    const cleared = (action: string) =>
      this.#entries.some(({ index }) => index[0] === action && names.includes(index[1] ?? ''))
    return {
      archived: this.value('archive', jid)?.archiveChatAction?.archived === true,
      pinnedAt: pin?.pinAction?.pinned === true ? Number(pin.timestamp) : undefined,
      mutedUntil: muteAction?.muted === true ? Number(muteAction.muteEndTimestamp ?? 0) : undefined,
      read: this.value('markChatAsRead', jid)?.markChatAsReadAction?.read ?? undefined,
      locked: this.value('lock', jid)?.lockChatAction?.locked === true,
      cleared: cleared('clearChat'),
      deleted: cleared('deleteChat'),
      labels: this.#named('label_jid')
        .filter(({ index, value }) => names.includes(index[2] ?? '') && value.labelAssociationAction?.labeled === true)
        .map(({ index }) => index[1] ?? ''),
    }
  }

  /** What the address book says of a user, under any of its names. */
  contact(jid: string): proto.SyncActionValue.IContactAction | undefined {
    return this.value('contact', jid)?.contactAction ?? undefined
  }

  /** Labels that were not deleted, by id. */
  get labels(): ReadonlyMap<string, proto.SyncActionValue.ILabelEditAction> {
    return this.#byId('label_edit', ({ labelEditAction }) => labelEditAction)
  }

  /** Quick replies that were not deleted, by id. */
  get quickReplies(): ReadonlyMap<string, proto.SyncActionValue.IQuickReplyAction> {
    return this.#byId('quick_reply', ({ quickReplyAction }) => quickReplyAction)
  }

  get starred(): readonly PhoneMessageMark[] {
    return this.#named('star')
      .filter(({ value }) => value.starAction?.starred === true)
      .map(({ index }) => markOf(index.slice(1)))
  }

  get deletedForMe(): readonly PhoneMessageMark[] {
    return this.#named('deleteMessageForMe').map(({ index }) => markOf(index.slice(1)))
  }

  /** Messages with this label. */
  labelled(label: string): readonly PhoneMessageMark[] {
    return this.#named('label_message')
      .filter(({ index, value }) => index[1] === label && value.labelAssociationAction?.labeled === true)
      .map(({ index }) => markOf(index.slice(2)))
  }

  #named(action: string): readonly AppStateEntry[] {
    return this.#entries.filter(({ index }) => index[0] === action)
  }

  #byId<Value extends { readonly deleted?: boolean | null | undefined }>(
    action: string,
    read: (value: proto.ISyncActionValue) => Value | null | undefined,
  ): ReadonlyMap<string, Value> {
    const entries = this.#named(action).flatMap(({ index, value }): [string, Value][] => {
      const content = read(value)
      return content == null || content.deleted === true ? [] : [[index[1] ?? '', content]]
    })
    return new Map(entries)
  }
}

const markOf = ([chat = '', id = '', fromMe, participant]: readonly string[]): PhoneMessageMark => ({
  chat,
  id,
  fromMe: fromMe === '1',
  participant: participant === '0' ? undefined : participant,
})
