import type { WAMessage, WAMessageKey, WAMessageUpdate } from 'kurir'
import type { SqlAccess } from '../sql/access.js'
import { Conditions, decodeTimePlace, encodePlace, pageSize } from '../sql/paging.js'
import { bytes, integer, text } from '../sql/rows.js'
import { type Sql, type SqlRow, type SqlTransaction, withoutZeros } from '../sql/sql.js'
import type { StoreContext } from '../store-context.js'
import { mediaOf } from './message-media.js'
import {
  isMeant,
  isSame,
  type KnownMessage,
  knownMessage,
  type MessageName,
  NAME_COLUMNS,
  nameOf,
  normalized,
  sentAtOf,
} from './message-rows.js'
import { searchableText } from './message-text.js'
import { searchIndexOf } from './search-index.js'
import { searchTerms, wordsOf } from './words.js'

export interface MessageFilter {
  /** A chat's JID, in either of its forms. */
  readonly chat?: string
  readonly fromMe?: boolean
  /** Unix milliseconds: sent at or after, and before. */
  readonly since?: number
  readonly until?: number
  /** `next` of the page before. */
  readonly before?: string
  /** 50 by default, 1000 at most. */
  readonly limit?: number
}

export type MessageSearch = Pick<MessageFilter, 'chat' | 'before' | 'limit'>

/** Newest first; `next` is absent on the last page. */
export interface MessagePage {
  readonly messages: readonly WAMessage[]
  readonly next?: string
}

/** What becomes of a stored message; it is the caller's own copy. */
export type MessageChange = (message: WAMessage) => WAMessage

/** A message that is about to be inserted; a later one of the same key takes its place. */
interface FreshMessage {
  readonly name: MessageName
  message: WAMessage
}

type Candidate = KnownMessage | FreshMessage

const PAGE_COLUMNS = 'number, id, chat, from_me, author, sent_at, value'

/**
 * Messages by session. A message is known by its chat, its id, its direction and, in groups, its author; a person's two
 * JIDs (phone number and LID) are one where the key told both. Contents are encrypted; the words in them are not, so that
 * they can be searched.
 */
export class MessageRepository {
  readonly #access: SqlAccess
  readonly #context: StoreContext

  constructor(access: SqlAccess, context: StoreContext) {
    this.#access = access
    this.#context = context
  }

