import { mkdir } from 'node:fs/promises'
import { connectionUpdateOf, type MemberEntry, methodRegistry, type SessionView } from '@kurir/remote/wire'
import { openStore, type Store, type StoredAuthState } from '@kurir/store'
import makeWASocket, {
  type BaileysEvent,
  type BaileysEventMap,
  type UserFacingSocketConfig,
  type WAMessage,
  type WASocket,
} from 'kurir'
import { KurirError } from 'kurir/errors'
import {
  type BaileysBufferableEventEmitter,
  bindWaitForConnectionUpdate,
  type EventBatch,
  makeEventBuffer,
} from 'kurir/events'
import type { ILogger } from 'kurir/logger'
import type { StoreEnvironment } from '../config/environment.js'
import { scheduleTimeout } from '../schedule-timeout.js'
import { Session } from '../sessions/session.js'
import { sessionView } from '../sessions/session-view.js'

export interface DirectOptions {
  readonly session: string
  readonly store: StoreEnvironment
  readonly logger: ILogger
  readonly socketConfig: Partial<UserFacingSocketConfig>
}

/** How long a call waits for the connection. */
const longestWaitMs = 30_000

/** A session of the store with a connection of this process, as one socket that stays the same. */
export async function openDirectClient(options: DirectOptions): Promise<WASocket> {
  const { session: id, store: place, logger } = options
  await mkdir(place.folder, { recursive: true })
  const store = await openStore({ logger, ...(place.url === undefined ? { file: place.file } : { url: place.url }) })
  try {
    const client = new DirectClient(options, store, await store.auth(id))
    // Listeners are attached after the promise resolved.
    setImmediate(() => client.session.start())
    return client.socket
  } catch (error) {
    await store.close()
    throw error
  }
}

class DirectClient {
  readonly session: Session
  readonly socket: WASocket
  readonly #ev: BaileysBufferableEventEmitter
  readonly #store: Store
  readonly #auth: StoredAuthState
  readonly #endHandlers: ((error: Error | undefined) => void | Promise<void>)[] = []
  #view: SessionView | undefined
  #current: WASocket | undefined
  #ending: Promise<void> | undefined

  constructor({ session: id, logger, socketConfig }: DirectOptions, store: Store, auth: StoredAuthState) {
    this.#store = store
    this.#auth = auth
    this.#ev = makeEventBuffer(logger)
    this.session = new Session({
      id,
      logger,
      makeSocket: config => {
        this.#current = makeWASocket(config)
        return this.#current
      },
      config: { getMessage: store.getMessage(id), ...socketConfig },
      auth: auth.state,
      takeEvents: batch => this.#take(batch),
      changed: () => this.#changed(),
      live: batch => void this.#emit(batch),
      clock: Date.now,
      random: Math.random,
      schedule: scheduleTimeout,
    })
    this.socket = this.#makeSocket(logger)
  }

  /** Kept first: messages are asked for when a device could not read them. Then handled, and not gone before that. */
  async #take(batch: EventBatch): Promise<void> {
    const messages = batch['messages.upsert']?.messages ?? []
    if (messages.length > 0) await this.#keep(messages)
    const { 'connection.update': _state, 'presence.update': _live, 'creds.update': _secrets, ...events } = batch
    await this.#emit(events)
  }

  /** A message that cannot be kept is handled all the same: to the library a handler that throws has had its turn. */
  async #keep(messages: readonly WAMessage[]): Promise<void> {
    try {
      await this.#store.messages.save(this.session.id, messages)
    } catch (error) {
      this.socket.logger.error({ err: error, session: this.session.id }, 'messages could not be kept')
    }
  }

  async #emit(batch: EventBatch): Promise<void> {
    const names = Object.keys(batch) as BaileysEvent[]
    await Promise.all(names.map(name => this.#ev.emitAndWait(name, batch[name] as BaileysEventMap[BaileysEvent])))
  }

  #changed(): void {
    const before = this.#view
    this.#view = sessionView(this.session)
    const update = connectionUpdateOf(before, this.#view)
    if (update !== undefined) this.#ev.emit('connection.update', update)
  }

  #makeSocket(logger: ILogger): WASocket {
    const socket = {}
    const local: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(this.#localMembers(logger))
    for (const [name, entry] of Object.entries<MemberEntry>(methodRegistry)) {
      Object.defineProperty(socket, name, local[name] ?? this.#descriptorOf(name, entry))
    }
    return socket as WASocket
  }

  #descriptorOf(name: string, entry: MemberEntry): PropertyDescriptor {
    if (entry.kind !== 'call') return { configurable: true, get: () => Reflect.get(this.#connected(), name) }
    const value = async (...args: unknown[]) => {
      const socket = await this.session.openSocket(longestWaitMs)
      return await Reflect.apply(Reflect.get(socket, name), socket, args)
    }
    return { configurable: true, enumerable: true, writable: true, value }
  }

  #localMembers(logger: ILogger): Partial<WASocket> {
    const { session } = this
    const { state } = this.#auth
    const connected = () => this.#connected()
    return {
      type: 'md',
      logger,
      ev: this.#ev,
      get authState() {
        return connected().authState
      },
      get user() {
        return state.creds.me
      },
      logout: () => session.logout(),
      requestPairingCode: (phoneNumber, code) => session.requestPairingCode(phoneNumber, code),
      end: error => this.#end(error),
      registerSocketEndHandler: handler => void this.#endHandlers.push(handler),
      waitForConnectionUpdate: bindWaitForConnectionUpdate(this.#ev),
      waitForSocketOpen: async () => void (await session.openSocket(longestWaitMs)),
    }
  }

  #connected(): WASocket {
    if (this.#current !== undefined) return this.#current
    throw new KurirError('session-not-open', `The session is not connected. ${this.session.explain()}`, {
      statusCode: 503,
      data: { session: this.session.id, state: this.session.state.kind },
    })
  }

  #end(error: Error | undefined): Promise<void> {
    this.#ending ??= this.#endNow(error)
    return this.#ending
  }

  async #endNow(error: Error | undefined): Promise<void> {
    await this.session.stop()
    await this.#auth.close()
    await this.#store.close()
    for (const handler of this.#endHandlers) await handler(error)
  }
}
