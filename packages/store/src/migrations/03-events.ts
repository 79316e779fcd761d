import type { Migration } from './migration.js'

/** The event log, who reads it and how far, and what nobody could handle. */
export const events: Migration = {
  number: 3,
  name: 'events',
  statements: ({ bytes, integer, number }) => [
    `CREATE TABLE event_heads (
      session TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
      head ${integer} NOT NULL
    )`,
    `CREATE TABLE events (
      session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
      cursor ${integer} NOT NULL,
      event TEXT NOT NULL,
      chat TEXT,
      dedupe TEXT,
      at ${integer} NOT NULL,
      size ${integer} NOT NULL,
      value ${bytes} NOT NULL,
      PRIMARY KEY (session, cursor)
    )`,
    'CREATE UNIQUE INDEX events_by_key ON events (session, dedupe) WHERE dedupe IS NOT NULL',
    `CREATE TABLE consumers (
      session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      cursor ${integer} NOT NULL,
      delivered ${integer} NOT NULL,
      events TEXT,
      settings ${bytes} NOT NULL,
      is_paused ${integer} NOT NULL,
      created_at ${integer} NOT NULL,
      updated_at ${integer} NOT NULL,
      PRIMARY KEY (session, name)
    )`,
    `CREATE TABLE consumer_events (
      session TEXT NOT NULL,
      consumer TEXT NOT NULL,
      cursor ${integer} NOT NULL,
      is_done ${integer} NOT NULL,
      attempts ${integer} NOT NULL,
      PRIMARY KEY (session, consumer, cursor),
      FOREIGN KEY (session, consumer) REFERENCES consumers (session, name) ON DELETE CASCADE
    )`,
    `CREATE TABLE dead_letters (
      id ${number},
      session TEXT NOT NULL,
      consumer TEXT NOT NULL,
      cursor ${integer} NOT NULL,
      event TEXT NOT NULL,
      chat TEXT,
      at ${integer} NOT NULL,
      value ${bytes} NOT NULL,
      attempts ${integer} NOT NULL,
      is_pending ${integer} NOT NULL,
      error ${bytes} NOT NULL,
      died_at ${integer} NOT NULL,
      UNIQUE (session, consumer, cursor),
      FOREIGN KEY (session, consumer) REFERENCES consumers (session, name) ON DELETE CASCADE
    )`,
  ],
}
