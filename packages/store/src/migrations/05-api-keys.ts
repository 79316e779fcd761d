import type { Migration } from './migration.js'

/** Keys of programs; of their secrets only a hash. */
export const apiKeys: Migration = {
  number: 5,
  name: 'api keys',
  statements: ({ bytes, integer }) => [
    `CREATE TABLE api_keys (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      hash ${bytes} NOT NULL,
      scopes TEXT NOT NULL,
      created_at ${integer} NOT NULL,
      expires_at ${integer},
      revoked_at ${integer},
      last_used_at ${integer}
    )`,
  ],
}