  /**
   * Keeps messages; one that is known is replaced, except by a placeholder without content. Messages whose key has no chat
   * or id are left out.
   *
   * @throws KurirError `session-not-found` (404)
   */
  async save(sessionId: string, messages: readonly WAMessage[]): Promise<void> {
    if (messages.length === 0) return
    await this.#access.write(async sql => {
      const known = await this.#known(sql, sessionId, messages)
      const fresh: FreshMessage[] = []
      for (const message of messages) {
        const name = nameOf(message.key)
        if (name === undefined) continue
        const sameId = known.get(withoutZeros(name.id)) ?? []
        const same = sameId.find(row => isSame(name, row.name))
        if (same === undefined) {
          const entry = { name, message }
          fresh.push(entry)
          known.set(withoutZeros(name.id), [...sameId, entry])
        } else if (message.message) {
          if ('number' in same) await this.#replace(sql, sessionId, same, message)
          else same.message = message
        }
      }
      await this.#insert(sql, sessionId, fresh)
    })
  }

  /** Changes members of messages that are known; others are left out. */
  async update(sessionId: string, updates: readonly WAMessageUpdate[]): Promise<void> {
    if (updates.length === 0) return
    await this.#access.write(async sql => {
      for (const { key, update } of updates) {
        await this.#change(sql, sessionId, key, message => ({ ...message, ...update }))
      }
    })
  }

  /** Reads a message, lets it be changed, and keeps what comes out. @returns false when it is not known */
  async change(sessionId: string, key: WAMessageKey, apply: MessageChange): Promise<boolean> {
    return await this.#access.write(sql => this.#change(sql, sessionId, key, apply))
  }

  /** The message of a key; where the key names no author, whoever wrote it. */
  async findByKey(sessionId: string, key: WAMessageKey): Promise<WAMessage | undefined> {
    const row = await this.#access.read(sql => this.#row(sql, sessionId, key, ''))
    return row && this.#opened(sessionId, row)
  }

  /** Messages of a session or a chat, newest first. @throws KurirError `invalid-page` (400) */
  async find(sessionId: string, filter: MessageFilter = {}): Promise<MessagePage> {
    return await this.#access.read(sql => this.#page(sql, sessionId, filter, conditionsOf(sessionId, filter)))
  }

  /**
   * Messages with all of these words, newest first: `"a phrase"` in quotes, `begin*` for beginnings; without regard to
   * case and accents. Nothing is found for a text without words.
   *
   * @throws KurirError `invalid-page` (400)
   */
  async search(sessionId: string, question: string, filter: MessageSearch = {}): Promise<MessagePage> {
    const terms = searchTerms(question)
    if (terms.length === 0) return { messages: [] }
    return await this.#access.read(sql => {
      const index = searchIndexOf(sql.dialect)
      const conditions = conditionsOf(sessionId, filter).add(index.condition, index.question(terms))
      return this.#page(sql, sessionId, filter, conditions)
    })
  }

  /** @returns how many were there */
  async delete(sessionId: string, keys: readonly WAMessageKey[]): Promise<number> {
    return await this.#access.write(async sql => {
      let count = 0
      for (const key of keys) {
        const row = await this.#row(sql, sessionId, key, sql.dialect.forUpdate)
        if (row !== undefined) count += await sql.run('DELETE FROM messages WHERE number = ?', integer(row, 'number'))
      }
      return count
    })
  }

  /** @returns how many were there */
  async deleteChat(sessionId: string, chat: string): Promise<number> {
    const name = normalized(chat)
    return await this.#access.write(sql =>
      sql.run('DELETE FROM messages WHERE session = ? AND (chat = ? OR chat_alt = ?)', sessionId, name, name),
    )
  }

  /** @param time unix milliseconds @param sessionId of one session only @returns how many there were */
  async deleteOlderThan(time: number, sessionId?: string): Promise<number> {
    return await this.#access.write(sql =>
      sessionId === undefined
        ? sql.run('DELETE FROM messages WHERE sent_at < ?', time)
        : sql.run('DELETE FROM messages WHERE session = ? AND sent_at < ?', sessionId, time),
    )
  }

  async #change(sql: SqlTransaction, sessionId: string, key: WAMessageKey, apply: MessageChange): Promise<boolean> {
    const row = await this.#row(sql, sessionId, key, sql.dialect.forUpdate)
    if (row === undefined) return false
    await this.#replace(sql, sessionId, knownMessage(row), apply(this.#opened(sessionId, row)))
    return true
  }

  /** Rows that one of these messages may be, by id. */
  async #known(sql: Sql, session: string, messages: readonly WAMessage[]): Promise<Map<string, Candidate[]>> {
    const known = new Map<string, Candidate[]>()
    for (const row of await this.#rowsById(sql, session, messages)) {
      known.set(row.name.id, [...(known.get(row.name.id) ?? []), row])
    }
    return known
  }

  async #rowsById(sql: Sql, session: string, messages: readonly WAMessage[]): Promise<KnownMessage[]> {
    const ids = [...new Set(messages.flatMap(({ key }) => key.id ?? []))]
    const rows = await sql.all(
      `SELECT ${NAME_COLUMNS} FROM messages WHERE session = ? AND ${sql.dialect.isIn('id')}`,
      session,
      sql.dialect.list(ids),
    )
    return rows.map(knownMessage)
  }

  async #row(sql: Sql, sessionId: string, key: WAMessageKey, suffix: string): Promise<SqlRow | undefined> {
    const name = nameOf(key)
    if (name === undefined) return undefined
    const rows = await sql.all(
      `SELECT ${NAME_COLUMNS}, value FROM messages WHERE session = ? AND id = ?${suffix}`,
      sessionId,
      name.id,
    )
    return rows.find(row => isMeant(name, knownMessage(row).name))
  }

  async #insert(sql: SqlTransaction, session: string, fresh: readonly FreshMessage[]): Promise<void> {
    await sql.insertMany(
      `INSERT INTO messages (session, chat, chat_alt, id, from_me, author, author_alt, sent_at, size, search, value)`,
      fresh.map(({ name, message }) => {
        const { value, search } = this.#written(sql, session, name, message)
        const { chat, chatAlt = null, id, fromMe, author, authorAlt = null } = name
        const sentAt = sentAtOf(message)
        return [session, chat, chatAlt, id, Number(fromMe), author, authorAlt, sentAt, value.byteLength, search, value]
      }),
      // Another transaction may have been faster.
      `ON CONFLICT (session, id, chat, from_me, author) DO UPDATE SET value = excluded.value, search = excluded.search,
         size = excluded.size, sent_at = excluded.sent_at`,
    )
    const files = fresh.filter(({ message }) => mediaOf(message.message) !== undefined)
    if (files.length === 0) return
    const rows = await this.#rowsById(
      sql,
      session,
      files.map(({ message }) => message),
    )
    for (const { name, message } of files) {
      const row = rows.find(each => isSame(name, each.name))
      if (row !== undefined) await saveMedia(sql, session, row, message)
    }
  }

  async #replace(sql: SqlTransaction, session: string, row: KnownMessage, message: WAMessage): Promise<void> {
    const { name } = row
    const { value, search } = this.#written(sql, session, name, message)
    const told = nameOf(message.key)
    await sql.run(
      `UPDATE messages SET value = ?, search = ?, size = ?, sent_at = ?, chat_alt = coalesce(chat_alt, ?),
         author_alt = coalesce(author_alt, ?) WHERE number = ?`,
      ...[value, search, value.byteLength, sentAtOf(message)],
      ...[otherName(told?.chat, told?.chatAlt, name.chat), otherName(told?.author, told?.authorAlt, name.author)],
      row.number,
    )
    await sql.run('DELETE FROM media WHERE message = ?', row.number)
    await saveMedia(sql, session, row, message)
  }

  #written(sql: Sql, session: string, name: MessageName, message: WAMessage): { value: Buffer; search: string } {
    return {
      value: this.#context.values.seal(message, 'message', session, name.chat, name.id),
      search: searchIndexOf(sql.dialect).document(wordsOf(searchableText(message.message))),
    }
  }

  async #page(sql: Sql, session: string, filter: MessageFilter, conditions: Conditions): Promise<MessagePage> {
    const size = pageSize(filter.limit)
    const rows = await sql.all(
      `SELECT ${PAGE_COLUMNS} FROM messages WHERE ${conditions.text} ORDER BY sent_at DESC, number DESC LIMIT ?`,
      ...conditions.values,
      size + 1,
    )
    const shown = rows.slice(0, size)
    const messages = shown.map(row => this.#opened(session, row))
    const last = shown.at(-1)
    if (last === undefined || rows.length <= size) return { messages }
    return { messages, next: encodePlace(integer(last, 'sent_at'), integer(last, 'number')) }
  }

  #opened(session: string, row: SqlRow): WAMessage {
    const place = ['message', session, text(row, 'chat'), text(row, 'id')] as const
    return this.#context.values.open(bytes(row, 'value'), ...place) as WAMessage
  }
}

