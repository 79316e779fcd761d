import { confirmingDevice, type IncomingReceipt } from '../messages/incoming-receipts.js'
import { ExpiringMap } from '../time/expiring-map.js'

const REMEMBERED = 8_192
const REMEMBERED_MS = 24 * 3_600_000

/** Which devices have confirmed that they could read which messages of ours. */
export class Deliveries {
  readonly #confirmed = new ExpiringMap<true>({ limit: REMEMBERED, ttlMs: REMEMBERED_MS })

  note(receipt: IncomingReceipt): void {
    const device = confirmingDevice(receipt)
    if (device === undefined) return
    for (const id of receipt.ids) this.#confirmed.set(`${device} ${id}`, true)
  }

  has(id: string, device: string): boolean {
    return this.#confirmed.has(`${device} ${id}`)
  }
}
