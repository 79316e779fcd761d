import type { BinaryNode } from 'kurir/binary'
import type { Device } from '../accounts/device.js'

/** One stanza that passed between the service and a logged-in device. */
export interface TracedStanza {
  readonly direction: 'to-client' | 'from-client'
  /** Device JID, phone number form. */
  readonly device: string
  /** As it was written or read; must not be changed. */
  readonly node: BinaryNode
}

export type StanzaListener = (stanza: TracedStanza) => void

/** Tells listeners of every stanza; costs nothing without any. */
export class StanzaTrace {
  readonly #listeners = new Set<StanzaListener>()

  get on(): boolean {
    return this.#listeners.size > 0
  }

  listen(listener: StanzaListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  note(direction: TracedStanza['direction'], device: Device, node: BinaryNode): void {
    for (const listener of this.#listeners) listener({ direction, device: device.pn, node })
  }
}
