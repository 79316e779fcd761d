import type { WAMessageKey } from '../events/message-types.js'
import type { MessageSecretRow } from '../signal/key-store.js'
import type { AddOnParentRecord } from './message-effects.js'
import { messageSecretLength, type Person } from './message-secrets.js'
import { type OwnAccount, userFormOf } from './own-account.js'
import { authorOf, isOtherPerson, isSamePerson, personOf } from './people.js'
import type { AddOnParent } from './sealed-add-ons.js'

/** A message that add-ons can be sealed for, as it is remembered. Ids are unique per chat and author only. */
export interface RememberedParent extends AddOnParent {
  readonly chat: string
  readonly author: Person
  readonly selectableOptions: number
  /** Unix seconds. */
  readonly since: number
}

/** Rows that the secrets are spread over, messages in one row, and how long one is kept: some two megabytes at most. */
export const secretRows = 64
export const secretsPerRow = 128
export const secretLifeSeconds = 90 * 86_400
/** Messages of one id: chats and authors that chose the same one, by chance or not. */
const maxSameId = 4

/** The row that a message id belongs to. */
export function secretRowOf(messageId: string): string {
  let hash = 0
  for (let index = 0; index < messageId.length; index += 1) {
    hash = (Math.imul(hash, 31) + messageId.charCodeAt(index)) >>> 0
  }
  return String(hash % secretRows)
}

export function rememberedParent(parent: AddOnParentRecord, me: OwnAccount, since: number): RememberedParent {
  const { key, secret, selectableOptions } = parent
  return { chat: userFormOf(key.remoteJid), author: authorOf(key, me), secret, selectableOptions, since }
}

/**
 * Adds a message to those of its id. Whoever sends another message under a known id adds to it and changes nothing; too
 * many are refused.
 */
export function withParent(known: readonly RememberedParent[], parent: RememberedParent): readonly RememberedParent[] {
  const isKnown = known.some(({ chat, author }) => chat === parent.chat && isSamePerson(author, parent.author))
  return isKnown || known.length >= maxSameId ? known : [...known, parent]
}

/** The messages that an add-on in this chat may belong to. A person is the same under either name. */
export function parentsInChat(known: readonly RememberedParent[], key: WAMessageKey): readonly RememberedParent[] {
  const chat = userFormOf(key.remoteJid)
  const partner = personOf(chat, key.remoteJidAlt)
  const isShared = (jid: string) => !/@(s\.whatsapp\.net|lid)$/.test(jid)
  return known.filter(parent =>
    isShared(chat) || isShared(parent.chat) ? parent.chat === chat : !isOtherPerson(personOf(parent.chat), partner),
  )
}

/** A row with further messages: expired ones go, and the oldest where there are too many. */
export function updatedRow(
  row: MessageSecretRow | undefined,
  added: ReadonlyMap<string, readonly RememberedParent[]>,
  now: number,
): MessageSecretRow {
  const all = readRow(row)
  for (const [id, parents] of added) {
    all.set(
      id,
      parents.reduce((known, parent) => withParent(known, parent), all.get(id) ?? []),
    )
  }
  const age = (parents: readonly RememberedParent[]) => Math.max(...parents.map(({ since }) => since))
  const kept = [...all]
    .filter(([, parents]) => parents.length > 0 && age(parents) > now - secretLifeSeconds)
    .sort(([, left], [, right]) => age(right) - age(left))
    .slice(0, secretsPerRow)
  return Object.fromEntries(kept.map(([id, parents]) => [id, parents.map(stored)]))
}

function stored({
  chat,
  author,
  secret,
  selectableOptions,
  since,
}: RememberedParent): MessageSecretRow[string][number] {
  return { chat, author, secret: Buffer.from(secret).toString('base64'), options: selectableOptions, since }
}

/** The messages in a row. Entries that are not what they should be are left out. */
export function readRow(row: MessageSecretRow | undefined | null): Map<string, readonly RememberedParent[]> {
  const read = new Map<string, readonly RememberedParent[]>()
  for (const [id, entries] of Object.entries(row ?? {})) {
    if (Array.isArray(entries)) read.set(id, entries.flatMap(readSecret))
  }
  return read
}

function readSecret(entry: MessageSecretRow[string][number]): RememberedParent[] {
  const { chat, author, secret, options, since } = entry
  if (typeof chat !== 'string' || typeof secret !== 'string' || typeof author?.asSeen !== 'string') return []
  const bytes = Buffer.from(secret, 'base64')
  if (bytes.byteLength !== messageSecretLength) return []
  return [{ chat, author, secret: bytes, selectableOptions: Number(options) || 0, since: Number(since) || 0 }]
}
