import {
  type AuthenticationCreds,
  type AuthenticationState,
  type ILogger,
  initAuthCreds,
  KurirError,
  type SignalDataSet,
  type SignalDataTypeMap,
  type SignalKeyStore,
} from 'kurir'
import { bindSaver, decodeCredentials, encodeCredentials } from 'kurir/auth'
import type { SignalDataType } from 'kurir/signal'
import type { Vault } from '../encryption/vault.js'
import { checkSessionId } from '../sessions/session-repository.js'
import { bytes, integer, text } from '../sql/rows.js'
import { type Sql, type SqlDatabase, type SqlLock, type SqlTransaction, withoutZeros } from '../sql/sql.js'
import type { StoreContext } from '../store-context.js'
import { nameOfPlace } from '../values/sealed-values.js'
import { authRows, openRecord } from './auth-rows.js'

/** Credentials and keys of one session, in the store. */
export interface StoredAuthState {
  readonly state: AuthenticationState & { saveCreds(): Promise<void> }
  /** Makes the credentials durable. Call it on every `creds.update`. */
  readonly saveCreds: () => Promise<void>
  /** Gives the session back when everybody in this process who opened it has closed it. */
  readonly close: () => Promise<void>
}

interface OpenSession {
  readonly state: StoredAuthState['state']
  readonly lock: SqlLock
  /** When the row was made: a session that was deleted and made again has other credentials. */
  readonly createdAt: number
  readonly writes: Writes
  users: number
}

export interface AuthStoreParts {
  readonly database: SqlDatabase
  readonly vault: Vault
  readonly context: StoreContext
  readonly logger: ILogger
}

/** The auth states of a store: who has them open, and how they are read and written. */
export class AuthStore {
  readonly #parts: AuthStoreParts
  readonly #open = new Map<string, Promise<OpenSession>>()

  constructor(parts: AuthStoreParts) {
    this.#parts = parts
  }

  /** See `Store.auth`. */
  async open(sessionId: string): Promise<StoredAuthState> {
    checkSessionId(sessionId)
    const session = await this.#join(sessionId)
    let left = false
    const close = async () => {
      if (left) return
      left = true
      session.users -= 1
      if (session.users > 0) return
      this.#open.delete(sessionId)
      await session.writes.end(closed(sessionId))
      await session.lock.release()
    }
    return { state: session.state, saveCreds: session.state.saveCreds, close }
  }

  /**
   * Writes credentials and keys of a session that nobody has open, in one transaction.
   *
   * @throws KurirError `session-exists` (409): it is linked already, and is not to be replaced; `auth-state-locked` (409)
   */
  async import(sessionId: string, creds: AuthenticationCreds, keys: SignalDataSet, replace: boolean): Promise<void> {
    checkSessionId(sessionId)
    const { database, vault } = this.#parts
    const lock = await database.lock(lockName(sessionId))
    if (lock === undefined) throw locked(sessionId)
    try {
      await database.transaction(async sql => {
        await this.#ensureRow(sql, sessionId)
        const known = await sql.get('SELECT 1 AS one FROM credentials WHERE session = ?', sessionId)
        if (known !== undefined && !replace) throw exists(sessionId)
        await sql.run('DELETE FROM auth_records WHERE session = ?', sessionId)
        await this.#writeCreds(sql, sessionId, creds)
        await writeKeys(sql, vault, sessionId, keys)
      })
    } finally {
      await lock.release()
    }
  }

  async #join(sessionId: string): Promise<OpenSession> {
    for (;;) {
      const known = this.#open.get(sessionId)
      if (known === undefined) return await this.#take(sessionId)
      const session = await known
      const createdAt = await this.#parts.database.read(sql => createdAtOf(sql, sessionId))
      if (session.createdAt === createdAt && !session.writes.hasEnded) {
        session.users += 1
        return session
      }
      if (this.#open.get(sessionId) === known) this.#open.delete(sessionId)
      await session.writes.end(closed(sessionId))
      await session.lock.release()
    }
  }

  async #take(sessionId: string): Promise<OpenSession> {
    const opening = this.#load(sessionId)
    this.#open.set(sessionId, opening)
    return await opening.catch(error => {
      if (this.#open.get(sessionId) === opening) this.#open.delete(sessionId)
      throw error
    })
  }

