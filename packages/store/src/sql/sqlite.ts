import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite'
import { boundedWork } from './bounded-work.js'
import { storeClosed, storeError } from './database-errors.js'
import {
  type Dialect,
  type Sql,
  type SqlDatabase,
  type SqlLock,
  type SqlRow,
  type SqlTransaction,
  type SqlValue,
  withoutZeros,
} from './sql.js'
import { SqliteLocks } from './sqlite-locks.js'

/** What a committed transaction survives; see `useMultiFileAuthState`. */
export type Durability = 'power-loss' | 'process-crash'

export interface SqliteOptions {
  readonly file: string
  readonly durability: Durability
}

/** How long another process may keep the file before a transaction fails. It blocks the event loop: keep it short. */
const BUSY_TIMEOUT_MS = 2000
/** Transactions that share a commit. */
const GROUP_LIMIT = 200
const STATEMENT_LIMIT = 200
/** The log of changes is cut back to this size. */
const WAL_LIMIT = 67_108_864
const LARGEST_INT32 = 0x7fff_ffff

const dialect: Dialect = {
  name: 'sqlite',
  isIn: column => `${column} IN (SELECT value FROM json_each(?))`,
  list: values => JSON.stringify(values.map(value => (typeof value === 'string' ? withoutZeros(value) : value))),
  forUpdate: '',
}

/** @throws KurirError `store-unavailable`, `store-damaged` */
export async function openSqlite(options: SqliteOptions): Promise<SqlDatabase> {
  try {
    return new SqliteDatabase(options)
  } catch (error) {
    throw storeError(error)
  }
}

interface Job {
  run(connection: Connection): Promise<void>
  /** After the commit, or with the error that prevented it. */
  settle(error: unknown): void
  /** Its own error: the others of the group are not concerned. */
  failure: { readonly error: unknown } | undefined
}

/**
 * A file in WAL mode: one connection writes, another one reads what is committed and never waits. Transactions run one
 * after another; those that are waiting when the file is free share one commit, so that the disk is waited for once.
 */
class SqliteDatabase implements SqlDatabase {
  readonly dialect = dialect
  readonly #writer: Connection
  readonly #reader: Connection
  readonly #locks: SqliteLocks
  #waiting: Job[] = []
  #running: Promise<void> | undefined
  #isClosed = false

  constructor({ file, durability }: SqliteOptions) {
    const synchronous = durability === 'power-loss' ? 'FULL' : 'NORMAL'
    this.#writer = new Connection(file)
    this.#writer.execute('PRAGMA journal_mode = WAL')
    this.#writer.execute(`PRAGMA synchronous = ${synchronous}; PRAGMA fullfsync = ON`)
    this.#writer.execute(`PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = ${WAL_LIMIT}`)
    this.#reader = new Connection(file)
    this.#reader.execute('PRAGMA query_only = ON')
    this.#locks = new SqliteLocks(file)
  }

  async read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw storeClosed()
    try {
      return await work(this.#reader)
    } catch (error) {
      throw storeError(error)
    }
  }

  async transaction<T>(work: (sql: SqlTransaction) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw storeClosed()
    return await new Promise<T>((resolve, reject) => {
      let result: { readonly value: T } | undefined
      const afterwards: (() => void)[] = []
      const job: Job = {
        failure: undefined,
        run: async connection => {
          const bounds = boundedWork()
          const sql = new Transaction(connection, bounds.check, afterwards)
          result = { value: await bounds.run(() => work(sql)) }
        },
        settle: error => {
          if (result === undefined || error !== undefined) return reject(error)
          for (const action of afterwards) action()
          resolve(result.value)
        },
      }
      this.#waiting.push(job)
      this.#running ??= this.#runAll()
    })
  }

