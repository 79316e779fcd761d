import { randomUUID } from 'node:crypto'
import { generateMessageIDV2, KurirError } from 'kurir'
import type { SqlAccess } from '../sql/access.js'
import { Conditions, decodeNumberPlace, encodePlace, pageSize } from '../sql/paging.js'
import { bytes, integer, maybeBytes, text } from '../sql/rows.js'
import type { Sql, SqlRow } from '../sql/sql.js'
import type { StoreContext } from '../store-context.js'
import { encodeValue } from '../values/value-codec.js'

/** How far a message has come. The last four are final, except that a sent one goes on to delivered, read and played. */
export type OutboxStatus = 'queued' | 'sending' | 'sent' | 'delivered' | 'read' | 'played' | 'failed' | 'cancelled'

/** A message that a program has asked to send. */
export interface OutboxJob {
  readonly id: string
  readonly session: string
  readonly chat: string
  /** What to send, and how; the program's own. Encrypted. */
  readonly content: unknown
  readonly status: OutboxStatus
  /** Chosen when the job was made: pass it to `sendMessage`, and a repeated attempt is the same message. */
  readonly messageId: string
  /** Unix milliseconds: not before this time. */
  readonly sendAt: number
  /** How often it was claimed. */
  readonly attempts: number
  /** Why the last attempt failed. */
  readonly error: unknown
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
}

export interface NewOutboxJob {
  readonly chat: string
  readonly content: unknown
  /** The same key makes one job, however often it is asked for. */
  readonly idempotencyKey?: string | undefined
  /** Unix milliseconds; at once by default. */
  readonly sendAt?: number | undefined
}

export interface ClaimOptions {
  readonly limit: number
  /** A job that is neither sent nor given back within this time is claimed again. */
  readonly leaseMs: number
}

export interface OutboxFilter {
  readonly status?: OutboxStatus
  readonly chat?: string
  /** `next` of the page before. */
  readonly before?: string
  /** 50 by default, 1000 at most. */
  readonly limit?: number
}

/** Newest first; `next` is absent on the last page. */
export interface OutboxPage {
  readonly jobs: readonly OutboxJob[]
  readonly next?: string
}

const COLUMNS =
  'number, id, session, chat, message_id, status, send_at, leased_until, attempts, error, value, created_at, updated_at'
/** A message only ever comes further. */
const PROGRESS: readonly OutboxStatus[] = ['queued', 'sending', 'sent', 'delivered', 'read', 'played']

/**
 * Messages that wait to be sent, and what became of them. What was asked for is sent once, also by the next process: the
 * id of the message is chosen here, and the network knows a message by it.
 */
export class Outbox {
  readonly #access: SqlAccess
  readonly #context: StoreContext

  constructor(access: SqlAccess, context: StoreContext) {
    this.#access = access
    this.#context = context
  }

