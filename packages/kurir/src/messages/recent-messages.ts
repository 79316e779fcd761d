import type { proto } from '../proto/index.js'
import { type Clock, ExpiringMap } from '../time/expiring-map.js'

/** Names a sent message for resends. */
export interface RecentMessageKey {
  readonly to: string
  readonly id: string
}

export interface RecentMessage {
  readonly message: proto.IMessage
  /** Unix milliseconds. */
  readonly timestamp: number
}

/** Messages kept. */
export const recentMessagesLimit = 512
/** How long one is kept. */
export const recentMessagesTtlMs = 300_000

/**
 * The last messages sent, for retry requests. An entry stays until it expires, also after it was resent: in a group
 * several devices ask for the same message (docs/protocol/02, 10.5).
 */
export class RecentMessages {
  readonly #entries: ExpiringMap<RecentMessage>
  readonly #clock: Clock

  constructor(clock: Clock = Date.now) {
    this.#clock = clock
    this.#entries = new ExpiringMap({ limit: recentMessagesLimit, ttlMs: recentMessagesTtlMs, clock })
  }

  add(to: string, id: string, message: proto.IMessage): void {
    this.#entries.set(entryKey(to, id), { message, timestamp: this.#clock() })
  }

  /** @param aliases other JIDs of the same chat (its LID or phone number), tried in order */
  get(to: string, id: string, aliases: readonly string[] = []): RecentMessage | undefined {
    for (const chat of [to, ...aliases]) {
      const found = this.#entries.get(entryKey(chat, id))
      if (found !== undefined) return found
    }
    return undefined
  }

  delete(to: string, id: string): void {
    this.#entries.delete(entryKey(to, id))
  }

  clear(): void {
    this.#entries.clear()
  }
}

/** Ids hold no control characters, so the separator cannot occur in them. */
function entryKey(to: string, id: string): string {
  return `${to}\u0000${id}`
}
