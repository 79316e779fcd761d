import type { Agent } from 'node:https'
import { createRequire } from 'node:module'
import type { AuthenticationState } from '../auth/credentials.js'
import { KurirError } from '../errors/kurir-error.js'
import type { WAMessageKey } from '../events/message-types.js'
import type { GroupMetadata } from '../groups/group-types.js'
import type { ILogger } from '../logger/logger.js'
import type { NoiseRoot } from '../noise/constants.js'
import { Browsers } from '../pairing/browsers.js'
import type { proto } from '../proto/index.js'
import type { SignalAuthState, TransactionCapabilityOptions } from '../signal/key-store.js'
import type { LIDMapping } from '../signal/lid-mapping.js'
import type { SignalRepositoryWithLIDStore } from '../signal/repository.js'
import type { CacheStore, PossiblyExtendedCacheStore } from './cache-store.js'
import type { PasskeyAuthenticator } from './passkey-pairing.js'

export type WAVersion = [number, number, number]
export type WABrowserDescription = [string, string, string]

/** A message prepared for one device by `patchMessageBeforeSending`. */
export type PatchedMessageWithRecipientJID = proto.IMessage & { recipientJid?: string }

/**
 * Everything a socket can be told (docs/protocol/06, factory and configuration). The names and defaults are those of
 * Baileys 7; `noiseRoot`, `passkey` and `clock` are Kurir's own.
 */
export interface SocketConfig {
  /** Credentials and key store; the only required member. */
  auth: AuthenticationState
  version: WAVersion
  /** [operating system, browser, release] as the phone lists the linked device. */
  browser: WABrowserDescription
  waWebSocketUrl: string | URL
  logger: ILogger
  /** Milliseconds for each stage of connecting: WebSocket, each Noise step, the server's answer to the login. */
  connectTimeoutMs: number
  /** Milliseconds a query waits for its answer; undefined waits until the connection ends. */
  defaultQueryTimeoutMs: number | undefined
  keepAliveIntervalMs: number
  /** Life of each QR text in milliseconds; without it 60 s for the first and 20 s for each further one. */
  qrTimeout?: number
  markOnlineOnConnect: boolean
  syncFullHistory: boolean
  shouldSyncHistoryMessage: (message: proto.Message.IHistorySyncNotification) => boolean
  fireInitQueries: boolean
  emitOwnEvents: boolean
  shouldIgnoreJid: (jid: string) => boolean | undefined
  /** Looks up a sent message to answer a retry request; the recent-message cache is asked first. */
  getMessage: (key: WAMessageKey) => Promise<proto.IMessage | undefined>
  cachedGroupMetadata: (jid: string) => Promise<GroupMetadata | undefined>
  patchMessageBeforeSending: (
    message: proto.IMessage,
    recipientJids?: string[],
  ) =>
    | Promise<PatchedMessageWithRecipientJID[] | PatchedMessageWithRecipientJID>
    | PatchedMessageWithRecipientJID[]
    | PatchedMessageWithRecipientJID
  generateHighQualityLinkPreview: boolean
  linkPreviewImageThumbnailWidth: number
  mediaCache?: CacheStore
  /**
   * Counters of requests to send a message again, under `<message id>:<device>`, for programs that share or persist them.
   * Without it they last as long as the process. What fails there is logged and counted in the process.
   */
  msgRetryCounterCache?: CacheStore
  userDevicesCache?: PossiblyExtendedCacheStore
  callOfferCache?: CacheStore
  placeholderResendCache?: CacheStore
  customUploadHosts: { hostname: string; maxContentLengthBytes: number }[]
  /** Proxy agent for the WebSocket, and for media unless `fetchAgent` is given. */
  agent?: Agent
  /** Proxy agent for media. */
  fetchAgent?: Agent
  /** Options of `fetch` for media; its headers go to the WebSocket handshake too. */
  options: RequestInit
  retryRequestDelayMs: number
  maxMsgRetryCount: number
  enableAutoSessionRecreation: boolean
  enableRecentMessageCache: boolean
  transactionOpts: TransactionCapabilityOptions
  /** Accepted for compatibility: Kurir always verifies. */
  appStateMacVerification: { patch: boolean; snapshot: boolean }
  countryCode: string
  makeSignalRepository: (
    auth: SignalAuthState,
    logger: ILogger,
    pnToLIDFunc?: (jids: string[]) => Promise<LIDMapping[] | undefined>,
  ) => SignalRepositoryWithLIDStore
  pushName?: string
  /** Removed from Baileys; only a warning is logged. */
  printQRInTerminal?: boolean
  /** Removed from Baileys; `true` throws. */
  mobile?: boolean
  /**
   * The root key that the server's Noise certificate chain must lead to: WhatsApp's by default, the simulator's for
   * offline work. There is no switch that turns the verification off.
   */
  noiseRoot?: NoiseRoot
  /**
   * Origins, such as `http://127.0.0.1:8080`, that media is loaded from and sent to instead of https on WhatsApp's hosts:
   * the simulator's. Goes with `noiseRoot` (docs/decisions/0019).
   */
  mediaOrigins?: readonly string[]
  /** Lets the program give media by URLs that lead into private networks; they are refused otherwise. */
  allowPrivateAddresses?: boolean
  /** Asked when the service wants the account's passkey for linking; without it such an account cannot be linked. */
  passkey?: PasskeyAuthenticator
  /** Milliseconds since the epoch; replaceable so that tests need not wait. */
  clock: () => number
}

