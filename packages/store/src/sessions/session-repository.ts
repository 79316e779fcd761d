import { KurirError } from 'kurir'
import type { SqlAccess } from '../sql/access.js'
import { bytes, integer, maybeText, text } from '../sql/rows.js'
import type { SqlRow } from '../sql/sql.js'
import type { StoreContext } from '../store-context.js'

/** One linked account, or one that is about to be linked. */
export interface StoredSession {
  readonly id: string
  readonly name: string | undefined
  /** The program's own, such as `active` or `stopped`. */
  readonly status: string
  /** The program's own; JSON values and bytes. Encrypted. */
  readonly settings: unknown
  /** JID of the account, once it is linked. */
  readonly me: string | undefined
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** What to keep of a session; members that are left out stay as they are. */
export type SessionChange = Pick<StoredSession, 'id'> & Partial<Pick<StoredSession, 'name' | 'status' | 'settings'>>

const COLUMNS = 'id, name, status, settings, me, created_at, updated_at'

/** The sessions of a store. Everything else in it belongs to one of them, and goes with it. */
export class SessionRepository {
  readonly #access: SqlAccess
  readonly #context: StoreContext

  constructor(access: SqlAccess, context: StoreContext) {
    this.#access = access
    this.#context = context
  }

  /**
   * Makes a session, or changes the members that are given.
   *
   * @throws KurirError `invalid-session-id` (400): an id is 1 … 64 letters, digits, dots, dashes and underscores
   */
  async save({ id, name, status, settings }: SessionChange): Promise<StoredSession> {
    checkSessionId(id)
    const { values, now } = this.#context
    return await this.#access.write(async sql => {
      const sealed = values.seal(settings ?? null, 'session', id)
      await sql.run(
        `INSERT INTO sessions (id, name, status, settings, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO NOTHING`,
        ...[id, name ?? null, status ?? 'new', sealed, now(), now()],
      )
      await sql.run(
        `UPDATE sessions SET name = coalesce(?, name), status = coalesce(?, status), settings = coalesce(?, settings),
           updated_at = ? WHERE id = ?`,
        ...[name ?? null, status ?? null, settings === undefined ? null : sealed, now(), id],
      )
      const row = await sql.get(`SELECT ${COLUMNS} FROM sessions WHERE id = ?`, id)
      if (row === undefined) throw new KurirError('store-damaged', 'A session that was saved is gone', { data: { id } })
      return this.#opened(row)
    })
  }

  async load(id: string): Promise<StoredSession | undefined> {
    const row = await this.#access.read(sql => sql.get(`SELECT ${COLUMNS} FROM sessions WHERE id = ?`, id))
    return row && this.#opened(row)
  }

  /** In the order in which they were made. */
  async list(): Promise<readonly StoredSession[]> {
    const rows = await this.#access.read(sql => sql.all(`SELECT ${COLUMNS} FROM sessions ORDER BY created_at, id`))
    return rows.map(row => this.#opened(row))
  }

  /**
   * Removes a session with everything of it: credentials, messages, events, consumers. The device stays linked on the
   * phone: log out first.
   *
   * @returns whether it was there
   */
  async delete(id: string): Promise<boolean> {
    return (await this.#access.write(sql => sql.run('DELETE FROM sessions WHERE id = ?', id))) > 0
  }

  #opened(row: SqlRow): StoredSession {
    const id = text(row, 'id')
    return {
      id,
      name: maybeText(row, 'name'),
      status: text(row, 'status'),
      settings: this.#context.values.open(bytes(row, 'settings'), 'session', id),
      me: maybeText(row, 'me'),
      createdAt: integer(row, 'created_at'),
      updatedAt: integer(row, 'updated_at'),
    }
  }
}

/** @throws KurirError `invalid-session-id` (400) */
export function checkSessionId(id: string): void {
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(id)) return
  throw new KurirError('invalid-session-id', 'A session id is 1 … 64 letters, digits, dots, dashes and underscores', {
    statusCode: 400,
  })
}
