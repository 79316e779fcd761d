import type { BinaryNode } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import type { Device, DeviceLink } from '../accounts/device.js'
import type { Service } from '../router/service.js'
import { element, SERVICE } from '../router/stanzas.js'

const ANSWER_TIMEOUT_MS = 20_000

export type StanzaHandler = (node: BinaryNode) => Promise<void>

/**
 * A phone's link to the service: the same stanzas as on a WebSocket, without one. Answers and acks are matched at once;
 * everything else waits in an inbox and is handled in order.
 */
export class PhoneWire implements DeviceLink {
  readonly device: Device
  readonly #service: Service
  readonly #handle: StanzaHandler
  readonly #onProblem: (error: unknown) => void
  readonly #answers = new Map<string, (node: BinaryNode) => void>()
  readonly #acks = new Map<string, (node: BinaryNode) => void>()
  readonly #inbox: BinaryNode[] = []
  #draining: Promise<void> | undefined
  #requestNumber = 0

  constructor(service: Service, device: Device, handle: StanzaHandler, onProblem: (error: unknown) => void) {
    this.#service = service
    this.device = device
    this.#handle = handle
    this.#onProblem = onProblem
  }

  get online(): boolean {
    return this.device.link === this
  }

  /** Comes online: what was queued is delivered. */
  connect(): void {
    this.#service.connect(this.device, this, false)
    this.write(element('presence', { type: 'available', name: this.device.account.pushName }))
  }

  disconnect(): void {
    this.#service.disconnect(this.device, this)
  }

  /** From the service. */
  send(node: BinaryNode): void {
    if (node.tag === 'iq' && (node.attrs['type'] === 'result' || node.attrs['type'] === 'error')) {
      this.#settle(this.#answers, node)
      return
    }
    if (node.tag === 'ack') {
      this.#settle(this.#acks, node)
      return
    }
    this.#inbox.push(node)
    this.#draining ??= this.#drain()
  }

  end(): void {
    // A phone has no connection that could break: being ended means being offline until it connects again.
  }

  /** To the service; dropped while offline. */
  write(node: BinaryNode): void {
    if (this.online) this.#service.receive(this.device, node)
  }

  /**
   * Asks the service.
   *
   * @throws KurirError `phone-offline`, `timed-out`, `request-refused` with the code in `data.code`
   */
  async query(
    attrs: { xmlns: string; type: 'get' | 'set'; to?: string; target?: string },
    content?: BinaryNode[],
  ): Promise<BinaryNode> {
    this.#requestNumber += 1
    const id = `phone-${this.#requestNumber}`
    const answer = await this.#exchange(this.#answers, id, element('iq', { to: SERVICE, ...attrs, id }, content))
    if (answer.attrs['type'] !== 'error') return answer
    const error = (Array.isArray(answer.content) ? answer.content[0]?.attrs : undefined) ?? {}
    throw new KurirError('request-refused', `The service refused: ${error['text'] ?? ''}`, { data: error })
  }

  /** Sends a message and waits for its ack. @throws KurirError `phone-offline`, `timed-out` */
  async sendMessage(node: BinaryNode): Promise<BinaryNode> {
    return await this.#exchange(this.#acks, node.attrs['id'] ?? '', node)
  }

  /** Resolves when everything that has arrived was handled. */
  async settled(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining
  }

  #exchange(waiting: Map<string, (node: BinaryNode) => void>, id: string, node: BinaryNode): Promise<BinaryNode> {
    if (!this.online) {
      return Promise.reject(
        new KurirError('phone-offline', 'The phone is offline', { statusCode: 428, retryable: true }),
      )
    }
    return new Promise((resolve, reject) => {
      waiting.set(id, resolve)
      this.write(node)
      // The service answers within the call; only a fault makes it late or silent.
      if (waiting.get(id) !== resolve) return
      const cancel = this.#service.core.clock.schedule(ANSWER_TIMEOUT_MS, () => {
        waiting.delete(id)
        reject(
          new KurirError('timed-out', 'The service did not answer the phone', { statusCode: 408, retryable: true }),
        )
      })
      waiting.set(id, answer => {
        cancel()
        resolve(answer)
      })
    })
  }

  #settle(waiting: Map<string, (node: BinaryNode) => void>, node: BinaryNode): void {
    const id = node.attrs['id'] ?? ''
    const settle = waiting.get(id)
    waiting.delete(id)
    settle?.(node)
  }

  /** One stanza that cannot be handled must not stop those behind it. */
  async #handleSafely(node: BinaryNode): Promise<void> {
    try {
      await this.#handle(node)
    } catch (error) {
      this.#onProblem(error)
    }
  }

  async #drain(): Promise<void> {
    // One turn later: the service has finished with what made it write.
    await Promise.resolve()
    for (;;) {
      const batch = this.#inbox.splice(0)
      if (batch.length === 0) break
      for (const node of batch) await this.#handleSafely(node)
    }
    this.#draining = undefined
  }
}
