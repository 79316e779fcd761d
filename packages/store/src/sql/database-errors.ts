import { KurirError } from 'kurir'

/** What SQLite and PostgreSQL call the same trouble. */
interface Trouble {
  readonly sqlite: readonly number[]
  /** SQLite's text, for errors that come without a number. */
  readonly text: RegExp
  readonly postgres: RegExp
  make(cause: unknown): KurirError
}

const NETWORK = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|EAI_|ENOENT|08|57P0|53300)/

const troubles: readonly Trouble[] = [
  {
    sqlite: [787],
    text: /^FOREIGN KEY constraint failed/,
    postgres: /^23503$/,
    make: cause =>
      new KurirError('session-not-found', 'The store has no session of this name: save it first', {
        statusCode: 404,
        cause,
      }),
  },
  {
    sqlite: [5, 6],
    text: /^database (table )?is locked/,
    postgres: /^(40001|40P01|55P03)$/,
    make: cause =>
      new KurirError('store-busy', 'Somebody else writes to the store at this moment', {
        statusCode: 503,
        retryable: true,
        cause,
      }),
  },
  {
    sqlite: [11, 26],
    text: /malformed|is not a database/,
    postgres: /^XX00[12]$/,
    make: cause => new KurirError('store-damaged', 'The database is damaged: restore it from a backup', { cause }),
  },
  {
    sqlite: [8, 10, 13, 14],
    text: /disk I\/O error|is full|readonly database|unable to open/,
    postgres: NETWORK,
    make: cause =>
      new KurirError('store-unavailable', 'The database cannot be reached or written at this moment', {
        statusCode: 503,
        retryable: true,
        cause,
      }),
  },
]

/** An error of the database as one of ours, when it says something about the world and not about our statements. */
export function storeError(error: unknown): unknown {
  if (KurirError.is(error) || !(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const number = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0
  const isSqlite = code === 'ERR_SQLITE_ERROR'
  const trouble = troubles.find(({ sqlite, text, postgres }) =>
    isSqlite ? sqlite.includes(number) || text.test(error.message) : postgres.test(code),
  )
  if (trouble !== undefined) return trouble.make(error)
  // pg gives no code for a connection that ended in the middle.
  return /^(Connection terminated|timeout exceeded|Query read timeout|Client has encountered)/.test(error.message)
    ? (troubles.at(-1)?.make(error) ?? error)
    : error
}

export const storeClosed = (): KurirError => new KurirError('store-closed', 'The store was closed', { statusCode: 428 })
