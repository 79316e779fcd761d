import type { SqlAccess } from '../sql/access.js'
import { Conditions, decodeActivityPlace, encodePlace, pageSize } from '../sql/paging.js'
import { bytes, integer, text } from '../sql/rows.js'
import { type Sql, type SqlRow, type SqlTransaction, withoutZeros } from '../sql/sql.js'
import type { StoreContext } from '../store-context.js'

/** What a directory keeps, and how. */
export interface DirectoryKind<Entry extends { id: string }> {
  readonly table: 'chats' | 'contacts' | 'group_chats'
  /** What is known afterwards, when this is told of an entry. */
  merge(known: Entry, told: Partial<Entry>): Entry
  /** Entries with a higher one come first in a list. */
  activityOf(entry: Entry): number
}

export interface DirectoryFilter {
  /** `next` of the page before. */
  readonly after?: string
  /** 50 by default, 1000 at most. */
  readonly limit?: number
}

/** `next` is absent on the last page. */
export interface DirectoryPage<Entry> {
  readonly rows: readonly Entry[]
  readonly next?: string
}

/** Chats, contacts or groups of sessions, by id. What is kept is encrypted; ids are not. */
export class Directory<Entry extends { id: string }> {
  readonly #kind: DirectoryKind<Entry>
  readonly #access: SqlAccess
  readonly #context: StoreContext

  constructor(kind: DirectoryKind<Entry>, access: SqlAccess, context: StoreContext) {
    this.#kind = kind
    this.#access = access
    this.#context = context
  }

  /** Keeps entries whole: what was known of them before is replaced. @throws KurirError `session-not-found` (404) */
  async save(sessionId: string, entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return
    await this.#access.write(sql => this.#write(sql, sessionId, entries))
  }

  /** Adds to what is known; what is new is made. @throws KurirError `session-not-found` (404) */
  async add(sessionId: string, entries: readonly Entry[]): Promise<void> {
    await this.#change(sessionId, entries, (known, told) => (known ? this.#kind.merge(known, told) : told))
  }

  /** Changes entries that are known; others, and those without id, are left out. */
  async update(sessionId: string, updates: readonly Partial<Entry>[]): Promise<void> {
    const named = updates.filter((update): update is Partial<Entry> & { id: string } => typeof update.id === 'string')
    await this.#change(sessionId, named, (known, told) => known && this.#kind.merge(known, told))
  }

  /** Changes one entry, if it is known. @returns whether it is */
  async change(sessionId: string, id: string, apply: (known: Entry) => Entry): Promise<boolean> {
    let found = false
    await this.#change(sessionId, [{ id }], known => {
      found = known !== undefined
      return known && apply(known)
    })
    return found
  }

  async get(sessionId: string, id: string): Promise<Entry | undefined> {
    return (await this.#access.read(sql => this.#read(sql, sessionId, [id]))).get(withoutZeros(id))
  }

  /** The most recently active first (chats), then by id. @throws KurirError `invalid-page` (400) */
  async list(sessionId: string, { after, limit }: DirectoryFilter = {}): Promise<DirectoryPage<Entry>> {
    const size = pageSize(limit)
    const conditions = new Conditions().add('session = ?', sessionId)
    if (after !== undefined) {
      const [activity, id] = decodeActivityPlace(after)
      conditions.add('(active_at < ? OR (active_at = ? AND id > ?))', activity, activity, id)
    }
    const found = await this.#access.read(sql =>
      sql.all(
        `SELECT id, active_at, value FROM ${this.#kind.table} WHERE ${conditions.text}
         ORDER BY active_at DESC, id LIMIT ?`,
        ...conditions.values,
        size + 1,
      ),
    )
    const shown = found.slice(0, size)
    const rows = shown.map(row => this.#opened(sessionId, row))
    const last = shown.at(-1)
    if (last === undefined || found.length <= size) return { rows }
    return { rows, next: encodePlace(integer(last, 'active_at'), text(last, 'id')) }
  }

  /** @returns how many were there */
  async delete(sessionId: string, ids: readonly string[]): Promise<number> {
    return await this.#access.write(sql =>
      sql.run(
        `DELETE FROM ${this.#kind.table} WHERE session = ? AND ${sql.dialect.isIn('id')}`,
        sessionId,
        sql.dialect.list(ids),
      ),
    )
  }

  async #change<Told extends { readonly id: string }>(
    sessionId: string,
    told: readonly Told[],
    apply: (known: Entry | undefined, told: Told) => Entry | undefined,
  ): Promise<void> {
    if (told.length === 0) return
    await this.#access.write(async sql => {
      const ids = told.map(({ id }) => id)
      const known = await this.#read(sql, sessionId, ids, sql.dialect.forUpdate)
      const changed = new Map<string, Entry>()
      for (const each of told) {
        const entry = apply(changed.get(each.id) ?? known.get(withoutZeros(each.id)), each)
        if (entry !== undefined) changed.set(each.id, entry)
      }
      await this.#write(sql, sessionId, [...changed.values()])
    })
  }

  async #read(sql: Sql, sessionId: string, ids: readonly string[], suffix = ''): Promise<Map<string, Entry>> {
    const rows = await sql.all(
      `SELECT id, value FROM ${this.#kind.table} WHERE session = ? AND ${sql.dialect.isIn('id')} ORDER BY id${suffix}`,
      sessionId,
      sql.dialect.list(ids),
    )
    return new Map(rows.map(row => [text(row, 'id'), this.#opened(sessionId, row)]))
  }

  async #write(sql: SqlTransaction, sessionId: string, entries: readonly Entry[]): Promise<void> {
    const { table, activityOf } = this.#kind
    // In one order everywhere: two transactions that write the same rows never wait for each other. The last one counts.
    const sorted = [...new Map(entries.map(entry => [entry.id, entry])).values()].sort((left, right) =>
      left.id < right.id ? -1 : 1,
    )
    await sql.insertMany(
      `INSERT INTO ${table} (session, id, active_at, value)`,
      sorted.map(entry => [sessionId, entry.id, activityOf(entry), this.#sealed(sessionId, entry)]),
      'ON CONFLICT (session, id) DO UPDATE SET active_at = excluded.active_at, value = excluded.value',
    )
  }

  #sealed(sessionId: string, entry: Entry): Buffer {
    return this.#context.values.seal(entry, this.#kind.table, sessionId, entry.id)
  }

  #opened(sessionId: string, row: SqlRow): Entry {
    return this.#context.values.open(bytes(row, 'value'), this.#kind.table, sessionId, text(row, 'id')) as Entry
  }
}