function conditionsOf(sessionId: string, { chat, fromMe, since, until, before }: MessageFilter): Conditions {
  const conditions = new Conditions().add('session = ?', sessionId)
  const name = chat === undefined ? undefined : normalized(chat)
  conditions.add('(chat = ? OR chat_alt = ?)', name, name)
  conditions.add('from_me = ?', fromMe === undefined ? undefined : Number(fromMe))
  conditions.add('sent_at >= ?', since).add('sent_at < ?', until)
  if (before === undefined) return conditions
  const [time, number] = decodeTimePlace(before)
  return conditions.add('(sent_at < ? OR (sent_at = ? AND number < ?))', time, time, number)
}

/** The name of the two that the row does not have as its first. */
function otherName(name: string | undefined, other: string | undefined, known: string): string | null {
  return [name, other].find(each => each !== undefined && each !== '' && each !== known) ?? null
}

async function saveMedia(sql: SqlTransaction, session: string, row: KnownMessage, message: WAMessage): Promise<void> {
  const media = mediaOf(message.message)
  if (media === undefined) return
  const { kind, mimeType = null, fileName = null, fileSize = null, sha256 = null } = media
  await sql.run(
    `INSERT INTO media (message, session, chat, kind, mime_type, file_name, file_size, sha256, sent_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (message) DO NOTHING`,
    ...[row.number, session, row.name.chat, kind, mimeType, fileName, fileSize, sha256, sentAtOf(message)],
  )
}
