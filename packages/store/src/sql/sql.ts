/** What a statement takes. Lists are for {@link Dialect.isIn} only. */
export type SqlValue = string | number | null | Uint8Array | readonly string[] | readonly number[]

export type SqlRow = Readonly<Record<string, unknown>>

/**
 * What the two databases say differently. Everything else is one text for both: parameters are written `?`, names are
 * lower case, flags are 0 and 1, times are unix milliseconds unless they say otherwise.
 */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres'
  /** Condition `column IN (…)` with one parameter, made by {@link list}. */
  isIn(column: string): string
  list(values: readonly string[] | readonly number[]): SqlValue
  /** Added to a SELECT whose rows are about to be changed by this transaction. */
  readonly forUpdate: string
}

/** Runs statements, one after another. */
export interface Sql {
  readonly dialect: Dialect
  all(text: string, ...values: SqlValue[]): Promise<readonly SqlRow[]>
  /** The first row. */
  get(text: string, ...values: SqlValue[]): Promise<SqlRow | undefined>
  /** Number of rows that were changed. */
  run(text: string, ...values: SqlValue[]): Promise<number>
  /**
   * `head VALUES (…), (…) tail`, with as few round trips as the database takes. Rows have the same number of values; no
   * two of them may meet the same unique index when the tail is `ON CONFLICT … DO UPDATE`.
   */
  insertMany(head: string, rows: readonly (readonly SqlValue[])[], tail?: string): Promise<void>
}

/** Statements that are committed together. */
export interface SqlTransaction extends Sql {
  /** Called when the transaction has been committed; never when it has not. */
  afterCommit(action: () => void): void
}

export interface SqlDatabase {
  readonly dialect: Dialect
  /** Reads what is committed. */
  read<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  /**
   * Runs `work` and commits what it did, or rolls it back when it throws. Durable when it resolves. `work` waits for
   * nothing but its own statements: others may be waiting behind it.
   *
   * @throws KurirError `store-transaction-timeout` (408) after {@link TRANSACTION_LIMIT_MS}, `store-busy`,
   *   `store-unavailable`, `store-closed`
   */
  transaction<T>(work: (sql: SqlTransaction) => Promise<T>): Promise<T>
  /** Takes the sole use of something, named by a text, until it is given back or the process ends. */
  lock(name: string): Promise<SqlLock | undefined>
  /** Waits for what has begun, then gives everything back. */
  close(): Promise<void>
}

/** The sole use of something by this process. */
export interface SqlLock {
  /** Called when the database has taken the lock away, because the connection that held it is gone. */
  onLost(action: () => void): void
  release(): Promise<void>
}

/** A transaction that is still open after this time is rolled back. */
export const TRANSACTION_LIMIT_MS = 30_000

/** Neither database keeps a zero character in a text. */
export const withoutZeros = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text)
