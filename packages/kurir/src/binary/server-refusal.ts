import { KurirError } from '../errors/kurir-error.js'
import type { BinaryNode } from './node.js'

const RETRYABLE: ReadonlySet<number> = new Set([408, 429, 500, 503, 530])

/**
 * The server refused a request, or a part of it: `<error code text backoff>` in its answer. As in Baileys `message` is
 * the text and `data` the server's number, NaN when it gives none. `output.statusCode` is that number where it is a
 * status, else 500.
 */
export class ServerRefusal extends KurirError<number> {
  override readonly name = 'ServerRefusal'
  /** Seconds to wait before asking again, when the server says so. */
  readonly backoffSeconds: number | undefined
  /** The element that the `<error>` stands in: the whole answer to a query, or one user of it. */
  readonly node: BinaryNode

  constructor(error: BinaryNode, node: BinaryNode) {
    const code = Number(error.attrs['code'] || Number.NaN)
    super('server-refused', error.attrs['text'] || 'Unknown error', {
      statusCode: code >= 400 && code <= 599 ? code : 500,
      retryable: RETRYABLE.has(code),
      data: code,
    })
    const backoff = Number(error.attrs['backoff'] ?? Number.NaN)
    this.backoffSeconds = backoff >= 0 ? backoff : undefined
    this.node = node
  }
}
