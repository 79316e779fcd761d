import { basename, extname } from 'node:path'
import { KurirError } from 'kurir/errors'
import { type ILogger, silentLogger } from 'kurir/logger'
import { wireLimits } from '../wire/limits.js'
import { GatewayLink } from './gateway-link.js'
import { makeRemoteSocket, type RemoteSocket } from './remote-socket.js'

export interface RemoteOptions {
  /** Of the gateway; `http://127.0.0.1:8765` when absent. */
  readonly url?: string
  /** An API key that allows something on the session. */
  readonly token: string
  /** Id of the session; `main` when absent. */
  readonly session?: string
  /**
   * Name of the subscription. The gateway remembers for each name what has been handled: a program that comes back gets
   * what it missed, and programs of the same name share the chats. The name of the program's file when absent.
   */
  readonly name?: string
  /** Milliseconds that the first connecting may take; 30,000 when absent, and at most. */
  readonly connectTimeoutMs?: number
  /** Events that may be on the way to this program; 100 when absent, 1,000 at most. */
  readonly credit?: number
  readonly logger?: ILogger
}

export const defaultGatewayUrl = 'http://127.0.0.1:8765'
const longestConnectMs = 30_000
const defaultCredit = 100

/**
 * Attaches to a session of a gateway. The socket that it resolves with has the members of a direct one; it stays the same
 * while the gateway restarts and while the session reconnects, which `connection.update` tells. Events that the program
 * missed come first, once somebody listens.
 *
 * `end()` leaves the gateway and leaves the session connected. What has no meaning far from the connection throws
 * `not-available-remotely` (docs/socket-mode.md).
 *
 * @throws KurirError `gateway-unreachable` (503), `unauthorized` (401), `forbidden` (403), `session-not-found` (404),
 *   `protocol-mismatch` (426), `invalid-config` (400)
 */
export async function connectRemote(options: RemoteOptions): Promise<RemoteSocket> {
  const { url = defaultGatewayUrl, token, session = 'main', logger = silentLogger } = options
  if (!URL.canParse(url)) throw invalid('url', `The URL of the gateway is none: ${url}`)
  if (typeof token !== 'string' || token === '') {
    throw invalid('token', 'A token is needed: the gateway prints one at its first start; give it as KURIR_TOKEN')
  }
  const link = new GatewayLink({
    url,
    token,
    session,
    name: options.name ?? programName(),
    connectTimeoutMs: Math.min(options.connectTimeoutMs ?? longestConnectMs, longestConnectMs),
    credit: Math.max(1, Math.min(options.credit ?? defaultCredit, wireLimits.maxCredit)),
    logger,
  })
  await link.open()
  return makeRemoteSocket(link, logger)
}

function programName(): string {
  const file = process.argv[1] ?? ''
  return basename(file, extname(file)) || 'bot'
}

function invalid(field: string, message: string): KurirError {
  return new KurirError('invalid-config', message, { statusCode: 400, data: { field } })
}
