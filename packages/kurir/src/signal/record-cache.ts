import { BoundedCache } from '../crypto/bounded-cache.js'
import type { SignalKeyStore } from './key-store.js'
import type { SenderKeyRecord } from './sender-key-record.js'
import type { SessionRecord } from './session-record.js'

/** Parsed records kept per key store and kind; a session takes two to three kilobytes. */
const cachedRecordLimit = 1024

interface CachedRecord<Parsed> {
  readonly stored: Uint8Array
  readonly parsed: Parsed
}

/**
 * Remembers what stored bytes parse to, so that a record in use is parsed once.
 *
 * An entry is used only for a stored value of the very same content: the store is asked every time, and whatever it
 * answers is right. A rolled-back transaction, or another process that writes to the same store, therefore costs a
 * parse and nothing else. Parsed records are immutable, so sharing them is safe.
 */
export class RecordCache<Parsed> {
  readonly #records = new BoundedCache<CachedRecord<Parsed>>(cachedRecordLimit)

  recall(id: string, stored: unknown): Parsed | undefined {
    const cached = this.#records.get(id)
    if (cached === undefined || !(stored instanceof Uint8Array)) return undefined
    return cached.stored === stored || Buffer.compare(cached.stored, stored) === 0 ? cached.parsed : undefined
  }

  remember(id: string, stored: Uint8Array, parsed: Parsed): void {
    this.#records.set(id, { stored, parsed })
  }

  /** True when a record with this id has been read or written lately; it may have changed since. */
  has(id: string): boolean {
    return this.#records.get(id) !== undefined
  }
}

interface RecordCaches {
  readonly sessions: RecordCache<SessionRecord>
  readonly senderKeys: RecordCache<SenderKeyRecord>
}

const caches = new WeakMap<SignalKeyStore, RecordCaches>()

/** The caches that belong to a key store. */
export function recordCachesOf(keys: SignalKeyStore): RecordCaches {
  const existing = caches.get(keys)
  if (existing !== undefined) return existing
  const created = { sessions: new RecordCache<SessionRecord>(), senderKeys: new RecordCache<SenderKeyRecord>() }
  caches.set(keys, created)
  return created
}
