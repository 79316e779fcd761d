import type { BaileysEventMap, ILogger, proto, WAMessageKey } from 'kurir'
import { AuthStore, type StoredAuthState } from './auth/auth-store.js'
import { readAuthFolder } from './auth/import-folder.js'
import { changeKey } from './encryption/store-key.js'
import type { Vault } from './encryption/vault.js'
import { AppendSignals } from './events/append-signals.js'
import type { AppendedEvent } from './events/event-log.js'
import { recordBatch } from './recording/record.js'
import { applyRetention, type RetentionPolicy, type RetentionReport } from './retention/retention.js'
import { separately, within } from './sql/access.js'
import type { SqlDatabase } from './sql/sql.js'
import type { StoreContext } from './store-context.js'
import { type StoreParts, storeParts } from './store-parts.js'

export interface ImportOptions {
  /** Replace the credentials that the session has. */
  readonly replace?: boolean
}

/** What a gateway keeps: sessions with their keys, messages, events and everything beside them. Made by `openStore`. */
export interface Store extends StoreParts {
  /**
   * Credentials and keys of a session, for `makeWASocket({ auth: state })`. The session is made when there is none. A
   * second call of this process joins the first one and gets the same live credentials. One process at a time has a
   * session open; that of a process that was killed is free at once.
   *
   * @throws KurirError `auth-state-locked` (409, retryable): another process has it; `corrupt-auth-state`;
   *   `invalid-session-id` (400)
   */
  auth(sessionId: string): Promise<StoredAuthState>
  /**
   * Commits everything that is done with `parts` together, or nothing when `work` throws. Inside use `parts`, never the
   * store's own members, and wait for nothing else: others are waiting for their turn.
   *
   * @throws KurirError `store-transaction-timeout` (408) after 30 s, `store-busy` (503), `store-unavailable` (503)
   */
  transaction<T>(work: (parts: StoreParts) => Promise<T>): Promise<T>
  /**
   * Keeps what a batch of events tells (messages, chats, contacts, groups) and appends the events to the session's log, in
   * one transaction: `sock.ev.process(batch => store.record(sessionId, batch))`. The log has one event per chat, and one
   * per message; a message that is handed over again after a crash is not appended again. `creds.update` and QR codes are
   * left out.
   *
   * @throws KurirError `session-not-found` (404), and as `transaction`
   */
  record(sessionId: string, batch: Partial<BaileysEventMap>): Promise<readonly AppendedEvent[]>
  /** For `makeWASocket({ getMessage })`: stored messages, for retries and for votes and answers. */
  getMessage(sessionId: string): (key: WAMessageKey) => Promise<proto.IMessage | undefined>
  /**
   * Takes over a folder of `useMultiFileAuthState`, Baileys' or Kurir's. The folder stays as it is: do not use it any more.
   *
   * @returns how many key records it had
   * @throws KurirError `session-exists` (409), `not-an-auth-folder` (400), `auth-state-locked` (409): somebody uses it
   */
  importAuthFolder(sessionId: string, folder: string, options?: ImportOptions): Promise<{ readonly records: number }>
  /** Removes what a policy lets go, of one session or of all. Call it now and then; others are not kept waiting. */
  retain(policy: RetentionPolicy, sessionId?: string): Promise<RetentionReport>
  /** Encrypts the store's own key for another key: from then on it opens with that one. @param key 32 bytes */
  changeEncryptionKey(key: Uint8Array): Promise<void>
  /** Resolves when the database answers. */
  ping(): Promise<void>
  /** Waits for what has begun, and gives everything back. What comes afterwards is refused with `store-closed` (428). */
  close(): Promise<void>
}

export interface SqlStoreParts {
  readonly database: SqlDatabase
  readonly vault: Vault
  readonly context: StoreContext
  readonly logger: ILogger
  /** 32 bytes. */
  readonly encryptionKey: Uint8Array
}

/** The store on a database that is migrated and whose key is known. */
export function makeStore({ database, vault, context, logger, encryptionKey }: SqlStoreParts): Store {
  const signals = new AppendSignals()
  const access = separately(database)
  const parts = storeParts(access, context, signals)
  const auth = new AuthStore({ database, vault, context, logger })
  let key = encryptionKey

  const transaction = <T>(work: (tx: StoreParts) => Promise<T>): Promise<T> =>
    database.transaction(sql => work(storeParts(within(sql), context, signals)))

  return {
    ...parts,
    auth: sessionId => auth.open(sessionId),
    transaction,
    record: (sessionId, batch) => transaction(tx => recordBatch(tx, sessionId, batch)),
    getMessage: sessionId => async (messageKey: WAMessageKey) =>
      (await parts.messages.findByKey(sessionId, messageKey))?.message ?? undefined,
    async importAuthFolder(sessionId, folder, { replace = false } = {}) {
      const { creds, keys, records } = await readAuthFolder(folder, logger)
      await auth.import(sessionId, creds, keys, replace)
      return { records }
    },
    retain: (policy, sessionId) => applyRetention(access, policy, context.now(), sessionId),
    async changeEncryptionKey(next) {
      await changeKey(database, key, next)
      key = next
    },
    async ping() {
      await database.read(sql => sql.get('SELECT 1 AS one'))
    },
    close: () => database.close(),
  }
}
