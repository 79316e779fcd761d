import type { Migration } from './migration.js'

/** Messages with their search index, the media in them, chats, contacts and groups. */
export const messages: Migration = {
  number: 2,
  name: 'messages',
  statements: ({ name, bytes, integer, number }) => [
    `CREATE TABLE messages (
      number ${number},
      session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
      chat TEXT NOT NULL,
      chat_alt TEXT,
      id TEXT NOT NULL,
      from_me ${integer} NOT NULL,
      author TEXT NOT NULL,
      author_alt TEXT,
      sent_at ${integer} NOT NULL,
      size ${integer} NOT NULL,
      search ${name === 'sqlite' ? 'TEXT NOT NULL' : 'TSVECTOR NOT NULL'},
      value ${bytes} NOT NULL
    )`,
    'CREATE UNIQUE INDEX messages_by_key ON messages (session, id, chat, from_me, author)',
    'CREATE INDEX messages_by_chat ON messages (session, chat, sent_at, number)',
    'CREATE INDEX messages_by_other_chat ON messages (session, chat_alt, sent_at, number) WHERE chat_alt IS NOT NULL',
    'CREATE INDEX messages_by_time ON messages (session, sent_at, number)',
    ...(name === 'sqlite' ? sqliteSearch : ['CREATE INDEX messages_by_word ON messages USING gin (search)']),
    `CREATE TABLE media (
      message ${integer} PRIMARY KEY REFERENCES messages (number) ON DELETE CASCADE,
      session TEXT NOT NULL,
      chat TEXT NOT NULL,
      kind TEXT NOT NULL,
      mime_type TEXT,
      file_name TEXT,
      file_size ${integer},
      sha256 TEXT,
      sent_at ${integer} NOT NULL
    )`,
    'CREATE INDEX media_by_time ON media (session, sent_at, message)',
    'CREATE INDEX media_by_content ON media (session, sha256)',
    ...['chats', 'contacts', 'group_chats'].map(
      table => `CREATE TABLE ${table} (
        session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        id TEXT NOT NULL,
        active_at ${integer} NOT NULL,
        value ${bytes} NOT NULL,
        PRIMARY KEY (session, id)
      )`,
    ),
    'CREATE INDEX chats_by_activity ON chats (session, active_at, id)',
  ],
}

/**
 * Words are taken apart before they are stored: the index splits at blanks and at nothing else. Triggers keep it in
 * step, also where rows go with their session.
 */
const sqliteSearch = [
  `CREATE VIRTUAL TABLE messages_search USING fts5 (
    words, content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* S* P* C*'"
  )`,
  `CREATE TRIGGER messages_inserted AFTER INSERT ON messages WHEN new.search <> '' BEGIN
    INSERT INTO messages_search (rowid, words) VALUES (new.number, new.search);
  END`,
  `CREATE TRIGGER messages_deleted AFTER DELETE ON messages WHEN old.search <> '' BEGIN
    DELETE FROM messages_search WHERE rowid = old.number;
  END`,
  `CREATE TRIGGER messages_changed AFTER UPDATE OF search ON messages WHEN old.search <> new.search BEGIN
    DELETE FROM messages_search WHERE rowid = old.number;
    INSERT INTO messages_search (rowid, words) VALUES (new.number, new.search);
  END`,
]
