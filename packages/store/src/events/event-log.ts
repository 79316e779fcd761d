import type { SqlAccess } from '../sql/access.js'
import { eventPageSize } from '../sql/paging.js'
import { integer, text } from '../sql/rows.js'
import type { Sql, SqlTransaction } from '../sql/sql.js'
import type { StoreContext } from '../store-context.js'
import type { AppendSignals } from './append-signals.js'
import { EVENT_COLUMNS, eventPlace, type StoredEvent, storedEvent } from './event-rows.js'

/** An event to append. */
export interface NewEvent {
  readonly event: string
  readonly payload: unknown
  readonly chat?: string | undefined
  /** What is appended a second time under the same key is not appended again, as long as the log has the first one. */
  readonly key?: string | undefined
}

export interface AppendedEvent {
  readonly cursor: number
  /** False when its key was there already. */
  readonly isNew: boolean
}

export interface ReadOptions {
  /** The first event is the one behind this cursor; 0, the beginning, by default. */
  readonly after?: number
  /** 500 by default, 5000 at most. */
  readonly limit?: number
  /** Only events of these names. */
  readonly events?: readonly string[]
}

export interface EventPage {
  readonly events: readonly StoredEvent[]
  /** Read on behind this cursor. Beyond the last event where others were left out. */
  readonly next: number
  /** The newest cursor. */
  readonly head: number
  /** Retention has removed events behind `after`: the reader has missed them. */
  readonly isTruncated: boolean
}

export interface FollowOptions extends Pick<ReadOptions, 'after' | 'events'> {
  readonly signal?: AbortSignal
  /** Events read at once; 500 by default. */
  readonly limit?: number
  /** How often to look for what other processes have appended; 1000 ms by default. */
  readonly pollMs?: number
}

/**
 * Everything that happened in a session, in order. Cursors count 1, 2, 3 … without gaps, in the order of commit: a reader
 * that goes on behind the last cursor it has seen misses nothing.
 */
export class EventLog {
  readonly #access: SqlAccess
  readonly #context: StoreContext
  readonly #signals: AppendSignals

  constructor(access: SqlAccess, context: StoreContext, signals: AppendSignals) {
    this.#access = access
    this.#context = context
    this.#signals = signals
  }

