import type { KeyPair } from '../crypto/curve.js'
import type { proto } from '../proto/index.js'

/**
 * The contract between Kurir and whatever keeps its keys. It is Baileys' contract: a store written for Baileys works
 * here unchanged, and a folder written by Baileys is read here (docs/protocol/01 §9, docs/protocol/02 §14.4).
 *
 * Kurir adds a few record types of its own. They are ordinary `(type, id) → value` rows with byte or JSON values, so a
 * store that treats the type as an opaque string keeps them without knowing them.
 */

/** A value, or the promise of one. */
export type Awaitable<T> = T | Promise<T>

/** A signed prekey with its id. `timestampS` is the unix time of its making, in seconds. */
export interface SignedKeyPair {
  keyPair: KeyPair
  /** 64 bytes: XEdDSA of the identity key over the typed (33-byte) public key. */
  signature: Uint8Array
  keyId: number
  timestampS?: number
}

/** A Signal address taken apart: `name` includes the domain suffix (docs/protocol/02 §6.2). */
export interface ProtocolAddress {
  name: string
  deviceId: number
}

export interface SignalIdentity {
  identifier: ProtocolAddress
  /** 33 bytes, typed. */
  identifierKey: Uint8Array
}

/** One person under both names: a phone-number JID and a LID JID. */
export interface LIDMapping {
  pn: string
  lid: string
}

/** State of one app-state collection: LT-hash (128 bytes) and the value MACs that make it up, by base64 index MAC. */
export interface LTHashState {
  version: number
  hash: Buffer
  indexValueMap: { [indexMacBase64: string]: { valueMac: Uint8Array | Buffer } }
}

/** A trusted-contact token (docs/protocol/02 §11.2); `timestamp` is a decimal string of unix seconds. */
export interface TrustedContactToken {
  token: Buffer
  timestamp?: string
  senderTimestamp?: number
}

/**
 * A session record in the JSON form of libsignal-node, as Baileys stores it (docs/protocol/02 §2.7). Kurir reads it
 * and writes its own compact bytes; the content is untrusted and is checked while it is converted.
 */
export interface LibsignalSessionRecord {
  readonly _sessions: { readonly [baseKeyBase64: string]: unknown }
  readonly version?: string
  readonly registrationId?: number
}

/** Secrets of messages by message id, in the form of their owner (messages/remembered-secrets.ts). JSON values only. */
export interface MessageSecretRow {
  readonly [messageId: string]: readonly {
    readonly chat: string
    readonly author: { readonly asSeen: string; readonly lid?: string | undefined; readonly pn?: string | undefined }
    readonly secret: string
    readonly options: number
    readonly since: number
  }[]
}

/** History notifications in the order of their arrival. JSON values only. */
export interface PendingHistoryRow {
  readonly waiting: readonly {
    readonly id: string
    /** Unix seconds. */
    readonly timestamp: number
    /** The encoded notification, base64. */
    readonly notification: string
    /** How often it was tried. */
    readonly tries: number
  }[]
}

/** What is open in app state (socket/app-state-ledger.ts). JSON values only; times in milliseconds. */
export interface AppStateLedgerRow {
  /** Collection → the version that the server has at least. */
  readonly behind: { readonly [collection: string]: number }
  /** Key id (base64) → when the phone was asked for it. */
  readonly asked: { readonly [keyId: string]: number }
  /** Collection → when the phone was asked for a copy of it. */
  readonly recovering: { readonly [collection: string]: number }
  /** The last epoch whose keys are not written with any more; -1 for none. */
  readonly expiredEpoch: number
}

