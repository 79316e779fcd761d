/** One one-time prekey as uploaded: what the service may hand out. */
export interface PublicPreKey {
  /** 1 … 16777215. */
  readonly id: number
  /** 32 bytes. */
  readonly public: Uint8Array
}

export interface PublicSignedPreKey extends PublicPreKey {
  /** 64 bytes, over `05 ‖ public` under the identity key of the device. */
  readonly signature: Uint8Array
}

/** The outcome of an upload; keys under ids that are already known with other values are not taken over. */
export interface UploadResult {
  readonly added: number
  readonly conflicting: readonly number[]
}

/** How a prekey message stands to what was handed out. */
export type PreKeyUse = 'first' | 'repeated' | 'reused' | 'unknown'

const REMEMBERED_USES = 20_000

/** The one-time prekeys of a device: each is handed out once, oldest first, and never again (docs/protocol/02 §8). */
export class PreKeyStore {
  readonly #available = new Map<number, Uint8Array>()
  readonly #handedOut = new Map<number, Uint8Array>()
  /** Prekey id → base key of the session that was built on it. */
  readonly #used = new Map<number, string>()
  /** Base keys of sessions with an installation before this one: who has not heard of the new one still uses them. */
  readonly #former = new Set<string>()

  get count(): number {
    return this.#available.size
  }

  /** The keys still here, in the order in which they will be handed out. */
  *available(): IterableIterator<PublicPreKey> {
    for (const [id, key] of this.#available) yield { id, public: key }
  }

  /** Adds keys. Uploading the same key again is harmless, even after it was handed out. */
  add(keys: readonly PublicPreKey[]): UploadResult {
    const conflicting: number[] = []
    let added = 0
    for (const key of keys) {
      const known = this.#available.get(key.id) ?? this.#handedOut.get(key.id)
      if (known === undefined) {
        this.#available.set(key.id, key.public)
        added += 1
      } else if (Buffer.compare(known, key.public) !== 0) conflicting.push(key.id)
    }
    return { added, conflicting }
  }

  /** Hands out one key; undefined when none is left. */
  take(): PublicPreKey | undefined {
    for (const [id, key] of this.#available) {
      this.#available.delete(id)
      remember(this.#handedOut, id, key)
      return { id, public: key }
    }
    return undefined
  }

  /** Notes that a prekey message names `id`, with the base key of its session. */
  noteUse(id: number, baseKey: Uint8Array): PreKeyUse {
    const text = Buffer.from(baseKey).toString('base64')
    if (this.#former.has(text)) return 'repeated'
    const earlier = this.#used.get(id)
    if (earlier !== undefined) return earlier === text ? 'repeated' : 'reused'
    remember(this.#used, id, text)
    return this.#handedOut.has(id) ? 'first' : 'unknown'
  }

  /** A new installation begins: ids start again. */
  clear(): void {
    for (const baseKey of this.#used.values()) this.#former.add(baseKey)
    this.#available.clear()
    this.#handedOut.clear()
    this.#used.clear()
  }
}

const remember = <Value>(map: Map<number, Value>, id: number, value: Value): void => {
  if (map.size >= REMEMBERED_USES) {
    for (const oldest of map.keys()) {
      map.delete(oldest)
      break
    }
  }
  map.set(id, value)
}
