import type { BinaryNode } from 'kurir/binary'
import { BoundedMap } from './bounded-map.js'

/** A stanza that the device has not confirmed yet. */
export interface PendingStanza {
  readonly node: BinaryNode
  readonly sequence: number
}

export interface Confirmation {
  readonly class: string
  readonly id: string
  /** The `to` of the answer: the `from` of the stanza. */
  readonly from?: string | undefined
  readonly participant?: string | undefined
  readonly type?: string | undefined
}

const REMEMBERED_ANSWERS = 5000

/**
 * What a device still has to confirm, in the order of delivery. A stanza leaves the queue when the device acks it or,
 * for messages, sends a receipt for it; whatever is left at the next login is sent again (docs/protocol/02 §9.7).
 */
export class DeliveryQueue {
  readonly #byId = new Map<string, PendingStanza[]>()
  /** What was confirmed lately: who gets a stanza twice confirms it twice. */
  readonly #confirmed = new BoundedMap<string, true>(REMEMBERED_ANSWERS)
  #sequence = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  add(node: BinaryNode): void {
    const key = `${node.tag}:${node.attrs['id'] ?? ''}`
    this.#sequence += 1
    const entry: PendingStanza = { node, sequence: this.#sequence }
    const present = this.#byId.get(key)
    if (present === undefined) this.#byId.set(key, [entry])
    else present.push(entry)
    this.#size += 1
  }

  /**
   * Takes the stanza out that `confirmation` is for. Where several have the id (receipts of one message from several
   * devices), the one with the same sender, participant and type goes, else the oldest with the same sender. An answer
   * that was given before takes nothing else out.
   */
  confirm(confirmation: Confirmation): BinaryNode | undefined {
    const key = `${confirmation.class}:${confirmation.id}`
    const present = this.#byId.get(key)
    if (present === undefined) return undefined
    const name = `${key} ${confirmation.from} ${confirmation.participant} ${confirmation.type}`
    const { index, isExact } = bestMatch(present, confirmation)
    if (!isExact && this.#confirmed.has(name)) return undefined
    this.#confirmed.set(name, true)
    const [found] = present.splice(index, 1)
    if (present.length === 0) this.#byId.delete(key)
    this.#size -= 1
    return found?.node
  }

  /** True while this stanza, or a copy of it, is unconfirmed. */
  isPending({ tag, attrs }: BinaryNode): boolean {
    const present = this.#byId.get(`${tag}:${attrs['id'] ?? ''}`) ?? []
    return present.some(
      ({ node }) =>
        node.attrs['from'] === attrs['from'] &&
        node.attrs['participant'] === attrs['participant'] &&
        node.attrs['type'] === attrs['type'],
    )
  }

  /** Everything unconfirmed, oldest first. */
  pending(): BinaryNode[] {
    const all: PendingStanza[] = []
    for (const entries of this.#byId.values()) all.push(...entries)
    return all.sort((left, right) => left.sequence - right.sequence).map(entry => entry.node)
  }

  clear(): void {
    this.#byId.clear()
    this.#size = 0
  }
}

const bestMatch = (
  entries: readonly PendingStanza[],
  confirmation: Confirmation,
): { readonly index: number; readonly isExact: boolean } => {
  let best = 0
  let bestScore = -1
  for (const [index, { node }] of entries.entries()) {
    const score =
      (node.attrs['from'] === confirmation.from ? 4 : 0) +
      (node.attrs['participant'] === confirmation.participant ? 2 : 0) +
      (node.attrs['type'] === confirmation.type ? 1 : 0)
    if (score > bestScore) {
      best = index
      bestScore = score
    }
  }
  // The receipts that confirm a message have types of their own.
  return { index: best, isExact: bestScore >= (confirmation.class === 'message' ? 6 : 7) }
}