/** What lives in the key store: record type → value. Ids are described in docs/protocol/01 §9.4. */
export interface SignalDataTypeMap {
  /** Decimal key id → raw pair, 32 + 32 bytes. */
  'pre-key': KeyPair
  /** Signal address → session record: Kurir's bytes, or the JSON object that Baileys stores. */
  session: Uint8Array | LibsignalSessionRecord
  /** `group::user[_domain]::device` → sender-key record: Kurir's bytes, or the bytes of Baileys' JSON text. */
  'sender-key': Uint8Array
  /** Group JID → devices that hold our sender key. */
  'sender-key-memory': { [jid: string]: boolean }
  'app-state-sync-key': proto.Message.IAppStateSyncKeyData
  'app-state-sync-version': LTHashState
  /** PN user → LID user, and `<LID user>_reverse` → PN user. */
  'lid-mapping': string
  /** User → device numbers as decimal strings. */
  'device-list': string[]
  tctoken: TrustedContactToken
  /** Signal address → typed public key, 33 bytes. */
  'identity-key': Uint8Array
  /** Kurir: decimal key id → a signed prekey that was rotated out but may still be named by prekey messages in flight. */
  'signed-pre-key': SignedKeyPair
  /** Kurir: a decrypted message that has not been handled yet, encoded by its owner (committed with the ratchet step). */
  inbox: Uint8Array
  /** Kurir: a sent message until it is answered, and some time after it for retry requests, encoded by its owner. */
  outbox: Uint8Array
  /** Kurir: number of the row → secrets of polls and events by message id, for the votes and answers to come. */
  'message-secret': MessageSecretRow
  /** Kurir: `pending` → history notifications that were confirmed and wait to be taken in. */
  'history-sync': PendingHistoryRow
  /** Kurir: `ledger` → what is open in app state: collections that are behind, keys that were asked for. */
  'app-state-ledger': AppStateLedgerRow
  /** Kurir: user → verified device record (key-index list), encoded by its owner. */
  'device-record': Uint8Array
}

export type SignalDataType = keyof SignalDataTypeMap

/** Rows to write, by type and id. `null` deletes. */
export type SignalDataSet = {
  [T in SignalDataType]?: { [id: string]: SignalDataTypeMap[T] | null }
}

/** Storage supplied by the user. `get` may leave out, or answer null for, what it does not have. */
export interface SignalKeyStore {
  get<T extends SignalDataType>(type: T, ids: string[]): Awaitable<{ [id: string]: SignalDataTypeMap[T] }>
  set(data: SignalDataSet): Awaitable<void>
  /** Removes everything. */
  clear?(): Awaitable<void>
  /**
   * Kurir: true for a store that ends with the process, sessions and all. What is stored only to outlive the process is
   * then kept where it is.
   */
  readonly isVolatile?: boolean
}

/**
 * A key store whose writes can be grouped.
 *
 * `transaction(work, scope)` runs `work` while holding the lock named `scope`; writes inside it become visible to
 * others, and durable, all together when the outermost transaction ends, or not at all when it throws. Reads inside see
 * the pending writes. A nested call with another scope takes that lock too and keeps it until the outermost transaction
 * has committed. Different scopes proceed in parallel. Whoever takes several scopes takes them in ascending order of
 * their names, so that two such transactions cannot wait for each other.
 */
export interface SignalKeyStoreWithTransaction extends SignalKeyStore {
  isInTransaction(): boolean
  transaction<T>(work: () => Promise<T>, scope: string): Promise<T>
  /** One transaction over several scopes, taken in ascending order; Kurir's own stores have it. */
  transactionOver?<T>(scopes: readonly string[], work: () => Promise<T>): Promise<T>
}

export interface TransactionCapabilityOptions {
  /** Tries before a commit that the store refuses is given up. */
  maxCommitRetries: number
  delayBetweenTriesMs: number
}

/** The part of the credentials that the Signal room needs. */
export interface SignalCreds {
  readonly signedIdentityKey: KeyPair
  readonly signedPreKey: SignedKeyPair
  /** 0 … 16383. */
  readonly registrationId: number
}

export interface SignalAuthState {
  creds: SignalCreds
  keys: SignalKeyStore | SignalKeyStoreWithTransaction
}
