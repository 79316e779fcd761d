import type { Migration } from './migration.js'

/** Facts about the store itself, sessions, their credentials and keys. */
export const sessions: Migration = {
  number: 1,
  name: 'sessions',
  statements: ({ bytes, integer }) => [
    `CREATE TABLE store_facts (name TEXT PRIMARY KEY, value ${bytes} NOT NULL)`,
    `CREATE TABLE sessions (
      id TEXT PRIMARY KEY,
      name TEXT,
      status TEXT NOT NULL,
      me TEXT,
      settings ${bytes} NOT NULL,
      created_at ${integer} NOT NULL,
      updated_at ${integer} NOT NULL
    )`,
    `CREATE TABLE credentials (
      session TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
      value ${bytes} NOT NULL
    )`,
    `CREATE TABLE auth_records (
      session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
      type TEXT NOT NULL,
      id TEXT NOT NULL,
      value ${bytes} NOT NULL,
      PRIMARY KEY (session, type, id)
    )`,
  ],
}
