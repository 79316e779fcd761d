import type { BinaryNode } from '../binary/node.js'
import { type MexNotification, parseMexNotification } from '../mex/notification.js'

export type NotificationHandler = (node: BinaryNode) => Promise<void>
export type MexNotificationHandler = (content: MexNotification['content'], node: BinaryNode) => Promise<void>

/** Which rooms want a `<notification>`, by its type. Several may want the same one: each child stands for itself. */
export class NotificationHandlers {
  readonly #byType = new Map<string, NotificationHandler[]>()
  readonly #byOperation = new Map<string, MexNotificationHandler[]>()

  constructor() {
    this.on('mex', node => this.#handleMex(node))
  }

  on(type: string, handler: NotificationHandler): void {
    add(this.#byType, type, handler)
  }

  /** For one operation of the type `mex`; the handler gets what the service tells (docs/protocol/04, 4.16). */
  onMex(operation: string, handler: MexNotificationHandler): void {
    add(this.#byOperation, operation, handler)
  }

  /**
   * Runs the handlers of this type in the order of their registration. One that fails does not keep the others from
   * their part; the first failure is thrown when all are through.
   */
  handle(node: BinaryNode): Promise<void> {
    const handlers = this.#byType.get(node.attrs['type'] ?? '') ?? []
    return runAll(handlers.map(handler => () => handler(node)))
  }

  #handleMex(node: BinaryNode): Promise<void> {
    const notifications = parseMexNotification(node)
    return runAll(
      notifications.flatMap(({ operation, content }) =>
        (this.#byOperation.get(operation) ?? []).map(handler => () => handler(content, node)),
      ),
    )
  }
}

function add<Handler>(handlers: Map<string, Handler[]>, name: string, handler: Handler): void {
  const known = handlers.get(name)
  if (known) known.push(handler)
  else handlers.set(name, [handler])
}

async function runAll(works: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const work of works) await work().catch(error => failures.push(error))
  if (failures.length > 0) throw failures[0]
}
