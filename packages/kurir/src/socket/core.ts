import type { AuthenticationCreds } from '../auth/credentials.js'
import { addTransactionCapability, type TransactionalKeyStore } from '../auth/transactions.js'
import type { BinaryNode } from '../binary/node.js'
import type { ServerProps } from '../chats/server-props.js'
import { type BaileysBufferableEventEmitter, makeEventBuffer } from '../events/event-buffer.js'
import type { WAMessage } from '../events/message-types.js'
import type { GroupMetadata } from '../groups/group-types.js'
import type { ILogger } from '../logger/logger.js'
import type { proto } from '../proto/index.js'
import type { LIDMapping } from '../signal/lid-mapping.js'
import type { KurirSignalRepository } from '../signal/repository.js'
import type { SocketConfig } from './config.js'
import { Connection } from './connection.js'
import { type DeviceMemory, deviceMemoryOf } from './device-memory.js'
import { DirtyBits } from './dirty-bits.js'
import { NotificationHandlers } from './notification-handlers.js'
import { completeRepository } from './repository-adapter.js'
import { ServerClock } from './server-clock.js'
import { knownServerProps } from './server-props.js'

/**
 * What the layers of one socket share. Every collaborator takes the parts it needs from here; nothing in it is public.
 */
export interface SocketCore {
  readonly config: SocketConfig
  readonly logger: ILogger
  readonly ev: BaileysBufferableEventEmitter
  /** The live credentials: the same object for the life of the socket, updated in place by `creds.update`. */
  readonly creds: AuthenticationCreds
  readonly keys: TransactionalKeyStore
  readonly repository: KurirSignalRepository
  /** What outlives this connection. */
  readonly memory: DeviceMemory
  readonly connection: Connection
  readonly clock: ServerClock
  /** Each layer registers the types of `<notification>` that its rooms understand. */
  readonly notifications: NotificationHandlers
  /** Each layer registers what it fetches anew when the server says that it has changed. */
  readonly dirtyBits: DirtyBits
  /** Switches of the service, live. */
  readonly serverProps: ServerProps
  readonly hooks: LayerHooks
}

/** What a lower layer needs from a higher one; each is filled in by the layer that can do it. */
export interface LayerHooks {
  /** Takes the notifications that belong to linking (base layer). */
  pairing: (node: BinaryNode) => Promise<void>
  /** Asks the server for the LIDs of phone numbers (usync layer). */
  lookUpLids: (pns: readonly string[]) => Promise<LIDMapping[] | undefined>
  /** Resolves when every stanza received so far has been handled (receiving layer). */
  incomingSettled: () => Promise<void>
  /** Who is in a group, from the cache or from the server; undefined when it cannot be told (groups layer). */
  groupMetadata: (jid: string) => Promise<GroupMetadata | undefined>
  /** Sends a message to the own phone alone (sending layer). Resolves with its id. */
  sendToPhone: (message: proto.IMessage) => Promise<string>
  /** Takes a message that the phone sent again on request (receiving layer). */
  resentByPhone: (message: WAMessage, requestId: string) => Promise<void>
}

/** A layer: the shared core, and the public members so far. */
export interface Layer<Socket extends object> {
  readonly core: SocketCore
  readonly socket: Socket
}

/** Adds members to the socket below, keeping getters alive: `sock.user` stays live in every layer. */
export function extendSocket<Below extends object, Added extends object>(below: Below, added: Added): Below & Added {
  return Object.defineProperties(below, Object.getOwnPropertyDescriptors(added)) as Below & Added
}

export function makeCore(config: SocketConfig): SocketCore {
  const { logger, auth } = config
  const { creds } = auth
  const ev = makeEventBuffer(logger)
  const keys = addTransactionCapability(auth.keys, logger, config.transactionOpts)
  const hooks: LayerHooks = {
    pairing: async () => {},
    lookUpLids: async () => undefined,
    incomingSettled: async () => {},
    groupMetadata: async () => undefined,
    sendToPhone: async () => '',
    resentByPhone: async () => {},
  }
  const repository = completeRepository(
    config.makeSignalRepository({ creds, keys }, logger, pns => hooks.lookUpLids(pns)),
  )
  const memory = deviceMemoryOf(creds)
  memory.attach(auth.keys, logger)
  ev.on('creds.update', update => {
    Object.assign(creds, update)
  })
  return {
    config,
    logger,
    ev,
    creds,
    keys,
    repository,
    memory,
    connection: new Connection(config, creds),
    clock: new ServerClock(config.clock),
    notifications: new NotificationHandlers(),
    dirtyBits: new DirtyBits(),
    serverProps: knownServerProps(creds),
    hooks,
  }
}
