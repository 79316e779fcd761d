import type { BinaryNode } from '../binary/node.js'

export type NotificationHandler = (node: BinaryNode) => Promise<void>

/** Which rooms want a `<notification>`, by its type. Several may want the same one: each child stands for itself. */
export class NotificationHandlers {
  readonly #byType = new Map<string, NotificationHandler[]>()

  on(type: string, handler: NotificationHandler): void {
    const handlers = this.#byType.get(type)
    if (handlers) handlers.push(handler)
    else this.#byType.set(type, [handler])
  }

  /**
   * Runs the handlers of this type in the order of their registration. One that fails does not keep the others from
   * their part; the first failure is thrown when all are through.
   */
  async handle(node: BinaryNode): Promise<void> {
    const failures: unknown[] = []
    for (const handler of this.#byType.get(node.attrs['type'] ?? '') ?? []) {
      await handler(node).catch(error => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }
}
