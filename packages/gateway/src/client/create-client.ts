import { readFile } from 'node:fs/promises'
import type { UserFacingSocketConfig, WASocket } from 'kurir'
import { type ILogger, silentLogger } from 'kurir/logger'
import { clientEnvironment, type Environment, serviceEnvironment, storeEnvironment } from '../config/environment.js'

export interface ClientOptions {
  /** Name of the subscription in socket mode; the name of the program's file when absent. */
  readonly name?: string
  /** Id of the session; KURIR_SESSION, or `main`, when absent. */
  readonly session?: string
  readonly logger?: ILogger
  /** Config of the socket in direct mode. */
  readonly socketConfig?: Partial<UserFacingSocketConfig>
  /** `process.env` when absent. */
  readonly env?: Environment
}

/**
 * A socket by environment: `KURIR_MODE=direct` (the default) connects to WhatsApp from this process, `KURIR_MODE=socket`
 * attaches to a gateway. The program is the same in both, and so are the session's data (docs/socket-mode.md). In both
 * modes the socket stays the same over broken connections, and linking begins by itself: show the `qr` of
 * `connection.update`.
 *
 * @throws KurirError `invalid-config` (400); in socket mode as `connectRemote`; in direct mode `auth-state-locked` (409):
 *   a gateway or another program uses the session, and as `openStore`
 */
export async function createClient(options: ClientOptions = {}): Promise<WASocket> {
  const { env = process.env, logger = silentLogger, socketConfig } = options
  const { mode, url, token, session } = clientEnvironment(env)
  const id = options.session ?? session
  // Each mode loads only what it needs: a bot in socket mode starts in a fraction of a second.
  if (mode === 'direct') {
    const { openDirectClient } = await import('./direct-client.js')
    return await openDirectClient({
      session: id,
      store: storeEnvironment(env),
      logger,
      socketConfig: { ...serviceEnvironment(env), ...socketConfig },
    })
  }
  const { connectRemote } = await import('@kurir/remote')
  return await connectRemote({
    url,
    token: token ?? (await tokenOfThisMachine(env)),
    session: id,
    logger,
    ...(options.name !== undefined && { name: options.name }),
  })
}

/** The first token of a gateway that keeps its data in the same folder; empty where there is none. */
async function tokenOfThisMachine(env: Environment): Promise<string> {
  const text = await readFile(storeEnvironment(env).tokenFile, 'utf8').catch(() => '')
  return text.trim()
}
