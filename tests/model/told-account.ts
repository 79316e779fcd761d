import { type AccountPicture, picture } from './picture.js'

/** The events that tell of app state, in what Kurir and Baileys agree on. */
export interface AppStateEvents {
  readonly 'chats.update'?: readonly ChatMarks[]
  readonly 'chats.lock'?: { readonly id: string; readonly locked: boolean }
  readonly 'contacts.upsert'?: readonly ContactName[]
  readonly 'contacts.update'?: readonly Partial<ContactName>[]
  readonly 'labels.edit'?: LabelEdit
  readonly 'labels.association'?: { readonly type: 'add' | 'remove'; readonly association: LabelAssociation }
  readonly 'messages.update'?: readonly { readonly key: MessageName; readonly update: object }[]
  readonly 'messages.delete'?: { readonly keys: readonly MessageName[] } | object
  readonly 'settings.update'?: { readonly setting: string; readonly value: unknown }
  readonly 'creds.update'?: { readonly me?: { readonly name?: string | undefined } | undefined }
}

interface ChatMarks {
  readonly id?: string | null | undefined
  readonly archived?: boolean | null | undefined
  readonly pinned?: number | null | undefined
  readonly muteEndTime?: unknown
  readonly unreadCount?: number | null | undefined
}

interface ContactName {
  readonly id: string
  readonly name?: string | undefined
}

interface LabelEdit {
  readonly id: string
  readonly name: string
  readonly color: number
  readonly deleted: boolean
}

interface LabelAssociation {
  readonly chatId: string
  readonly labelId: string
  readonly messageId?: string
}

interface MessageName {
  readonly remoteJid?: string | null | undefined
  readonly id?: string | null | undefined
}

/** The account as a program has been told: what it would have in its database. */
export class ToldAccount {
  readonly #chats = new Map<string, Record<string, unknown>>()
  readonly #contacts = new Map<string, string>()
  readonly #labels = new Map<string, string>()
  readonly #labelled = new Set<string>()
  readonly #starred = new Set<string>()
  readonly #deletedMessages = new Set<string>()
  readonly #settings: Record<string, unknown> = {}

  get picture(): AccountPicture {
    return picture({
      chats: Object.fromEntries(this.#chats),
      contacts: Object.fromEntries(this.#contacts),
      labels: Object.fromEntries(this.#labels),
      labelled: [...this.#labelled],
      starred: [...this.#starred],
      deletedMessages: [...this.#deletedMessages],
      settings: this.#settings,
    })
  }

  /** Takes a batch of events. */
  take(events: AppStateEvents): void {
    for (const marks of events['chats.update'] ?? []) this.#mark(marks)
    const lock = events['chats.lock']
    if (lock !== undefined) this.#chat(lock.id)['locked'] = lock.locked
    for (const contact of [...(events['contacts.upsert'] ?? []), ...(events['contacts.update'] ?? [])]) {
      if (contact.id !== undefined && 'name' in contact) setOrDelete(this.#contacts, contact.id, contact.name)
    }
    this.#label(events['labels.edit'])
    this.#associate(events['labels.association'])
    this.#messages(events)
    this.#setting(events)
  }

  #mark({ id, archived, pinned, muteEndTime, unreadCount }: ChatMarks): void {
    const chat = this.#chat(id ?? '')
    if (archived !== undefined) chat['archived'] = archived
    if (pinned !== undefined) chat['pinned'] = pinned ?? undefined
    if (muteEndTime !== undefined) chat['muted'] = muteEndTime === null ? undefined : Number(muteEndTime)
    if (unreadCount !== undefined) chat['unread'] = unreadCount === -1
  }

  #chat(id: string): Record<string, unknown> {
    const present = this.#chats.get(id) ?? {}
    this.#chats.set(id, present)
    return present
  }

  #label(edit: LabelEdit | undefined): void {
    if (edit !== undefined) setOrDelete(this.#labels, edit.id, edit.deleted ? undefined : `${edit.name} ${edit.color}`)
  }

  #associate(change: AppStateEvents['labels.association']): void {
    if (change === undefined) return
    const { labelId, chatId, messageId } = change.association
    const name = messageId === undefined ? `${labelId} ${chatId}` : `${labelId} ${chatId} ${messageId}`
    if (change.type === 'add') this.#labelled.add(name)
    else this.#labelled.delete(name)
  }

  #messages(events: AppStateEvents): void {
    for (const { key, update } of events['messages.update'] ?? []) {
      if (!('starred' in update)) continue
      if (update.starred === true) this.#starred.add(nameOf(key))
      else this.#starred.delete(nameOf(key))
    }
    const deleted = events['messages.delete']
    if (deleted !== undefined && 'keys' in deleted)
      for (const key of deleted.keys) this.#deletedMessages.add(nameOf(key))
  }

  #setting(events: AppStateEvents): void {
    const name = events['creds.update']?.me?.name
    if (name !== undefined) this.#settings['pushName'] = name
    const changed = events['settings.update']
    if (changed === undefined) return
    const members = (changed.value ?? {}) as Record<string, unknown>
    if (changed.setting === 'locale') this.#settings['locale'] = changed.value
    if (changed.setting === 'timeFormat') this.#settings['timeFormat'] = members['isTwentyFourHourFormatEnabled']
    if (changed.setting === 'disableLinkPreviews') this.#settings['linkPreviews'] = members['isPreviewsDisabled']
    if (changed.setting === 'privacySettingRelayAllCalls') this.#settings['relayCalls'] = members['isEnabled']
  }
}

const nameOf = ({ remoteJid, id }: MessageName): string => `${remoteJid} ${id}`

const setOrDelete = (map: Map<string, string>, key: string, value: string | undefined): void => {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
