import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ILogger, KurirError } from 'kurir'
import { silentLogger } from 'kurir/logger'
import { findEncryptionKey } from './encryption/encryption-key.js'
import { openVault } from './encryption/store-key.js'
import { migrate } from './migrations/migrate.js'
import type { SqlDatabase } from './sql/sql.js'
import type { Durability } from './sql/sqlite.js'
import { makeStore, type Store } from './store.js'
import { sealedValues } from './values/sealed-values.js'

export interface StoreOptions {
  /** `postgres://user:password@host/database`, or `sqlite:path`. Instead of `file`. */
  readonly url?: string
  /** The file of an SQLite store, `kurir.sqlite` by default; made with its folder when it does not exist. */
  readonly file?: string
  /** Where the tables are in a PostgreSQL database; `kurir` by default. */
  readonly schema?: string
  /**
   * 32 bytes that encrypt the store, or their text in base64 or hex. By default the text in `KURIR_STORE_KEY`, else the
   * file that `KURIR_STORE_KEY_FILE` names, else, with SQLite, the file `<file>.key`, which is made.
   */
  readonly encryptionKey?: Uint8Array | string
  /** A file with such a text. */
  readonly keyFile?: string
  /** SQLite: what a commit survives; `power-loss` by default. */
  readonly durability?: Durability
  readonly logger?: ILogger
  /** Unix milliseconds; `Date.now` by default. */
  readonly clock?: () => number
  /** Where the environment variables are read; `process.env` by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

type Target = { readonly kind: 'sqlite'; readonly file: string } | { readonly kind: 'postgres'; readonly url: string }

/**
 * Opens a store, makes it where there is none, and brings it up to date.
 *
 * @throws KurirError `invalid-store-option` (400), `invalid-store-key` (400), `store-key-missing` (400),
 *   `store-wrong-key` (403), `store-newer-version` (409), `store-unreachable` (503), `store-unavailable` (503),
 *   `store-damaged`
 */
export async function openStore(options: StoreOptions = {}): Promise<Store> {
  const { encryptionKey, keyFile, environment = process.env, logger = silentLogger, clock = Date.now } = options
  const target = targetOf(options)
  const generatedFile = target.kind === 'sqlite' ? `${target.file}.key` : undefined
  const mayGenerate = target.kind === 'sqlite' && !existsSync(target.file)
  const key = await findEncryptionKey({ encryptionKey, keyFile, environment, generatedFile, mayGenerate })
  const database = await openDatabase(target, options, logger)
  try {
    await migrate(database, { now: clock() })
    const vault = await openVault(database, key)
    const context = { values: sealedValues(vault), now: clock }
    return makeStore({ database, vault, context, logger, encryptionKey: key })
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Only the driver that is used is loaded. */
async function openDatabase(target: Target, options: StoreOptions, logger: ILogger): Promise<SqlDatabase> {
  const { durability = 'power-loss', schema = 'kurir' } = options
  if (target.kind === 'postgres') {
    const { openPostgres } = await import('./sql/postgres.js')
    return await openPostgres({ url: target.url, schema, logger })
  }
  await ensureFile(target.file)
  const { openSqlite } = await import('./sql/sqlite.js')
  return await openSqlite({ file: target.file, durability })
}

/** A new file is readable for its owner alone; the database makes the files beside it like it. */
async function ensureFile(file: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, '', { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    if (existsSync(file)) return
    throw new KurirError('store-unavailable', `The store cannot be made: ${dirname(file)} cannot be written`, {
      statusCode: 503,
      retryable: true,
      data: { file },
      cause,
    })
  }
}

function targetOf({ url, file }: StoreOptions): Target {
  if (url !== undefined && file !== undefined) throw invalid('url', 'Give the store a url or a file, not both')
  if (url === undefined) return { kind: 'sqlite', file: resolve(file ?? 'kurir.sqlite') }
  if (/^postgres(ql)?:\/\//.test(url)) return { kind: 'postgres', url }
  const path = /^(?:sqlite|file):(.+)$/.exec(url)?.[1]
  if (path === undefined) throw invalid('url', 'The url of a store begins with postgres:// or sqlite:')
  return { kind: 'sqlite', file: path.startsWith('//') ? fileURLToPath(`file:${path}`) : resolve(path) }
}

/** The message never quotes the url: it has a password. */
function invalid(option: string, message: string): KurirError {
  return new KurirError('invalid-store-option', message, { statusCode: 400, data: { option } })
}
