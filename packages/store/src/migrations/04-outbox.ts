import type { Migration } from './migration.js'

/** Messages that programs have asked to send. */
export const outbox: Migration = {
  number: 4,
  name: 'outbox',
  statements: ({ bytes, integer, number }) => [
    `CREATE TABLE outbox (
      number ${number},
      id TEXT NOT NULL UNIQUE,
      session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
      idempotency_key TEXT,
      chat TEXT NOT NULL,
      message_id TEXT NOT NULL,
      status TEXT NOT NULL,
      send_at ${integer} NOT NULL,
      leased_until ${integer} NOT NULL,
      attempts ${integer} NOT NULL,
      error ${bytes},
      value ${bytes} NOT NULL,
      created_at ${integer} NOT NULL,
      updated_at ${integer} NOT NULL
    )`,
    'CREATE UNIQUE INDEX outbox_by_key ON outbox (session, idempotency_key) WHERE idempotency_key IS NOT NULL',
    'CREATE UNIQUE INDEX outbox_by_message ON outbox (session, message_id)',
    "CREATE INDEX outbox_open ON outbox (session, send_at, number) WHERE status IN ('queued', 'sending')",
  ],
}
