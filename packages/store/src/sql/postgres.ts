import { setTimeout as delay } from 'node:timers/promises'
import { type ILogger, KurirError } from 'kurir'
import pg from 'pg'
import { boundedWork } from './bounded-work.js'
import { storeClosed, storeError } from './database-errors.js'
import { PostgresLocks } from './postgres-locks.js'
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

export interface PostgresOptions {
  readonly url: string
  /** Where the tables are; made when it does not exist. */
  readonly schema: string
  readonly logger: ILogger
}

const POOL_SIZE = 10
const CONNECT_TIMEOUT_MS = 10_000
/** A server that is silent for so long is not there any more. */
const QUERY_TIMEOUT_MS = 60_000
/** The protocol counts parameters with 16 bits. */
const PARAMETER_LIMIT = 60_000
const ROW_LIMIT = 500
/** Tries of a first connection, and the pause between them: a server that starts together with us. */
const TRIES = 5
const TRY_AGAIN_MS = 500
const INT8 = 20

const dialect: Dialect = {
  name: 'postgres',
  isIn: column => `${column} = ANY(?)`,
  list: values => values,
  forUpdate: ' FOR UPDATE',
}

/** @throws KurirError `store-unreachable` with what to check; `invalid-store-option` */
export async function openPostgres(options: PostgresOptions): Promise<SqlDatabase> {
  const { schema, logger } = options
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new KurirError('invalid-store-option', 'The name of a schema is lower-case letters, digits and underscores', {
      statusCode: 400,
      data: { option: 'schema' },
    })
  }
  const pool = new pg.Pool({
    connectionString: options.url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'kurir',
    options: `-c search_path=${schema} -c client_min_messages=warning`,
    types: { getTypeParser },
    // Programs end by closing the store, not by waiting for idle connections.
    allowExitOnIdle: true,
  })
  // A connection that breaks while nobody uses it is replaced by the pool.
  pool.on('error', error => logger.warn({ err: error }, 'store: an idle connection to PostgreSQL ended'))
  try {
    await createSchema(pool, schema)
  } catch (error) {
    await pool.end()
    throw error
  }
  return new PostgresDatabase(pool, logger)
}

/** Whole numbers of 64 bits as numbers: everything that the store counts is far below 2^53. */
const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')

async function createSchema(pool: pg.Pool, schema: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { rowCount } = await pool.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])
      if (rowCount === 0) await pool.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
      return
    } catch (error) {
      const trouble = storeError(error)
      // Another process makes it at the same time.
      if (attempt < TRIES && isDuplicate(error)) continue
      if (attempt < TRIES && KurirError.is(trouble) && trouble.retryable) {
        await delay(TRY_AGAIN_MS)
        continue
      }
      throw unreachable(error)
    }
  }
}

const isDuplicate = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === '23505' || error.code === '42P06')

/** The cause tells no more than what the driver says: the URL has a password. */
function unreachable(error: unknown): KurirError {
  return new KurirError(
    'store-unreachable',
    'PostgreSQL cannot be used: check that it runs, and the host, port, user, password and database of the URL',
    { statusCode: 503, retryable: true, cause: error },
  )
}

class PostgresDatabase implements SqlDatabase {
  readonly dialect = dialect
  readonly #pool: pg.Pool
  readonly #texts = new StatementTexts()
  readonly #locks: PostgresLocks
  /** What has begun and not ended: the pool is not closed under it. */
  readonly #running = new Set<Promise<unknown>>()
  #isClosed = false

  constructor(pool: pg.Pool, logger: ILogger) {
    this.#pool = pool
    this.#locks = new PostgresLocks(pool, logger)
  }

