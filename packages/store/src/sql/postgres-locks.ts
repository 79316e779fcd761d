import { createHash } from 'node:crypto'
import type { ILogger } from 'kurir'
import type pg from 'pg'
import { storeError } from './database-errors.js'
import type { SqlLock } from './sql.js'

interface Held {
  readonly whenLost: (() => void)[]
}

/**
 * Advisory locks on one connection of their own: the server gives them back when the connection ends, however the
 * process ends. Locks of another schema or program have other numbers.
 */
export class PostgresLocks {
  readonly #pool: pg.Pool
  readonly #logger: ILogger
  readonly #held = new Map<string, Held>()
  #client: Promise<pg.PoolClient> | undefined

  constructor(pool: pg.Pool, logger: ILogger) {
    this.#pool = pool
    this.#logger = logger
  }

  async take(name: string): Promise<SqlLock | undefined> {
    // The connection would be given its own lock a second time.
    if (this.#held.has(name)) return undefined
    const held: Held = { whenLost: [] }
    this.#held.set(name, held)
    try {
      const client = await this.#connection()
      const { rows } = await client.query<{ taken: boolean }>(
        'SELECT pg_try_advisory_lock(hashtext(current_schema()), $1) AS taken',
        [numberOf(name)],
      )
      if (rows[0]?.taken === true) return this.#lock(name, held, client)
    } catch (error) {
      this.#forget(name, held)
      throw storeError(error)
    }
    this.#forget(name, held)
    return undefined
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined)
    this.#held.clear()
    // Ending the connection gives all locks back.
    client?.release(true)
  }

  #lock(name: string, held: Held, client: pg.PoolClient): SqlLock {
    return {
      onLost: action => {
        held.whenLost.push(action)
      },
      release: async () => {
        if (this.#held.get(name) !== held) return
        this.#held.delete(name)
        try {
          await client.query('SELECT pg_advisory_unlock(hashtext(current_schema()), $1)', [numberOf(name)])
        } catch (error) {
          // A connection that is gone holds nothing.
          this.#logger.warn({ err: error }, 'store: a session was given back by the end of its connection')
        }
      },
    }
  }

  #forget(name: string, held: Held): void {
    if (this.#held.get(name) === held) this.#held.delete(name)
  }

  #connection(): Promise<pg.PoolClient> {
    this.#client ??= this.#connect()
    return this.#client
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      const client = await this.#pool.connect()
      client.on('error', error => this.#lost(error))
      return client
    } catch (error) {
      this.#client = undefined
      throw error
    }
  }

  #lost(error: Error): void {
    this.#logger.error({ err: error }, 'store: the connection that held the sessions ended')
    const lost = [...this.#held.values()]
    this.#held.clear()
    this.#client?.then(client => client.release(true)).catch(() => {})
    this.#client = undefined
    for (const { whenLost } of lost) for (const action of whenLost) action()
  }
}

const numberOf = (name: string): number => createHash('sha256').update(name).digest().readInt32BE(0)
