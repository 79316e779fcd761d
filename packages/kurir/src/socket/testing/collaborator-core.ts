import { type AuthenticationCreds, initAuthCreds } from '../../auth/credentials.js'
import { makeMemoryKeyStore } from '../../auth/memory.js'
import { addTransactionCapability } from '../../auth/transactions.js'
import { assertNodeErrorFree } from '../../binary/accessors.js'
import type { BinaryNode } from '../../binary/node.js'
import { makeEventBuffer } from '../../events/event-buffer.js'
import type { BaileysEvent, BaileysEventMap } from '../../events/event-map.js'
import { type LogLine, recordingLogger } from '../../events/testing/recording-logger.js'
import type { SignalKeyStore } from '../../signal/key-store.js'
import { makeLibSignalRepository } from '../../signal/repository.js'
import { DEFAULT_CONNECTION_CONFIG, type SocketConfig } from '../config.js'
import type { ConnectionPhase } from '../connection.js'
import type { SocketCore } from '../core.js'
import { DeviceMemory } from '../device-memory.js'
import { DirtyBits } from '../dirty-bits.js'
import { NotificationHandlers } from '../notification-handlers.js'
import { ServerClock } from '../server-clock.js'
import { knownServerProps } from '../server-props.js'

export const NOW = 1_700_000_000

export interface TestCore extends SocketCore {
  /** What was sent: queries and other stanzas, in order. */
  readonly sent: readonly BinaryNode[]
  readonly log: readonly LogLine[]
  /** `connection.update` and the other events, in order. */
  readonly events: readonly { readonly name: string; readonly data: unknown }[]
  /** How the connection ended, once it has. */
  readonly endedWith: () => Error | undefined
  enter(phase: ConnectionPhase): void
  /** What came with the events of one name, in order. */
  named<Event extends BaileysEvent>(name: Event): BaileysEventMap[Event][]
}

export interface TestCoreOptions {
  /** The service's answers. */
  readonly answer?: (request: BinaryNode) => BinaryNode | Promise<BinaryNode>
  readonly creds?: Partial<AuthenticationCreds>
  /** What is stored already; empty when absent. */
  readonly store?: SignalKeyStore
  readonly config?: Partial<SocketConfig>
}

/**
 * The core of a socket for tests of one collaborator: real keys, events and repository in memory, and a connection that
 * answers as the test says and keeps what was sent.
 */
export function testCore({
  answer = () => result(),
  creds: given = {},
  store = makeMemoryKeyStore(),
  config: settings = {},
}: TestCoreOptions = {}): TestCore {
  const sent: BinaryNode[] = []
  const events: { name: string; data: unknown }[] = []
  const { logger, lines } = recordingLogger()
  const creds: AuthenticationCreds = { ...initAuthCreds(), ...given }
  const clock = () => NOW * 1000
  const keys = addTransactionCapability(store, logger, DEFAULT_CONNECTION_CONFIG.transactionOpts)
  const config = { ...DEFAULT_CONNECTION_CONFIG, auth: { creds, keys }, clock, logger, ...settings }
  const ev = makeEventBuffer(logger)
  ev.on('creds.update', update => {
    Object.assign(creds, update)
  })
  ev.process(batch => {
    for (const [name, data] of Object.entries(batch)) events.push({ name, data })
  })
  let phase: ConnectionPhase = 'open'
  let ended: Error | undefined
  let stanzas = 0
  const endHandlers: (() => void)[] = []
  const connection = {
    get phase() {
      return phase
    },
    verifiedServer: undefined,
    ids: { next: () => `id-${++stanzas}` },
    query: async (node: BinaryNode) => {
      sent.push(node)
      const received = await answer(node)
      assertNodeErrorFree(received)
      return received
    },
    sendNode: async (node: BinaryNode) => {
      sent.push(node)
    },
    onEnd: (handler: () => void) => endHandlers.push(handler),
    end: async (error: Error | undefined) => {
      ended ??= error
      phase = 'ended'
      for (const handler of endHandlers) handler()
    },
    loginAccepted: () => {
      phase = 'open'
    },
    pairingStarted: () => {
      phase = 'pairing'
    },
  }
  const core = {
    config,
    logger,
    ev,
    creds,
    keys,
    repository: makeLibSignalRepository({ creds, keys }, logger),
    memory: new DeviceMemory(),
    connection,
    clock: new ServerClock(clock),
    notifications: new NotificationHandlers(),
    dirtyBits: new DirtyBits(),
    serverProps: knownServerProps(creds),
    hooks: {
      pairing: async () => {},
      lookUpLids: async () => undefined,
      incomingSettled: async () => {},
      groupMetadata: async () => undefined,
      sendToPhone: async () => '',
      resentByPhone: async () => {},
    },
    sent,
    log: lines,
    events,
    endedWith: () => ended,
    enter: (next: ConnectionPhase) => {
      phase = next
    },
    named: (name: BaileysEvent) => events.filter(event => event.name === name).map(({ data }) => data),
  }
  // The connection is a class with private members; what collaborators use of it is here.
  return core as unknown as TestCore
}

/** An answer to a query. */
export function result(...content: BinaryNode[]): BinaryNode {
  return { tag: 'iq', attrs: { type: 'result' }, content }
}

export function refusal(code: number, text = 'refused'): BinaryNode {
  return { tag: 'iq', attrs: { type: 'error' }, content: [{ tag: 'error', attrs: { code: String(code), text } }] }
}
