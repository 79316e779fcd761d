import type { RetryKeys } from '../messages/retry-receipt.js'
import { ExpiringMap } from '../time/expiring-map.js'

const REMEMBERED = 5000
const REMEMBERED_MS = 24 * 3_600_000

/**
 * The one-time prekeys that devices have sent with their retry requests: each is good for one session, and a request may
 * be delivered twice.
 */
export class OfferedKeys {
  readonly #used = new ExpiringMap<true>({ limit: REMEMBERED, ttlMs: REMEMBERED_MS })

  /** True the first time that a device offers these keys. */
  take(device: string, { preKey }: RetryKeys): boolean {
    // The signed prekey alone may begin any number of sessions.
    if (!preKey) return true
    const name = `${device} ${preKey.id} ${Buffer.from(preKey.public).toString('base64')}`
    if (this.#used.has(name)) return false
    this.#used.set(name, true)
    return true
  }
}