  /**
   * Keeps a message that is to be sent. With an idempotency key that is known, the job that it made is answered.
   *
   * @throws KurirError `idempotency-conflict` (409): the key was used for something else; `session-not-found` (404)
   */
  async enqueue(sessionId: string, job: NewOutboxJob): Promise<{ readonly job: OutboxJob; readonly isNew: boolean }> {
    const { values, now } = this.#context
    const { chat, content, idempotencyKey = null, sendAt = now() } = job
    const id = randomUUID()
    return await this.#access.write(async sql => {
      const made = await sql.run(
        `INSERT INTO outbox (id, session, idempotency_key, chat, message_id, status, send_at, leased_until,
           attempts, value, created_at, updated_at) VALUES (?, ?, ?, ?, ?, 'queued', ?, 0, 0, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
        ...[id, sessionId, idempotencyKey, chat, generateMessageIDV2()],
        ...[sendAt, values.seal(content, 'outbox', id), now(), now()],
      )
      const row =
        made > 0 || idempotencyKey === null
          ? await sql.get(`SELECT ${COLUMNS} FROM outbox WHERE id = ?`, id)
          : await sql.get(
              `SELECT ${COLUMNS} FROM outbox WHERE session = ? AND idempotency_key = ?`,
              sessionId,
              idempotencyKey,
            )
      if (row === undefined)
        throw new KurirError('store-damaged', 'A message that was queued is gone', { data: { id } })
      const kept = this.#opened(row)
      if (made === 0 && !isSameValue([kept.chat, kept.content], [chat, content])) throw conflict(kept.id)
      return { job: kept, isNew: made > 0 }
    })
  }

  /**
   * Takes jobs that are due, the oldest of each chat: so the messages of a chat leave in order. A job stays taken until it
   * is sent, given back or failed, or its lease runs out.
   */
  async claim(sessionId: string, { limit, leaseMs }: ClaimOptions): Promise<readonly OutboxJob[]> {
    const now = this.#context.now()
    return await this.#access.write(async sql => {
      const rows = await sql.all(
        `SELECT ${COLUMNS} FROM outbox o WHERE o.session = ? AND o.status IN ('queued', 'sending') AND o.send_at <= ?
           AND o.leased_until <= ? AND NOT EXISTS (
             SELECT 1 FROM outbox p WHERE p.session = o.session AND p.chat = o.chat AND p.number <> o.number
               AND p.status IN ('queued', 'sending') AND (p.leased_until > ? OR (p.send_at <= ? AND p.number < o.number)))
         ORDER BY o.number LIMIT ?${sql.dialect.forUpdate}`,
        ...[sessionId, now, now, now, now, limit],
      )
      const numbers = rows.map(row => integer(row, 'number'))
      await sql.run(
        `UPDATE outbox SET status = 'sending', leased_until = ?, attempts = attempts + 1, updated_at = ?
         WHERE ${sql.dialect.isIn('number')}`,
        ...[now + leaseMs, now, sql.dialect.list(numbers)],
      )
      return rows.map(row => ({
        ...this.#opened(row),
        status: 'sending',
        attempts: integer(row, 'attempts') + 1,
        updatedAt: now,
      }))
    })
  }

  /** The message has left. */
  async sent(id: string): Promise<void> {
    await this.#access.write(sql =>
      sql.run(
        "UPDATE outbox SET status = 'sent', leased_until = 0, error = NULL, updated_at = ? WHERE id = ? AND status = 'sending'",
        ...[this.#context.now(), id],
      ),
    )
  }

  /** The attempt failed: another one is due at a time (unix milliseconds). */
  async retry(id: string, { at, error }: { readonly at: number; readonly error: unknown }): Promise<void> {
    await this.#access.write(sql =>
      sql.run(
        `UPDATE outbox SET status = 'queued', leased_until = 0, send_at = ?, error = ?, updated_at = ?
         WHERE id = ? AND status = 'sending'`,
        ...[at, this.#sealedError(id, error), this.#context.now(), id],
      ),
    )
  }

  /** It will not be sent. */
  async fail(id: string, error: unknown): Promise<void> {
    await this.#access.write(sql =>
      sql.run(
        `UPDATE outbox SET status = 'failed', leased_until = 0, error = ?, updated_at = ?
         WHERE id = ? AND status IN ('queued', 'sending')`,
        ...[this.#sealedError(id, error), this.#context.now(), id],
      ),
    )
  }

  /** @returns false when it is too late: it is being sent, or was */
  async cancel(id: string): Promise<boolean> {
    const changed = await this.#access.write(sql =>
      sql.run(
        "UPDATE outbox SET status = 'cancelled', updated_at = ? WHERE id = ? AND status = 'queued'",
        ...[this.#context.now(), id],
      ),
    )
    return changed > 0
  }

  /**
   * What the network says of a message that was sent. A message never goes back: read stays read.
   *
   * @returns whether it is a job's message, and the status news
   */
  async status(
    sessionId: string,
    messageId: string,
    status: Extract<OutboxStatus, 'sent' | 'delivered' | 'read' | 'played' | 'failed'>,
  ): Promise<boolean> {
    const earlier = status === 'failed' ? ['sending', 'sent'] : PROGRESS.slice(1, PROGRESS.indexOf(status))
    const changed = await this.#access.write(sql =>
      sql.run(
        `UPDATE outbox SET status = ?, leased_until = 0, updated_at = ?
         WHERE session = ? AND message_id = ? AND ${sql.dialect.isIn('status')}`,
        ...[status, this.#context.now(), sessionId, messageId, sql.dialect.list(earlier)],
      ),
    )
    return changed > 0
  }

  async get(id: string): Promise<OutboxJob | undefined> {
    const row = await this.#access.read(sql => sql.get(`SELECT ${COLUMNS} FROM outbox WHERE id = ?`, id))
    return row && this.#opened(row)
  }

  /** @throws KurirError `invalid-page` (400) */
  async find(sessionId: string, { status, chat, before, limit }: OutboxFilter = {}): Promise<OutboxPage> {
    const size = pageSize(limit)
    const conditions = new Conditions()
      .add('session = ?', sessionId)
      .add('status = ?', status)
      .add('chat = ?', chat)
      .add('number < ?', before === undefined ? undefined : decodeNumberPlace(before))
    const rows = await this.#access.read(sql =>
      sql.all(
        `SELECT ${COLUMNS} FROM outbox WHERE ${conditions.text} ORDER BY number DESC LIMIT ?`,
        ...conditions.values,
        size + 1,
      ),
    )
    const shown = rows.slice(0, size)
    const jobs = shown.map(row => this.#opened(row))
    const last = shown.at(-1)
    if (last === undefined || rows.length <= size) return { jobs }
    return { jobs, next: encodePlace(integer(last, 'number')) }
  }

  /** When the next job is due, in unix milliseconds; undefined when none waits. */
  async nextDue(sessionId: string): Promise<number | undefined> {
    return await this.#access.read(sql => nextDue(sql, sessionId))
  }

  #sealedError(id: string, error: unknown): Buffer {
    return this.#context.values.seal(error, 'outbox error', id)
  }

  #opened(row: SqlRow): OutboxJob {
    const { values } = this.#context
    const id = text(row, 'id')
    const error = maybeBytes(row, 'error')
    return {
      id,
      session: text(row, 'session'),
      chat: text(row, 'chat'),
      content: values.open(bytes(row, 'value'), 'outbox', id),
      status: text(row, 'status') as OutboxStatus,
      messageId: text(row, 'message_id'),
      sendAt: integer(row, 'send_at'),
      attempts: integer(row, 'attempts'),
      error: error && values.open(error, 'outbox error', id),
      createdAt: integer(row, 'created_at'),
      updatedAt: integer(row, 'updated_at'),
    }
  }
}

/** As the store keeps them. */
const isSameValue = (left: unknown, right: unknown): boolean => encodeValue(left).equals(encodeValue(right))

async function nextDue(sql: Sql, sessionId: string): Promise<number | undefined> {
  const row = await sql.get(
    `SELECT min(CASE WHEN leased_until > send_at THEN leased_until ELSE send_at END) AS due FROM outbox
     WHERE session = ? AND status IN ('queued', 'sending')`,
    sessionId,
  )
  const due = row?.['due']
  return typeof due === 'number' ? due : undefined
}

function conflict(id: string): KurirError {
  return new KurirError('idempotency-conflict', 'The idempotency key was used for another message', {
    statusCode: 409,
    data: { id },
  })
}
