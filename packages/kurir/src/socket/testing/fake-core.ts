import { initAuthCreds } from '../../auth/credentials.js'
import { makeMemoryAuthState } from '../../auth/memory.js'
import { addTransactionCapability } from '../../auth/transactions.js'
import type { BinaryNode } from '../../binary/node.js'
import { makeEventBuffer } from '../../events/event-buffer.js'
import type { BaileysEvent, BaileysEventMap } from '../../events/event-map.js'
import type { Schedule } from '../../events/schedule.js'
import { silentLogger } from '../../logger/logger.js'
import type { LIDMapping } from '../../signal/key-store.js'
import { DEFAULT_CONNECTION_CONFIG, type SocketConfig } from '../config.js'
import type { SocketCore } from '../core.js'
import { MessageMemory } from '../message-memory.js'

/** A core without a connection, for collaborators that need events, keys and the names of people. */
export class FakeCore {
  readonly sent: BinaryNode[] = []
  readonly events: { readonly name: BaileysEvent; readonly data: unknown }[] = []
  readonly mappings: LIDMapping[] = []
  phase = 'open'
  readonly core: SocketCore
  readonly #ends: (() => void)[] = []

  constructor(config: Partial<SocketConfig> = {}, auth = makeMemoryAuthState().state) {
    const creds = Object.assign(initAuthCreds(), auth.creds, {
      me: { id: '15550001111:7@s.whatsapp.net', lid: '100000000000001:7@lid' },
    })
    const ev = makeEventBuffer(silentLogger)
    ev.process(batch => {
      for (const [name, data] of Object.entries(batch)) this.events.push({ name: name as BaileysEvent, data })
    })
    ev.on('creds.update', update => void Object.assign(creds, update))
    const fake = this
    const lidOf = (pn: string) => this.mappings.find(mapping => mapping.pn === pn)?.lid
    this.core = {
      config: { ...DEFAULT_CONNECTION_CONFIG, ...config },
      logger: silentLogger,
      ev,
      creds,
      keys: addTransactionCapability(auth.keys, silentLogger, { maxCommitRetries: 1, delayBetweenTriesMs: 1 }),
      repository: {
        lidMapping: {
          storeLIDPNMappings: async (pairs: LIDMapping[]) => void this.mappings.push(...pairs),
          getLIDForPN: async (pn: string) => lidOf(pn),
        },
      },
      memory: { messages: new MessageMemory() },
      clock: { nowSeconds: () => 1_700_000_000 },
      connection: {
        get phase() {
          return fake.phase
        },
        onEnd: (handler: () => void) => this.#ends.push(handler),
        sendNode: async (node: BinaryNode) => void this.sent.push(node),
      },
    } as unknown as SocketCore
  }

  end(): void {
    this.phase = 'ended'
    for (const handler of this.#ends) handler()
  }

  named<Event extends BaileysEvent>(name: Event): BaileysEventMap[Event][] {
    return this.events.flatMap(event => (event.name === name ? [event.data as BaileysEventMap[Event]] : []))
  }
}

/** Timers that a test lets ring. */
export class FakeTimers {
  readonly waiting: { readonly ring: () => void; readonly delayMs: number }[] = []

  readonly schedule: Schedule = (ring, delayMs) => {
    const timer = { ring, delayMs }
    this.waiting.push(timer)
    return () => void this.#remove(timer)
  }

  /** Lets everything ring that waits now and is due within `ms`. */
  ring(ms: number): void {
    for (const timer of this.waiting.filter(({ delayMs }) => delayMs <= ms)) {
      this.#remove(timer)
      timer.ring()
    }
  }

  #remove(timer: (typeof this.waiting)[number]): void {
    const index = this.waiting.indexOf(timer)
    if (index >= 0) this.waiting.splice(index, 1)
  }
}
