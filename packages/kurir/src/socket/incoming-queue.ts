import type { BinaryNode } from '../binary/node.js'
import type { ILogger } from '../logger/logger.js'
import { KeyedQueue } from './scheduling.js'

/**
 * Handles received stanzas: those of one chat one after another in the order of arrival, different chats side by side.
 * What a handler leaves open is its own affair; a failure is logged and never stops the ones behind.
 */
export class IncomingQueue {
  readonly #queue = new KeyedQueue()
  readonly #logger: ILogger

  constructor(logger: ILogger) {
    this.#logger = logger
  }

  add(key: string, node: BinaryNode, handle: (node: BinaryNode) => Promise<void>): void {
    this.#queue
      .run(key, () => handle(node))
      .catch(error =>
        this.#logger.error({ err: error, tag: node.tag, id: node.attrs['id'] }, 'a stanza could not be handled'),
      )
  }

  /** Resolves when everything that has arrived so far is handled. */
  settled(): Promise<void> {
    return this.#queue.drain()
  }
}