  async #load(sessionId: string): Promise<OpenSession> {
    const { database, logger } = this.#parts
    const lock = await database.lock(lockName(sessionId))
    if (lock === undefined) throw locked(sessionId)
    try {
      const createdAt = await database.transaction(sql => this.#ensureRow(sql, sessionId))
      const creds = (await this.#readCreds(sessionId)) ?? initAuthCreds()
      const writes = new Writes(database)
      lock.onLost(() => {
        // Another process may have the session by now.
        void writes.end(locked(sessionId))
        logger.error({ session: sessionId }, 'store: the hold on the session was lost, nothing is written any more')
      })
      return { state: this.#state(sessionId, creds, writes), lock, createdAt, writes, users: 1 }
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  #state(sessionId: string, creds: AuthenticationCreds, writes: Writes): StoredAuthState['state'] {
    const saveCreds = () => writes.run(sql => this.#writeCreds(sql, sessionId, creds))
    bindSaver(creds, saveCreds)
    return { creds, keys: this.#keys(sessionId, writes), saveCreds }
  }

  #keys(sessionId: string, writes: Writes): SignalKeyStore {
    const { database, vault, logger } = this.#parts
    return {
      get: async <T extends SignalDataType>(type: T, ids: string[]) => {
        const found = await database.read(sql => readKeys(sql, sessionId, type, ids))
        const records: { [id: string]: SignalDataTypeMap[T] } = {}
        for (const id of ids) {
          const sealed = found.get(withoutZeros(id))
          // Baileys' contract: every id is answered, null for a record that is not there.
          records[id] = null as unknown as SignalDataTypeMap[T]
          if (sealed === undefined) continue
          try {
            records[id] = openRecord(vault, sessionId, type, id, sealed) as SignalDataTypeMap[T]
          } catch (error) {
            // As with Baileys a damaged record counts as missing: sessions and keys are made anew.
            logger.warn({ err: error, session: sessionId, type }, 'store: unreadable key record left out')
          }
        }
        return records
      },
      set: data => writes.run(sql => writeKeys(sql, vault, sessionId, data)),
      clear: () =>
        writes.run(async sql => {
          await sql.run('DELETE FROM auth_records WHERE session = ?', sessionId)
        }),
    }
  }

  async #ensureRow(sql: SqlTransaction, sessionId: string): Promise<number> {
    const { values, now } = this.#parts.context
    await sql.run(
      `INSERT INTO sessions (id, status, settings, created_at, updated_at) VALUES (?, 'new', ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
      ...[sessionId, values.seal(null, 'session', sessionId), now(), now()],
    )
    return (await createdAtOf(sql, sessionId)) ?? 0
  }

  async #readCreds(sessionId: string): Promise<AuthenticationCreds | undefined> {
    const { database, vault } = this.#parts
    const row = await database.read(sql => sql.get('SELECT value FROM credentials WHERE session = ?', sessionId))
    if (row === undefined) return undefined
    try {
      return decodeCredentials(vault.open(bytes(row, 'value'), credsPlace(sessionId)).toString())
    } catch (cause) {
      throw new KurirError(
        'corrupt-auth-state',
        `The credentials of session ${sessionId} are damaged. Restore the store from a backup, or delete the session and ` +
          'link the device again',
        { data: { session: sessionId }, cause },
      )
    }
  }

  async #writeCreds(sql: SqlTransaction, sessionId: string, creds: AuthenticationCreds): Promise<void> {
    const sealed = this.#parts.vault.seal(Buffer.from(encodeCredentials(creds)), credsPlace(sessionId))
    await sql.run(
      `INSERT INTO credentials (session, value) VALUES (?, ?)
       ON CONFLICT (session) DO UPDATE SET value = excluded.value`,
      sessionId,
      sealed,
    )
    await sql.run('UPDATE sessions SET me = ? WHERE id = ?', creds.me?.id ?? null, sessionId)
  }
}

/** The writes of one session, until it is given back. */
class Writes {
  readonly #database: SqlDatabase
  readonly #running = new Set<Promise<void>>()
  #ended: KurirError | undefined

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  async run(work: (sql: SqlTransaction) => Promise<void>): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended
    const running = this.#database.transaction(work)
    this.#running.add(running)
    try {
      await running
    } finally {
      this.#running.delete(running)
    }
  }

  /** Refuses what comes from now on, and waits for what has begun. */
  async end(reason: KurirError): Promise<void> {
    this.#ended ??= reason
    await Promise.allSettled(this.#running)
  }
}

const lockName = (sessionId: string): string => `session ${sessionId}`
const credsPlace = (sessionId: string): string => nameOfPlace(['credentials', sessionId])

async function createdAtOf(sql: Sql, sessionId: string): Promise<number | undefined> {
  const row = await sql.get('SELECT created_at FROM sessions WHERE id = ?', sessionId)
  return row && integer(row, 'created_at')
}

async function readKeys(
  sql: Sql,
  session: string,
  type: string,
  ids: readonly string[],
): Promise<Map<string, Uint8Array>> {
  const [only] = ids
  const one = 'SELECT id, value FROM auth_records WHERE session = ? AND type = ? AND'
  const rows =
    ids.length === 1 && only !== undefined
      ? await sql.all(`${one} id = ?`, session, type, only)
      : await sql.all(`${one} ${sql.dialect.isIn('id')}`, session, type, sql.dialect.list(ids))
  return new Map(rows.map(row => [text(row, 'id'), bytes(row, 'value')]))
}

async function writeKeys(sql: SqlTransaction, vault: Vault, session: string, data: SignalDataSet): Promise<void> {
  const rows = authRows(vault, session, data)
  for (const { type, id, value } of rows) {
    if (value !== null) continue
    await sql.run('DELETE FROM auth_records WHERE session = ? AND type = ? AND id = ?', session, type, id)
  }
  await sql.insertMany(
    'INSERT INTO auth_records (session, type, id, value)',
    rows.flatMap(({ type, id, value }) => (value === null ? [] : [[session, type, id, value]])),
    'ON CONFLICT (session, type, id) DO UPDATE SET value = excluded.value',
  )
}

function locked(sessionId: string): KurirError {
  return new KurirError(
    'auth-state-locked',
    `Another process uses session ${sessionId}, or took it over. Two programs with one session would destroy its keys`,
    { statusCode: 409, retryable: true, data: { session: sessionId } },
  )
}

function closed(sessionId: string): KurirError {
  return new KurirError('auth-state-closed', `Session ${sessionId} was closed: nothing can be saved any more`, {
    data: { session: sessionId },
  })
}

function exists(sessionId: string): KurirError {
  return new KurirError('session-exists', `Session ${sessionId} has credentials already`, {
    statusCode: 409,
    data: { session: sessionId },
  })
}
