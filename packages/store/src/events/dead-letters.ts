import type { SqlAccess } from '../sql/access.js'
import { Conditions, decodeNumberPlace, encodePlace, pageSize } from '../sql/paging.js'
import { bytes, flag, integer, text } from '../sql/rows.js'
import type { SqlRow } from '../sql/sql.js'
import type { StoreContext } from '../store-context.js'
import { deadLetterPlace } from './consumer-repository.js'
import { EVENT_COLUMNS, type StoredEvent, storedEvent } from './event-rows.js'

/** An event that a consumer could not handle. */
export interface DeadLetter extends StoredEvent {
  readonly id: number
  readonly consumer: string
  readonly attempts: number
  /** What the last attempt failed with. */
  readonly error: unknown
  /** It is being tried again. */
  readonly isPending: boolean
  /** Unix milliseconds of the last failure. */
  readonly diedAt: number
}

export interface DeadLetterFilter {
  readonly consumer?: string
  /** `next` of the page before. */
  readonly before?: string
  /** 50 by default, 1000 at most. */
  readonly limit?: number
}

/** Newest first; `next` is absent on the last page. */
export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[]
  readonly next?: string
}

/** Events that were given up. They are kept with their payload, whatever becomes of the log. */
export class DeadLetterRepository {
  readonly #access: SqlAccess
  readonly #context: StoreContext

  constructor(access: SqlAccess, context: StoreContext) {
    this.#access = access
    this.#context = context
  }

  /** @throws KurirError `invalid-page` (400) */
  async list(sessionId: string, { consumer, before, limit }: DeadLetterFilter = {}): Promise<DeadLetterPage> {
    const size = pageSize(limit)
    const conditions = new Conditions()
      .add('e.session = ?', sessionId)
      .add('e.consumer = ?', consumer)
      .add('e.id < ?', before === undefined ? undefined : decodeNumberPlace(before))
    const rows = await this.#access.read(sql =>
      sql.all(
        `SELECT ${EVENT_COLUMNS}, e.id, e.consumer, e.attempts, e.is_pending, e.error, e.died_at FROM dead_letters e
         WHERE ${conditions.text} ORDER BY e.id DESC LIMIT ?`,
        ...conditions.values,
        size + 1,
      ),
    )
    const letters = rows.slice(0, size).map(row => this.#opened(sessionId, row))
    const last = letters.at(-1)
    return last === undefined || rows.length <= size ? { letters } : { letters, next: encodePlace(last.id) }
  }

  /** Hands the events out again, ahead of everything else, with their attempts forgotten. @returns how many */
  async redeliver(sessionId: string, ids: readonly number[]): Promise<number> {
    return await this.#access.write(sql =>
      sql.run(
        `UPDATE dead_letters SET is_pending = 1, attempts = 0 WHERE session = ? AND ${sql.dialect.isIn('id')}`,
        sessionId,
        sql.dialect.list(ids),
      ),
    )
  }

  /** @returns how many were there */
  async delete(sessionId: string, ids: readonly number[]): Promise<number> {
    return await this.#access.write(sql =>
      sql.run(
        `DELETE FROM dead_letters WHERE session = ? AND ${sql.dialect.isIn('id')}`,
        sessionId,
        sql.dialect.list(ids),
      ),
    )
  }

  #opened(session: string, row: SqlRow): DeadLetter {
    const event = storedEvent(this.#context.values, session, row)
    const consumer = text(row, 'consumer')
    return {
      ...event,
      id: integer(row, 'id'),
      consumer,
      attempts: integer(row, 'attempts'),
      error: this.#context.values.open(bytes(row, 'error'), ...deadLetterPlace(session, consumer, event.cursor)),
      isPending: flag(row, 'is_pending'),
      diedAt: integer(row, 'died_at'),
    }
  }
}