export type UserFacingSocketConfig = Partial<SocketConfig> & { auth: AuthenticationState }

export const DEFAULT_ORIGIN = 'https://web.whatsapp.com'
const DEFAULT_WEB_SOCKET_URL = 'wss://web.whatsapp.com/ws/chat'

/** History kinds that are processed; the others are acknowledged only (docs/protocol/03, history sync). */
export const PROCESSABLE_HISTORY_TYPES: readonly number[] = [0, 4, 3, 2, 6, 5, 1]
/** Milliseconds of silence after which a history transfer counts as paused (docs/protocol/03, history sync). */
export const HISTORY_SYNC_PAUSED_TIMEOUT_MS = 120_000
const FULL_HISTORY = 2

/** The defaults of section 2 of docs/protocol/06; the logger and the Signal repository are made when first needed. */
export const DEFAULT_CONNECTION_CONFIG: Omit<SocketConfig, 'auth' | 'logger' | 'makeSignalRepository'> = {
  version: [2, 3000, 1043857760],
  browser: Browsers.macOS('Chrome'),
  waWebSocketUrl: DEFAULT_WEB_SOCKET_URL,
  connectTimeoutMs: 20_000,
  defaultQueryTimeoutMs: 60_000,
  keepAliveIntervalMs: 30_000,
  markOnlineOnConnect: true,
  syncFullHistory: true,
  shouldSyncHistoryMessage: ({ syncType }) => syncType !== FULL_HISTORY,
  fireInitQueries: true,
  emitOwnEvents: true,
  shouldIgnoreJid: () => false,
  getMessage: async () => undefined,
  cachedGroupMetadata: async () => undefined,
  patchMessageBeforeSending: message => message,
  generateHighQualityLinkPreview: false,
  linkPreviewImageThumbnailWidth: 192,
  customUploadHosts: [],
  options: {},
  retryRequestDelayMs: 250,
  maxMsgRetryCount: 5,
  enableAutoSessionRecreation: true,
  enableRecentMessageCache: true,
  transactionOpts: { maxCommitRetries: 10, delayBetweenTriesMs: 3000 },
  appStateMacVerification: { patch: false, snapshot: false },
  countryCode: 'US',
  clock: Date.now,
}

/**
 * The defaults overlaid with what the user gave. An explicit `undefined` keeps the default.
 *
 * @throws KurirError `mobile-api-not-supported` (401) for `mobile: true` or a `tcp:` URL, `invalid-config` (400) for
 *   a config without `auth` or with an unusable URL.
 */
export const resolveConfig = (
  config: UserFacingSocketConfig,
  makeSignalRepository: SocketConfig['makeSignalRepository'],
): SocketConfig => {
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
  if (!config.auth?.creds || !config.auth.keys) {
    throw new KurirError(
      'invalid-config',
      'The config needs `auth`: { creds, keys }, as useMultiFileAuthState gives it',
      {
        statusCode: 400,
        data: { field: 'auth' },
      },
    )
  }
  const resolved = { ...DEFAULT_CONNECTION_CONFIG, makeSignalRepository, ...given } as SocketConfig
  resolved.logger = config.logger ?? defaultLogger()
  const protocol = parseUrl(resolved.waWebSocketUrl).protocol
  if (resolved.mobile || protocol === 'tcp:') {
    throw new KurirError('mobile-api-not-supported', 'Mobile API is not supported anymore', { statusCode: 401 })
  }
  if (resolved.printQRInTerminal) {
    resolved.logger.warn({}, 'printQRInTerminal does nothing: draw the `qr` of connection.update yourself')
  }
  return resolved
}

const parseUrl = (url: string | URL): URL => {
  try {
    return typeof url === 'string' ? new URL(url) : url
  } catch (cause) {
    throw new KurirError('invalid-config', `waWebSocketUrl is not a URL: ${String(url)}`, {
      statusCode: 400,
      data: { field: 'waWebSocketUrl' },
      cause,
    })
  }
}

let sharedLogger: ILogger | undefined

/** pino is loaded only when a socket is made without a logger of the user's: importing Kurir stays cheap. */
const defaultLogger = (): ILogger => {
  if (!sharedLogger) {
    const require = createRequire(import.meta.url)
    const pino: (options: object) => ILogger = require('pino')
    sharedLogger = pino({ level: 'info', timestamp: () => `,"time":"${new Date().toJSON()}"` })
  }
  return sharedLogger.child({ class: 'kurir' })
}
