import type { SqlAccess } from '../sql/access.js'
import { text } from '../sql/rows.js'
import type { SqlValue } from '../sql/sql.js'

export interface AgeAndSize {
  /** Milliseconds. */
  readonly maxAgeMs?: number
  /** Bytes as they are stored, for each session. */
  readonly maxBytes?: number
}

/** What may go. What is left out stays. */
export interface RetentionPolicy {
  /** By the time of sending; by size the oldest go. */
  readonly messages?: AgeAndSize
  /** By age only what every consumer has acknowledged; by size the oldest, acknowledged or not. */
  readonly events?: AgeAndSize
  /** Messages that need nothing more: sent, failed or cancelled. */
  readonly outbox?: Pick<AgeAndSize, 'maxAgeMs'>
  readonly deadLetters?: Pick<AgeAndSize, 'maxAgeMs'>
}

/** How many rows have gone. */
export interface RetentionReport {
  readonly messages: number
  readonly events: number
  readonly outbox: number
  readonly deadLetters: number
}

/** Rows that go in one transaction: others are not kept waiting. */
const STEP = 2000

/** Removes what a policy lets go, in small transactions. */
export async function applyRetention(
  access: SqlAccess,
  policy: RetentionPolicy,
  now: number,
  sessionId?: string,
): Promise<RetentionReport> {
  const report = { messages: 0, events: 0, outbox: 0, deadLetters: 0 }
  for (const session of sessionId === undefined ? await sessionsOf(access) : [sessionId]) {
    const removal = new Removal(access, session, now)
    report.messages += await removal.messages(policy.messages ?? {})
    report.events += await removal.events(policy.events ?? {})
    report.outbox += await removal.outbox(policy.outbox?.maxAgeMs)
    report.deadLetters += await removal.deadLetters(policy.deadLetters?.maxAgeMs)
  }
  return report
}

async function sessionsOf(access: SqlAccess): Promise<string[]> {
  const rows = await access.read(sql => sql.all('SELECT id FROM sessions ORDER BY id'))
  return rows.map(row => text(row, 'id'))
}

/** Removals of one session. */
class Removal {
  readonly #access: SqlAccess
  readonly #session: string
  readonly #now: number

  constructor(access: SqlAccess, session: string, now: number) {
    this.#access = access
    this.#session = session
    this.#now = now
  }

  async messages({ maxAgeMs, maxBytes }: AgeAndSize): Promise<number> {
    const select = 'SELECT number FROM messages WHERE session = ?'
    const byAge = await this.#older('messages', 'number', `${select} AND sent_at < ?`, maxAgeMs)
    if (maxBytes === undefined) return byAge
    const summed = `SELECT number, sum(size) OVER (ORDER BY sent_at DESC, number DESC) AS total
      FROM messages WHERE session = ?`
    const bySize = `SELECT number FROM (${summed}) AS summed WHERE total > ?`
    return byAge + (await this.#remove('messages', 'number', bySize, [this.#session, maxBytes]))
  }

  async events({ maxAgeMs, maxBytes }: AgeAndSize): Promise<number> {
    // Cursors are numbers of one session: what is removed has to name it again.
    const table = 'events'
    const acknowledged = `cursor <= coalesce((SELECT min(c.cursor) FROM consumers c WHERE c.session = events.session),
      (SELECT head FROM event_heads h WHERE h.session = events.session))`
    const old = `SELECT cursor FROM events WHERE session = ? AND at < ? AND ${acknowledged}`
    const byAge = await this.#older(table, 'cursor', old, maxAgeMs)
    if (maxBytes === undefined) return byAge
    const summed = 'SELECT cursor, sum(size) OVER (ORDER BY cursor DESC) AS total FROM events WHERE session = ?'
    const bySize = `SELECT cursor FROM (${summed}) AS summed WHERE total > ?`
    return byAge + (await this.#remove(table, 'cursor', bySize, [this.#session, maxBytes]))
  }

  async outbox(maxAgeMs: number | undefined): Promise<number> {
    const select =
      "SELECT number FROM outbox WHERE session = ? AND updated_at < ? AND status NOT IN ('queued', 'sending')"
    return await this.#older('outbox', 'number', select, maxAgeMs)
  }

  async deadLetters(maxAgeMs: number | undefined): Promise<number> {
    const select = 'SELECT id FROM dead_letters WHERE session = ? AND died_at < ? AND is_pending = 0'
    return await this.#older('dead_letters', 'id', select, maxAgeMs)
  }

  async #older(table: string, column: string, select: string, maxAgeMs: number | undefined): Promise<number> {
    if (maxAgeMs === undefined) return 0
    return await this.#remove(table, column, select, [this.#session, this.#now - maxAgeMs])
  }

  async #remove(table: string, column: string, select: string, values: readonly SqlValue[]): Promise<number> {
    const statement = `DELETE FROM ${table} WHERE session = ? AND ${column} IN (${select} LIMIT ${STEP})`
    for (let total = 0; ; ) {
      const removed = await this.#access.write(sql => sql.run(statement, this.#session, ...values))
      total += removed
      if (removed < STEP) return total
    }
  }
}
