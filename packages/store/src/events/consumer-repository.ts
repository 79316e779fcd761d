import { KurirError } from 'kurir'
import type { SqlAccess } from '../sql/access.js'
import { eventPageSize } from '../sql/paging.js'
import { bytes, flag, integer, maybeText, text } from '../sql/rows.js'
import type { Sql, SqlRow, SqlTransaction, SqlValue } from '../sql/sql.js'
import type { StoreContext } from '../store-context.js'
import { endsOf, placeAfter } from './event-log.js'
import { EVENT_COLUMNS, type StoredEvent, storedEvent } from './event-rows.js'

/** A named reader of a session's log whose place is kept: a subscription of a bot, a webhook. */
export interface StoredConsumer {
  readonly session: string
  readonly name: string
  /** Everything up to here is acknowledged, or not for this consumer. */
  readonly cursor: number
  /** The highest cursor that was handed out: what is unacknowledged below it is handed out again. */
  readonly delivered: number
  /** Only events of these names; undefined: all. */
  readonly events: readonly string[] | undefined
  /** The program's own, such as the URL of a webhook; JSON values and bytes. Encrypted. */
  readonly settings: unknown
  readonly isPaused: boolean
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
}

export interface OpenConsumer {
  /** Where a new consumer begins: with what comes (`head`, the default), with the oldest event, or behind a cursor. */
  readonly from?: 'head' | 'tail' | number
  readonly events?: readonly string[]
  readonly settings?: unknown
}

/** What to change of a consumer; members that are left out stay as they are. */
export interface ConsumerChange {
  readonly events?: readonly string[] | undefined
  readonly settings?: unknown
  readonly isPaused?: boolean | undefined
}

export interface PendingOptions {
  /** Only events behind this cursor: for a reader that has the ones before in hand. */
  readonly after?: number
  /** 500 by default, 5000 at most. */
  readonly limit?: number
}

/** An event that a consumer has not acknowledged. */
export interface PendingEvent extends StoredEvent {
  /** How often its handling has failed. */
  readonly attempts: number
  /** It was handed out before: the handler may have seen it. */
  readonly isRedelivered: boolean
}

export interface PendingPage {
  readonly events: readonly PendingEvent[]
  readonly next: number
  readonly head: number
  /** Retention has removed events that this consumer had not acknowledged. */
  readonly isTruncated: boolean
}

export interface FailOptions {
  /** With this failure the event is given up and becomes a dead letter. */
  readonly maxAttempts: number
}

export interface FailedEvent {
  readonly attempts: number
  readonly isDead: boolean
}

const COLUMNS = 'session, name, cursor, delivered, events, settings, is_paused, created_at, updated_at'
/** Events that are looked at in one step when a consumer moves on. */
const STEP = 1000

/**
 * Consumers by session and name. Events are acknowledged one by one in any order; the cursor moves on over everything that
 * is acknowledged. What was handed out and not acknowledged is handed out again, marked: at least once, in order.
 */
export class ConsumerRepository {
  readonly #access: SqlAccess
  readonly #context: StoreContext

  constructor(access: SqlAccess, context: StoreContext) {
    this.#access = access
    this.#context = context
  }

