import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SqlAccess } from '../sql/access.js'
import { bytes, integer, maybeInteger, text } from '../sql/rows.js'
import type { SqlRow } from '../sql/sql.js'
import type { StoreContext } from '../store-context.js'

/** What a program may do. Its secret is known to the program alone. */
export interface ApiKey {
  readonly id: string
  readonly name: string
  /** The program's own language. */
  readonly scopes: readonly string[]
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly expiresAt: number | undefined
  readonly revokedAt: number | undefined
  /** To the minute. */
  readonly lastUsedAt: number | undefined
}

export interface NewApiKey {
  readonly name: string
  readonly scopes: readonly string[]
  /** Unix milliseconds; never by default. */
  readonly expiresAt?: number | undefined
}

const COLUMNS = 'id, name, hash, scopes, created_at, expires_at, revoked_at, last_used_at'
const SECRET_LENGTH = 32
const LAST_USED_MS = 60_000
/** `kurir_`, the id, and a random secret of 32 bytes: searchable where it leaked, and not to be guessed. */
const TOKEN = /^kurir_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

/** Keys of programs. Secrets are 32 random bytes, of which the store keeps the SHA-256. */
export class ApiKeyRepository {
  readonly #access: SqlAccess
  readonly #context: StoreContext

  constructor(access: SqlAccess, context: StoreContext) {
    this.#access = access
    this.#context = context
  }

  /** @returns the key and its token, which nobody can tell again */
  async create({ name, scopes, expiresAt }: NewApiKey): Promise<{ readonly key: ApiKey; readonly token: string }> {
    const id = randomBytes(8).toString('hex')
    const token = `kurir_${id}_${randomBytes(SECRET_LENGTH).toString('base64url')}`
    const createdAt = this.#context.now()
    await this.#access.write(sql =>
      sql.run(
        'INSERT INTO api_keys (id, name, hash, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
        ...[id, name, hashOf(token), JSON.stringify(scopes), createdAt, expiresAt ?? null],
      ),
    )
    const key = { id, name, scopes, createdAt, expiresAt, revokedAt: undefined, lastUsedAt: undefined }
    return { key, token }
  }

  /** The key of a token; undefined for one that is unknown, wrong, expired or revoked: they are not told apart. */
  async verify(token: string): Promise<ApiKey | undefined> {
    const id = TOKEN.exec(token)?.[1]
    if (id === undefined) return undefined
    const row = await this.#access.read(sql => sql.get(`SELECT ${COLUMNS} FROM api_keys WHERE id = ?`, id))
    if (row === undefined || !timingSafeEqual(hashOf(token), bytes(row, 'hash'))) return undefined
    const key = opened(row)
    const now = this.#context.now()
    if (key.revokedAt !== undefined || (key.expiresAt !== undefined && key.expiresAt <= now)) return undefined
    if (now - (key.lastUsedAt ?? 0) < LAST_USED_MS) return key
    await this.#access.write(sql => sql.run('UPDATE api_keys SET last_used_at = ? WHERE id = ?', now, id))
    return { ...key, lastUsedAt: now }
  }

  async get(id: string): Promise<ApiKey | undefined> {
    const row = await this.#access.read(sql => sql.get(`SELECT ${COLUMNS} FROM api_keys WHERE id = ?`, id))
    return row && opened(row)
  }

  /** In the order in which they were made, revoked ones included. */
  async list(): Promise<readonly ApiKey[]> {
    const rows = await this.#access.read(sql => sql.all(`SELECT ${COLUMNS} FROM api_keys ORDER BY created_at, id`))
    return rows.map(opened)
  }

  /** The key is worth nothing from now on. @returns false when it is not known or was revoked before */
  async revoke(id: string): Promise<boolean> {
    const changed = await this.#access.write(sql =>
      sql.run('UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', this.#context.now(), id),
    )
    return changed > 0
  }
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()

function opened(row: SqlRow): ApiKey {
  return {
    id: text(row, 'id'),
    name: text(row, 'name'),
    scopes: JSON.parse(text(row, 'scopes')) as readonly string[],
    createdAt: integer(row, 'created_at'),
    expiresAt: maybeInteger(row, 'expires_at'),
    revokedAt: maybeInteger(row, 'revoked_at'),
    lastUsedAt: maybeInteger(row, 'last_used_at'),
  }
}
