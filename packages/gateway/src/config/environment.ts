import { join } from 'node:path'
import type { UserFacingSocketConfig } from 'kurir'
import { KurirError } from 'kurir/errors'

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** How a program gets its socket: its own connection, or one of a gateway. */
export type ClientMode = 'direct' | 'socket'

export interface ClientEnvironment {
  readonly mode: ClientMode
  /** Of the gateway. */
  readonly url: string
  readonly token: string | undefined
  readonly session: string
}

export interface StoreEnvironment {
  /** The folder with the data. */
  readonly folder: string
  /** Of PostgreSQL; SQLite in the folder when undefined. */
  readonly url: string | undefined
  readonly file: string
  /** Where the gateway leaves its first token for programs of the same machine. */
  readonly tokenFile: string
}

const defaultHost = '127.0.0.1'
export const defaultPort = 8765

/**
 * `KURIR_MODE`, `KURIR_URL`, `KURIR_TOKEN`, `KURIR_SESSION`; of others' programs `USE_SOCKET_MODE`, `SOCKET_HOST` and
 * `SOCKET_PORT` are understood, where Kurir's own are not set.
 *
 * @throws KurirError `invalid-config` (400), naming the variable in `data.field`
 */
export function clientEnvironment(env: Environment): ClientEnvironment {
  const host = env['SOCKET_HOST'] || defaultHost
  const port = portOf('SOCKET_PORT', env['SOCKET_PORT'])
  return {
    mode: modeOf(env),
    url: env['KURIR_URL'] || `http://${host}:${port}`,
    token: env['KURIR_TOKEN'] || undefined,
    session: env['KURIR_SESSION'] || 'main',
  }
}

/** `KURIR_DATA` (`.kurir` when unset) and `KURIR_DATABASE_URL`. */
export function storeEnvironment(env: Environment): StoreEnvironment {
  const folder = env['KURIR_DATA'] || '.kurir'
  return {
    folder,
    url: env['KURIR_DATABASE_URL'] || undefined,
    file: join(folder, 'kurir.sqlite'),
    tokenFile: join(folder, 'gateway-token'),
  }
}

export interface GatewayEnvironment {
  readonly host: string
  readonly port: number
  readonly token: string | undefined
  /** Sessions that are created and started with the gateway. */
  readonly sessions: readonly string[]
  readonly logLevel: string
}

/**
 * `KURIR_HOST`, `KURIR_PORT`, `KURIR_TOKEN`, `KURIR_SESSIONS` (names with commas between), `LOG_LEVEL`.
 *
 * @throws KurirError `invalid-config` (400)
 */
export function gatewayEnvironment(env: Environment): GatewayEnvironment {
  const names = env['KURIR_SESSIONS'] ?? env['KURIR_SESSION'] ?? 'main'
  return {
    host: env['KURIR_HOST'] || env['SOCKET_HOST'] || defaultHost,
    port: portOf('KURIR_PORT', env['KURIR_PORT'] || env['SOCKET_PORT']),
    token: env['KURIR_TOKEN'] || undefined,
    sessions: names
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== ''),
    logLevel: env['LOG_LEVEL'] || 'warn',
  }
}

/**
 * For offline work: `KURIR_SIMULATOR_URL` and `KURIR_SIMULATOR_ROOT` (base64) put the simulator in the place of WhatsApp,
 * `KURIR_SIMULATOR_MEDIA` its media host.
 */
export function serviceEnvironment(env: Environment): Partial<UserFacingSocketConfig> {
  const url = env['KURIR_SIMULATOR_URL']
  const root = env['KURIR_SIMULATOR_ROOT']
  const media = env['KURIR_SIMULATOR_MEDIA']
  if (!url || !root) return {}
  return {
    waWebSocketUrl: url,
    noiseRoot: { publicKey: Buffer.from(root, 'base64'), serial: 0 },
    ...(media && { mediaOrigins: [media] }),
  }
}

function modeOf(env: Environment): ClientMode {
  const mode = env['KURIR_MODE']
  if (mode === 'direct' || mode === 'socket') return mode
  if (mode) throw invalid('KURIR_MODE', `KURIR_MODE is 'direct' or 'socket', not '${mode}'`)
  return /^(1|true|yes|on)$/i.test(env['USE_SOCKET_MODE'] ?? '') ? 'socket' : 'direct'
}

function portOf(field: string, value: string | undefined): number {
  if (!value) return defaultPort
  const port = Number(value)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw invalid(field, `${field} is a number from 0 to 65535, not '${value}'`)
}

function invalid(field: string, message: string): KurirError {
  return new KurirError('invalid-config', message, { statusCode: 400, data: { field } })
}