  /** All of them, or none. @throws KurirError `session-not-found` (404), `invalid-store-value` (400) */
  async append(sessionId: string, events: readonly NewEvent[]): Promise<readonly AppendedEvent[]> {
    if (events.length === 0) return []
    return await this.#access.write(async sql => {
      const before = await holdHead(sql, sessionId)
      const known = await knownKeys(sql, sessionId, events)
      const fresh: { readonly cursor: number; readonly event: NewEvent }[] = []
      let head = before
      const appended = events.map((event): AppendedEvent => {
        const earlier = event.key === undefined ? undefined : known.get(event.key)
        if (earlier !== undefined) return { cursor: earlier, isNew: false }
        head += 1
        if (event.key !== undefined) known.set(event.key, head)
        fresh.push({ cursor: head, event })
        return { cursor: head, isNew: true }
      })
      if (head === before) return appended
      await this.#insert(sql, sessionId, fresh)
      await sql.run('UPDATE event_heads SET head = ? WHERE session = ?', head, sessionId)
      sql.afterCommit(() => this.#signals.tell(sessionId, head))
      return appended
    })
  }

  /** @throws KurirError `invalid-page` (400) */
  async read(sessionId: string, { after = 0, limit, events }: ReadOptions = {}): Promise<EventPage> {
    const size = eventPageSize(limit)
    return await this.#access.read(async sql => {
      const { head, tail } = await endsOf(sql, sessionId)
      const named = events === undefined ? '' : ` AND ${sql.dialect.isIn('e.event')}`
      const rows = await sql.all(
        `SELECT ${EVENT_COLUMNS} FROM events e WHERE e.session = ? AND e.cursor > ?${named} ORDER BY e.cursor LIMIT ?`,
        ...[sessionId, after, ...(events === undefined ? [] : [sql.dialect.list(events)]), size],
      )
      const found = rows.map(row => storedEvent(this.#context.values, sessionId, row))
      return { events: found, ...placeAfter(found, { after, size, head, tail }) }
    })
  }

  /** The newest cursor; 0 when there has been none. */
  async head(sessionId: string): Promise<number> {
    return (await this.#access.read(sql => endsOf(sql, sessionId))).head
  }

  /** The oldest cursor that is still there; one more than the newest when there is none. */
  async tail(sessionId: string): Promise<number> {
    return (await this.#access.read(sql => endsOf(sql, sessionId))).tail
  }

  /** Calls the listener after each commit of this process that appended to the session. @returns what ends it */
  onAppend(sessionId: string, listener: (head: number) => void): () => void {
    return this.#signals.on(sessionId, listener)
  }

  /** Events as they come, until `signal` is aborted; then it ends without an error. */
  async *follow(sessionId: string, options: FollowOptions = {}): AsyncGenerator<StoredEvent, void> {
    const { signal, events, limit, pollMs = 1000 } = options
    let after = options.after ?? 0
    while (!signal?.aborted) {
      const waiting = this.#nextAppend(sessionId, pollMs, signal)
      try {
        const page = await this.read(sessionId, { after, ...(limit && { limit }), ...(events && { events }) })
        for (const event of page.events) {
          if (signal?.aborted) return
          yield event
        }
        const isCaughtUp = page.next >= page.head
        after = page.next
        if (isCaughtUp) await waiting.arrived
      } finally {
        waiting.end()
      }
    }
  }

  #nextAppend(sessionId: string, pollMs: number, signal: AbortSignal | undefined) {
    let wake: () => void = () => {}
    const arrived = new Promise<void>(resolve => {
      wake = resolve
    })
    const stop = this.onAppend(sessionId, wake)
    const timer = setTimeout(wake, pollMs)
    signal?.addEventListener('abort', wake)
    const end = () => {
      stop()
      clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
    }
    return { arrived, end }
  }

  async #insert(
    sql: SqlTransaction,
    session: string,
    events: readonly { readonly cursor: number; readonly event: NewEvent }[],
  ): Promise<void> {
    const { values, now } = this.#context
    const at = now()
    await sql.insertMany(
      'INSERT INTO events (session, cursor, event, chat, dedupe, at, size, value)',
      events.map(({ cursor, event: { event, chat = null, key = null, payload } }) => {
        const value = values.seal(payload, ...eventPlace(session, cursor))
        return [session, cursor, event, chat, key, at, value.byteLength, value]
      }),
    )
  }
}

/** The newest cursor, held until the end of the transaction: appends to one session come one after another. */
async function holdHead(sql: SqlTransaction, sessionId: string): Promise<number> {
  const row = await sql.get(
    `INSERT INTO event_heads (session, head) VALUES (?, 0)
     ON CONFLICT (session) DO UPDATE SET head = event_heads.head RETURNING head`,
    sessionId,
  )
  return row === undefined ? 0 : integer(row, 'head')
}

async function knownKeys(sql: Sql, sessionId: string, events: readonly NewEvent[]): Promise<Map<string, number>> {
  const keys = events.flatMap(({ key }) => key ?? [])
  if (keys.length === 0) return new Map()
  const rows = await sql.all(
    `SELECT dedupe, cursor FROM events WHERE session = ? AND dedupe IS NOT NULL AND ${sql.dialect.isIn('dedupe')}`,
    sessionId,
    sql.dialect.list(keys),
  )
  return new Map(rows.map(row => [text(row, 'dedupe'), integer(row, 'cursor')]))
}

export interface LogEnds {
  readonly head: number
  readonly tail: number
}

export async function endsOf(sql: Sql, sessionId: string): Promise<LogEnds> {
  const row = await sql.get(
    `SELECT coalesce((SELECT head FROM event_heads WHERE session = ?), 0) AS head,
       (SELECT min(cursor) FROM events WHERE session = ?) AS tail`,
    sessionId,
    sessionId,
  )
  const head = row === undefined ? 0 : integer(row, 'head')
  const tail = row?.['tail']
  return { head, tail: typeof tail === 'number' ? tail : head + 1 }
}

/** What a page of events says besides the events. The ends were read before the events. */
export function placeAfter(
  found: readonly StoredEvent[],
  { after, size, head, tail }: LogEnds & { readonly after: number; readonly size: number },
): Omit<EventPage, 'events'> {
  const last = found.at(-1)?.cursor ?? after
  const next = found.length === size ? last : Math.max(last, head)
  return { next, head: Math.max(head, last), isTruncated: after + 1 < tail }
}
