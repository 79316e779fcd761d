import type { Boom } from '@hapi/boom'
import type { Contact } from '../chats/contact-types.js'
import type { KurirError } from '../errors/kurir-error.js'
import type { ReachoutTimelockState } from './account-limits.js'

const disconnectCodes = {
  connectionClosed: 428,
  connectionLost: 408,
  connectionReplaced: 440,
  timedOut: 408,
  loggedOut: 401,
  badSession: 500,
  restartRequired: 515,
  multideviceMismatch: 411,
  forbidden: 403,
  unavailableService: 503,
} as const

/**
 * Status codes (`error.output.statusCode`) of a connection's end. Reconnect unless it is `loggedOut`, `forbidden`,
 * `connectionReplaced` or `multideviceMismatch`; `restartRequired` follows every pairing. `connectionLost` and `timedOut`
 * share a number, so compare numbers: `DisconnectReason[408]` is `'timedOut'`.
 */
export const DisconnectReason: typeof disconnectCodes & { readonly [statusCode: number]: string | undefined } = {
  ...disconnectCodes,
  ...Object.fromEntries(Object.entries(disconnectCodes).map(([name, code]) => [code, name])),
}
export type DisconnectReason = (typeof disconnectCodes)[keyof typeof disconnectCodes]

/** How far the synchronisation after login has come (docs/protocol/04, 3.3). */
export const SyncState = { Connecting: 0, AwaitingInitialSync: 1, Syncing: 2, Online: 3 } as const
export type SyncState = (typeof SyncState)[keyof typeof SyncState]

export type WAConnectionState = 'open' | 'connecting' | 'close'

/** State of the connection. `connection.update` brings the changed members only. */
export interface ConnectionState {
  connection: WAConnectionState
  /** Why the last connection ended; `error` is undefined when `end()` was called without one. */
  lastDisconnect?: { error: KurirError | Boom | Error | undefined; date: Date } | undefined
  /** True once after a pairing succeeded. */
  isNewLogin?: boolean | undefined
  /** Text of the QR code to show; undefined removes it. */
  qr?: string | undefined
  /** All that waited on the server while this device was offline has been handled. */
  receivedPendingNotifications?: boolean | undefined
  /** Never filled; kept because programs for Baileys name it. */
  legacy?: { phoneConnected: boolean; user?: Contact | undefined } | undefined
  /** This device announces itself as available; the phone then gets no notifications. */
  isOnline?: boolean | undefined
  reachoutTimeLock?: ReachoutTimelockState | undefined
}
