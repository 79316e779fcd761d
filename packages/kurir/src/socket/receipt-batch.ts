import type { BinaryNode } from '../binary/node.js'

/** Ids in one receipt: far below what the service takes (docs/protocol/03 §5.1), and no large frame. */
const IDS_PER_RECEIPT = 256
/** Receipts of other types name one message only. */
const LISTED_TYPES: ReadonlySet<string | undefined> = new Set([undefined, 'inactive', 'sender'])

/**
 * Collects the receipts of one turn of the event loop: several for the same chat and author become one with a list, as
 * the service allows. A burst of messages then costs one stanza and one ack instead of hundreds.
 */
export class ReceiptBatch {
  readonly #receipts = new Map<string, Set<string>>()
  readonly #first = new Map<string, BinaryNode>()

  get isEmpty(): boolean {
    return this.#first.size === 0
  }

  /** @param receipt without content: one message */
  add(receipt: BinaryNode): void {
    const { id, ...rest } = receipt.attrs
    const { to, type, participant, recipient } = rest
    const key = [to, type, participant, recipient, ...(LISTED_TYPES.has(type) ? [] : [id])].join(' ')
    const ids = this.#receipts.get(key)
    if (ids === undefined) {
      this.#receipts.set(key, new Set([id ?? '']))
      this.#first.set(key, receipt)
    } else {
      ids.add(id ?? '')
    }
  }

  /** The receipts to send, in the order in which their chats came first. The batch is empty afterwards. */
  take(): BinaryNode[] {
    const nodes: BinaryNode[] = []
    for (const [key, first] of this.#first) {
      const ids = [...(this.#receipts.get(key) ?? [])]
      for (let start = 0; start < ids.length; start += IDS_PER_RECEIPT) {
        nodes.push(withIds(first, ids.slice(start, start + IDS_PER_RECEIPT)))
      }
    }
    this.#receipts.clear()
    this.#first.clear()
    return nodes
  }
}

function withIds(receipt: BinaryNode, [first = '', ...further]: readonly string[]): BinaryNode {
  const node: BinaryNode = { tag: receipt.tag, attrs: { ...receipt.attrs, id: first } }
  if (further.length > 0) {
    node.content = [{ tag: 'list', attrs: {}, content: further.map(id => ({ tag: 'item', attrs: { id } })) }]
  }
  return node
}