  lock(name: string): Promise<SqlLock | undefined> {
    return this.#locks.take(name)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    while (this.#running !== undefined) await this.#running
    this.#locks.close()
    this.#reader.close()
    this.#writer.close()
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      // What this turn of the event loop still brings shares the commit.
      await new Promise(resolve => setImmediate(resolve))
      await this.#runGroup(this.#waiting.splice(0, GROUP_LIMIT))
    }
    this.#running = undefined
  }

  /** Runs the jobs in one transaction. A job that fails is undone alone. */
  async #runGroup(group: readonly Job[]): Promise<void> {
    let trouble: unknown
    try {
      this.#writer.execute('BEGIN IMMEDIATE')
      for (const job of group) await this.#runOne(job)
      this.#writer.execute('COMMIT')
    } catch (error) {
      trouble = storeError(error)
      this.#rollBack()
    }
    for (const job of group) job.settle(job.failure === undefined ? trouble : job.failure.error)
  }

  #rollBack(): void {
    try {
      if (this.#writer.isInTransaction) this.#writer.execute('ROLLBACK')
    } catch {
      // The error that led here tells more; without a transaction there is nothing to roll back.
    }
  }

  /** @throws when the whole group is lost */
  async #runOne(job: Job): Promise<void> {
    this.#writer.execute('SAVEPOINT job')
    try {
      await job.run(this.#writer)
    } catch (error) {
      job.failure = { error: storeError(error) }
      // A full disk rolls everything back by itself.
      if (!this.#writer.isInTransaction) throw error
      this.#writer.execute('ROLLBACK TO job')
    }
    this.#writer.execute('RELEASE job')
  }
}

/** One connection, with the statements that it has prepared. */
class Connection implements Sql {
  readonly dialect = dialect
  readonly #database: DatabaseSyncInstance
  readonly #statements = new Map<string, StatementSyncInstance>()

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
  }

  get isInTransaction(): boolean {
    return this.#database.isTransaction
  }

  execute(text: string): void {
    this.#database.exec(text)
  }

  async all(text: string, ...values: SqlValue[]): Promise<readonly SqlRow[]> {
    return this.#prepared(text).all(...values.map(bound)) as SqlRow[]
  }

  async get(text: string, ...values: SqlValue[]): Promise<SqlRow | undefined> {
    return this.#prepared(text).get(...values.map(bound)) as SqlRow | undefined
  }

  async run(text: string, ...values: SqlValue[]): Promise<number> {
    return Number(this.#prepared(text).run(...values.map(bound)).changes)
  }

  async insertMany(head: string, rows: readonly (readonly SqlValue[])[], tail = ''): Promise<void> {
    const [first] = rows
    if (first === undefined) return
    const statement = this.#prepared(`${head} VALUES (${first.map(() => '?').join(', ')}) ${tail}`)
    for (const row of rows) statement.run(...row.map(bound))
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  /** Least recently used statements go. */
  #prepared(text: string): StatementSyncInstance {
    const known = this.#statements.get(text)
    if (known !== undefined) {
      this.#statements.delete(text)
      this.#statements.set(text, known)
      return known
    }
    const statement = this.#database.prepare(text)
    this.#statements.set(text, statement)
    const [oldest] = this.#statements.keys()
    if (this.#statements.size > STATEMENT_LIMIT && oldest !== undefined) this.#statements.delete(oldest)
    return statement
  }
}

function bound(value: SqlValue): string | number | bigint | null | Uint8Array {
  if (typeof value === 'string') return withoutZeros(value)
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > LARGEST_INT32) return BigInt(value)
  return typeof value === 'object' && !(value instanceof Uint8Array) && value !== null ? JSON.stringify(value) : value
}

/** The writing connection, for the time of one transaction. */
class Transaction implements SqlTransaction {
  readonly dialect = dialect
  readonly #connection: Connection
  readonly #check: () => void
  readonly #afterwards: (() => void)[]

  constructor(connection: Connection, check: () => void, afterwards: (() => void)[]) {
    this.#connection = connection
    this.#check = check
    this.#afterwards = afterwards
  }

  async all(text: string, ...values: SqlValue[]): Promise<readonly SqlRow[]> {
    this.#check()
    return await this.#connection.all(text, ...values)
  }

  async get(text: string, ...values: SqlValue[]): Promise<SqlRow | undefined> {
    this.#check()
    return await this.#connection.get(text, ...values)
  }

  async run(text: string, ...values: SqlValue[]): Promise<number> {
    this.#check()
    return await this.#connection.run(text, ...values)
  }

  async insertMany(head: string, rows: readonly (readonly SqlValue[])[], tail?: string): Promise<void> {
    this.#check()
    await this.#connection.insertMany(head, rows, tail)
  }

  afterCommit(action: () => void): void {
    this.#afterwards.push(action)
  }
}