  async read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return await this.#watched(() => work(new Statements(this.#pool, this.#texts)))
  }

  async transaction<T>(work: (sql: SqlTransaction) => Promise<T>): Promise<T> {
    return await this.#watched(() => this.#transaction(work))
  }

  lock(name: string): Promise<SqlLock | undefined> {
    return this.#watched(() => this.#locks.take(name))
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.allSettled(this.#running)
    await this.#locks.close()
    await this.#pool.end()
  }

  async #watched<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw storeClosed()
    const running = call()
    this.#running.add(running)
    try {
      return await running
    } catch (error) {
      throw storeError(error)
    } finally {
      this.#running.delete(running)
    }
  }

  async #transaction<T>(work: (sql: SqlTransaction) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined
    const afterwards: (() => void)[] = []
    let result: T
    try {
      client = await this.#pool.connect()
      const bounds = boundedWork()
      const sql = new PostgresTransaction(client, this.#texts, bounds.check, afterwards)
      await client.query('BEGIN')
      result = await bounds.run(() => work(sql))
      await client.query('COMMIT')
      client.release()
    } catch (error) {
      // What a transaction that failed has left of the connection is not worth finding out.
      if (client !== undefined) await rollBack(client)
      throw error
    }
    for (const action of afterwards) action()
    return result
  }
}

async function rollBack(client: pg.PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK')
    client.release()
  } catch (error) {
    client.release(error instanceof Error ? error : true)
  }
}

/** Statements with `$1` for `?`, and the names that the server knows them by. */
class StatementTexts {
  readonly #known = new Map<string, { readonly name: string; readonly text: string }>()

  of(text: string): { readonly name: string; readonly text: string } {
    let known = this.#known.get(text)
    if (known === undefined) {
      known = { name: `kurir_${this.#known.size}`, text: numbered(text) }
      this.#known.set(text, known)
    }
    return known
  }
}

function numbered(text: string): string {
  let count = 0
  return text.replaceAll('?', () => {
    count += 1
    return `$${count}`
  })
}

type Queryable = Pick<pg.PoolClient, 'query'>

class Statements implements Sql {
  readonly dialect = dialect
  readonly #client: Queryable
  readonly #texts: StatementTexts

  constructor(client: Queryable, texts: StatementTexts) {
    this.#client = client
    this.#texts = texts
  }

  async all(text: string, ...values: SqlValue[]): Promise<readonly SqlRow[]> {
    return (await this.query(text, values)).rows
  }

  async get(text: string, ...values: SqlValue[]): Promise<SqlRow | undefined> {
    return (await this.query(text, values)).rows[0]
  }

  async run(text: string, ...values: SqlValue[]): Promise<number> {
    return (await this.query(text, values)).rowCount ?? 0
  }

  async insertMany(head: string, rows: readonly (readonly SqlValue[])[], tail = ''): Promise<void> {
    const width = rows[0]?.length ?? 0
    if (width === 0) return
    const perStatement = Math.min(ROW_LIMIT, Math.floor(PARAMETER_LIMIT / width))
    for (let start = 0; start < rows.length; start += perStatement) {
      const part = rows.slice(start, start + perStatement)
      const places = part.map(() => `(${'?'.padEnd(width * 2 - 1, ',?')})`).join(', ')
      await this.unnamed(`${head} VALUES ${places} ${tail}`, part.flat())
    }
  }

  protected query(text: string, values: readonly SqlValue[]): Promise<pg.QueryResult<SqlRow>> {
    return this.#client.query({ ...this.#texts.of(text), values: values.map(bound) })
  }

  /** For texts that differ with the number of rows: the server does not keep them. */
  protected unnamed(text: string, values: readonly SqlValue[]): Promise<pg.QueryResult<SqlRow>> {
    return this.#client.query(numbered(text), values.map(bound))
  }
}

function bound(value: SqlValue): unknown {
  if (typeof value === 'string') return withoutZeros(value)
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return Array.isArray(value) ? value.map(item => (typeof item === 'string' ? withoutZeros(item) : item)) : value
}

class PostgresTransaction extends Statements implements SqlTransaction {
  readonly #check: () => void
  readonly #afterwards: (() => void)[]

  constructor(client: Queryable, texts: StatementTexts, check: () => void, afterwards: (() => void)[]) {
    super(client, texts)
    this.#check = check
    this.#afterwards = afterwards
  }

  protected override async query(text: string, values: readonly SqlValue[]): Promise<pg.QueryResult<SqlRow>> {
    this.#check()
    return await super.query(text, values)
  }

  protected override async unnamed(text: string, values: readonly SqlValue[]): Promise<pg.QueryResult<SqlRow>> {
    this.#check()
    return await super.unnamed(text, values)
  }

  afterCommit(action: () => void): void {
    this.#afterwards.push(action)
  }
}