  /**
   * The consumer of this name; it is made when there is none. `from` counts for a new one only; `events` and `settings`
   * that are given replace those that are kept.
   *
   * @throws KurirError `session-not-found` (404)
   */
  async open(
    sessionId: string,
    name: string,
    { from = 'head', events, settings }: OpenConsumer = {},
  ): Promise<StoredConsumer> {
    const { values, now } = this.#context
    return await this.#access.write(async sql => {
      const { head, tail } = await endsOf(sql, sessionId)
      const start = from === 'head' ? head : from === 'tail' ? tail - 1 : from
      await sql.run(
        `INSERT INTO consumers (session, name, cursor, delivered, settings, is_paused, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT (session, name) DO NOTHING`,
        ...[sessionId, name, start, start, values.seal(null, ...placeOf(sessionId, name)), now(), now()],
      )
      await this.#change(sql, sessionId, name, { events, settings })
      return await this.#held(sql, sessionId, name)
    })
  }

  async get(sessionId: string, name: string): Promise<StoredConsumer | undefined> {
    const row = await this.#access.read(sql =>
      sql.get(`SELECT ${COLUMNS} FROM consumers WHERE session = ? AND name = ?`, sessionId, name),
    )
    return row && this.#opened(row)
  }

  /** Of one session, or of all. */
  async list(sessionId?: string): Promise<readonly StoredConsumer[]> {
    const rows = await this.#access.read(sql =>
      sessionId === undefined
        ? sql.all(`SELECT ${COLUMNS} FROM consumers ORDER BY session, name`)
        : sql.all(`SELECT ${COLUMNS} FROM consumers WHERE session = ? ORDER BY name`, sessionId),
    )
    return rows.map(row => this.#opened(row))
  }

  /** Changes what is given. @throws KurirError `consumer-not-found` (404) */
  async save(sessionId: string, name: string, change: ConsumerChange): Promise<StoredConsumer> {
    return await this.#access.write(async sql => {
      await this.#change(sql, sessionId, name, change)
      return await this.#held(sql, sessionId, name)
    })
  }

  /** Forgets the consumer, its place and its dead letters. @returns whether it was there */
  async delete(sessionId: string, name: string): Promise<boolean> {
    const sql = 'DELETE FROM consumers WHERE session = ? AND name = ?'
    return (await this.#access.write(each => each.run(sql, sessionId, name))) > 0
  }

  /**
   * What the consumer has not acknowledged, in order; without `after`, dead letters that are to be tried again come first.
   *
   * @throws KurirError `consumer-not-found` (404), `invalid-page` (400)
   */
  async pending(sessionId: string, name: string, { after, limit }: PendingOptions = {}): Promise<PendingPage> {
    const size = eventPageSize(limit)
    return await this.#access.read(async sql => {
      const row = await sql.get(`SELECT ${COLUMNS} FROM consumers WHERE session = ? AND name = ?`, sessionId, name)
      if (row === undefined) throw notFound(sessionId, name)
      const consumer = this.#opened(row)
      const ends = await endsOf(sql, sessionId)
      const from = Math.max(consumer.cursor, after ?? 0)
      const again = after === undefined ? await this.#again(sql, consumer, size) : []
      const fresh = await this.#unacknowledged(sql, consumer, from, size)
      const place = placeAfter(fresh, { after: from, size, ...ends })
      return { events: [...again, ...fresh], ...place }
    })
  }

  /** Notes that everything up to a cursor was handed out. Do it before it leaves: what comes again is then marked. */
  async delivered(sessionId: string, name: string, upTo: number): Promise<void> {
    await this.#access.write(sql =>
      sql.run(
        'UPDATE consumers SET delivered = ? WHERE session = ? AND name = ? AND delivered < ?',
        ...[upTo, sessionId, name, upTo],
      ),
    )
  }

  /** The events were handled. @throws KurirError `consumer-not-found` (404) */
  async acknowledge(sessionId: string, name: string, cursors: readonly number[]): Promise<StoredConsumer> {
    return await this.#access.write(async sql => {
      const consumer = await this.#held(sql, sessionId, name)
      await sql.run(
        `DELETE FROM dead_letters WHERE session = ? AND consumer = ? AND is_pending = 1 AND ${sql.dialect.isIn('cursor')}`,
        ...[sessionId, name, sql.dialect.list(cursors)],
      )
      await this.#settle(sql, consumer, cursors)
      return await this.#held(sql, sessionId, name)
    })
  }

  /**
   * The handling of an event failed. It comes again, with `attempts` counted, until it becomes a dead letter.
   *
   * @throws KurirError `consumer-not-found` (404)
   */
  async fail(
    sessionId: string,
    name: string,
    cursor: number,
    error: unknown,
    { maxAttempts }: FailOptions,
  ): Promise<FailedEvent> {
    return await this.#access.write(async sql => {
      const consumer = await this.#held(sql, sessionId, name)
      const again = await this.#failedAgain(sql, consumer, cursor, error, maxAttempts)
      if (again !== undefined) return again
      const row = await sql.get(
        `INSERT INTO consumer_events (session, consumer, cursor, is_done, attempts) VALUES (?, ?, ?, 0, 1)
         ON CONFLICT (session, consumer, cursor) DO UPDATE SET attempts = consumer_events.attempts + 1
         RETURNING attempts`,
        ...[sessionId, name, cursor],
      )
      const attempts = row === undefined ? 1 : integer(row, 'attempts')
      if (attempts < maxAttempts) return { attempts, isDead: false }
      await this.#bury(sql, consumer, cursor, attempts, error)
      await this.#settle(sql, consumer, [cursor])
      return { attempts, isDead: true }
    })
  }

  /** Keeps the event as it is in the log; one that retention has removed is gone. */
  async #bury(
    sql: SqlTransaction,
    consumer: StoredConsumer,
    cursor: number,
    attempts: number,
    error: unknown,
  ): Promise<void> {
    const { session, name } = consumer
    const row = await sql.get(
      `SELECT ${EVENT_COLUMNS} FROM events e WHERE e.session = ? AND e.cursor = ?`,
      session,
      cursor,
    )
    if (row === undefined) return
    await sql.run(
      `INSERT INTO dead_letters (session, consumer, cursor, event, chat, at, value, attempts, is_pending, error, died_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT (session, consumer, cursor) DO NOTHING`,
      ...[session, name, cursor, text(row, 'event'), maybeText(row, 'chat') ?? null, integer(row, 'at')],
      ...[bytes(row, 'value'), attempts, this.#sealedError(consumer, cursor, error), this.#context.now()],
    )
  }

  async #failedAgain(
    sql: SqlTransaction,
    consumer: StoredConsumer,
    cursor: number,
    error: unknown,
    maxAttempts: number,
  ): Promise<FailedEvent | undefined> {
    const key = [consumer.session, consumer.name, cursor] as const
    const row = await sql.get(
      `UPDATE dead_letters SET attempts = attempts + 1, error = ?, died_at = ?
       WHERE session = ? AND consumer = ? AND cursor = ? AND is_pending = 1 RETURNING attempts`,
      ...[this.#sealedError(consumer, cursor, error), this.#context.now(), ...key],
    )
    if (row === undefined) return undefined
    const attempts = integer(row, 'attempts')
    const isDead = attempts >= maxAttempts
    if (isDead) {
      await sql.run('UPDATE dead_letters SET is_pending = 0 WHERE session = ? AND consumer = ? AND cursor = ?', ...key)
    }
    return { attempts, isDead }
  }

  #sealedError({ session, name }: StoredConsumer, cursor: number, error: unknown): Buffer {
    return this.#context.values.seal(error, ...deadLetterPlace(session, name, cursor))
  }

  /** Takes events as done, and moves the cursor over everything that is. */
  async #settle(sql: SqlTransaction, consumer: StoredConsumer, cursors: readonly number[]): Promise<void> {
    const { session, name } = consumer
    const rows = await sql.all(
      'SELECT cursor FROM consumer_events WHERE session = ? AND consumer = ? AND is_done = 1',
      session,
      name,
    )
    const fresh = [...new Set(cursors)].filter(cursor => cursor > consumer.cursor)
    const done = new Set([...fresh, ...rows.map(row => integer(row, 'cursor'))])
    const cursor = await this.#firstOpen(sql, consumer, done)
    await sql.insertMany(
      'INSERT INTO consumer_events (session, consumer, cursor, is_done, attempts)',
      fresh.filter(each => each > cursor).map(each => [session, name, each, 1, 0]),
      'ON CONFLICT (session, consumer, cursor) DO UPDATE SET is_done = 1',
    )
    if (cursor === consumer.cursor) return
    await sql.run(
      'DELETE FROM consumer_events WHERE session = ? AND consumer = ? AND cursor <= ?',
      ...[session, name, cursor],
    )
    await sql.run(
      'UPDATE consumers SET cursor = ?, updated_at = ? WHERE session = ? AND name = ?',
      ...[cursor, this.#context.now(), session, name],
    )
  }

  /** The cursor before the first event that is for this consumer and not done; the head when there is none. */
  async #firstOpen(sql: Sql, consumer: StoredConsumer, done: ReadonlySet<number>): Promise<number> {
    const { head } = await endsOf(sql, consumer.session)
    for (let from = consumer.cursor; ; ) {
      const rows = await sql.all(
        `SELECT e.cursor FROM events e WHERE e.session = ? AND e.cursor > ?${nameFilter(sql, consumer)}
         ORDER BY e.cursor LIMIT ?`,
        ...[consumer.session, from, ...nameValues(sql, consumer), STEP],
      )
      for (const row of rows) {
        const cursor = integer(row, 'cursor')
        if (!done.has(cursor)) return cursor - 1
        from = cursor
      }
      if (rows.length < STEP) return Math.max(head, from)
    }
  }

  async #unacknowledged(sql: Sql, consumer: StoredConsumer, from: number, size: number): Promise<PendingEvent[]> {
    const rows = await sql.all(
      `SELECT ${EVENT_COLUMNS}, coalesce(c.attempts, 0) AS attempts FROM events e
       LEFT JOIN consumer_events c ON c.session = e.session AND c.consumer = ? AND c.cursor = e.cursor
       WHERE e.session = ? AND e.cursor > ? AND coalesce(c.is_done, 0) = 0${nameFilter(sql, consumer)}
       ORDER BY e.cursor LIMIT ?`,
      ...[consumer.name, consumer.session, from, ...nameValues(sql, consumer), size],
    )
    return rows.map(row => this.#pendingEvent(consumer, row))
  }

  async #again(sql: Sql, consumer: StoredConsumer, size: number): Promise<PendingEvent[]> {
    const rows = await sql.all(
      `SELECT ${EVENT_COLUMNS}, e.attempts FROM dead_letters e
       WHERE e.session = ? AND e.consumer = ? AND e.is_pending = 1 ORDER BY e.cursor LIMIT ?`,
      ...[consumer.session, consumer.name, size],
    )
    return rows.map(row => ({ ...this.#pendingEvent(consumer, row), isRedelivered: true }))
  }

  #pendingEvent(consumer: StoredConsumer, row: SqlRow): PendingEvent {
    const event = storedEvent(this.#context.values, consumer.session, row)
    const attempts = integer(row, 'attempts')
    return { ...event, attempts, isRedelivered: attempts > 0 || event.cursor <= consumer.delivered }
  }

  async #change(
    sql: SqlTransaction,
    session: string,
    name: string,
    { events, settings, isPaused }: ConsumerChange,
  ): Promise<void> {
    const { values, now } = this.#context
    const sealed = settings === undefined ? null : values.seal(settings, ...placeOf(session, name))
    await sql.run(
      `UPDATE consumers SET events = coalesce(?, events), settings = coalesce(?, settings),
         is_paused = coalesce(?, is_paused), updated_at = ? WHERE session = ? AND name = ?`,
      ...[
        events === undefined ? null : JSON.stringify(events),
        sealed,
        isPaused === undefined ? null : Number(isPaused),
      ],
      ...[now(), session, name],
    )
  }

  /** The consumer, held until the end of the transaction. */
  async #held(sql: SqlTransaction, session: string, name: string): Promise<StoredConsumer> {
    const row = await sql.get(
      `SELECT ${COLUMNS} FROM consumers WHERE session = ? AND name = ?${sql.dialect.forUpdate}`,
      session,
      name,
    )
    if (row === undefined) throw notFound(session, name)
    return this.#opened(row)
  }

  #opened(row: SqlRow): StoredConsumer {
    const [session, name] = [text(row, 'session'), text(row, 'name')]
    const names = maybeText(row, 'events')
    return {
      session,
      name,
      cursor: integer(row, 'cursor'),
      delivered: integer(row, 'delivered'),
      events: names === undefined ? undefined : (JSON.parse(names) as readonly string[]),
      settings: this.#context.values.open(bytes(row, 'settings'), ...placeOf(session, name)),
      isPaused: flag(row, 'is_paused'),
      createdAt: integer(row, 'created_at'),
      updatedAt: integer(row, 'updated_at'),
    }
  }
}

const placeOf = (session: string, name: string) => ['consumer', session, name] as const

export const deadLetterPlace = (session: string, consumer: string, cursor: number) =>
  ['dead letter', session, consumer, cursor] as const

const nameFilter = (sql: Sql, { events }: StoredConsumer): string =>
  events === undefined ? '' : ` AND ${sql.dialect.isIn('e.event')}`

const nameValues = (sql: Sql, { events }: StoredConsumer): SqlValue[] =>
  events === undefined ? [] : [sql.dialect.list(events)]

function notFound(session: string, consumer: string): KurirError {
  return new KurirError('consumer-not-found', `Session ${session} has no consumer ${consumer}: open it first`, {
    statusCode: 404,
    data: { session, consumer },
  })
}
