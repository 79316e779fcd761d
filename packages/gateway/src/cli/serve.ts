import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { openStore, type Store } from '@kurir/store'
import { KurirError } from 'kurir/errors'
import { pino } from 'pino'
import qrcode from 'qrcode-terminal'
import {
  type Environment,
  gatewayEnvironment,
  type StoreEnvironment,
  serviceEnvironment,
  storeEnvironment,
} from '../config/environment.js'
import { Gateway } from '../gateway.js'
import type { HostedSession } from '../sessions/hosted-session.js'

/** Secrets that errors and configs may carry; they are not written into logs. */
const redacted = ['token', '*.token', 'authorization', '*.authorization', 'noiseKey', 'creds', '*.creds']

/**
 * The gateway as a process, configured by the environment: prints where it listens, the first token, and the QR of sessions
 * that are not linked. It ends in order at SIGTERM and SIGINT.
 *
 * @returns the exit code when it could not start
 */
export async function serve(env: Environment): Promise<number | undefined> {
  try {
    await start(env)
    return undefined
  } catch (error) {
    if (!KurirError.is(error)) throw error
    console.error(`gateway: ${error.message} [${error.code}]`)
    return 1
  }
}

async function start(env: Environment): Promise<void> {
  const { host, port, token, sessions, logLevel } = gatewayEnvironment(env)
  const place = storeEnvironment(env)
  const logger = pino({ level: logLevel, redact: redacted })
  await mkdir(place.folder, { recursive: true, mode: 0o700 })
  const store = await openStore({ logger, ...(place.url === undefined ? { file: place.file } : { url: place.url }) })
  const gateway = await startOn(store, () =>
    Gateway.start({
      store,
      host,
      port,
      logger,
      socketConfig: serviceEnvironment(env),
      ...(token !== undefined && { token }),
    }),
  )
  endInOrder(gateway)
  console.log(`gateway: listening at ${gateway.url}`)
  if (token === undefined) await firstToken(store, place)
  for (const session of sessions) narrate(await gateway.sessions.start(session))
}

/** A gateway that does not come about leaves nothing open. */
async function startOn(store: Store, begin: () => Promise<Gateway>): Promise<Gateway> {
  try {
    return await begin()
  } catch (error) {
    await store.close()
    throw error
  }
}

/** A store without keys gets one that may do everything. It is shown once, and left for programs of this machine. */
async function firstToken(store: Store, { tokenFile }: StoreEnvironment): Promise<void> {
  if ((await store.apiKeys.list()).length > 0) return
  const { token } = await store.apiKeys.create({ name: 'first', scopes: ['*:*'] })
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 })
  await chmod(tokenFile, 0o600)
  console.log(`gateway: token ${token}`)
  console.log(`gateway: it is shown this once, and kept in ${tokenFile} for programs on this machine`)
}

/** Tells in the terminal how a session fares, and draws its QR. */
function narrate(hosted: HostedSession): void {
  const tell = ({ state, explanation, qr, credentials }: HostedSession['view']) => {
    const me = credentials['me']
    const who = typeof me === 'object' && me !== null && 'id' in me ? String(me.id) : ''
    if (qr !== undefined) {
      qrcode.generate(qr, { small: true })
      console.log(
        `gateway: session '${hosted.id}' is not linked. Scan this with WhatsApp > Linked devices > Link a device`,
      )
      console.log(qr)
    } else if (state === 'open') console.log(`gateway: session '${hosted.id}' is connected as ${who}`)
    else if (state !== 'connecting') console.log(`gateway: session '${hosted.id}' is ${state}. ${explanation}`)
  }
  hosted.watch({ stateChanged: tell, live: () => {} })
  if (hosted.view.state !== 'connecting') tell(hosted.view)
}

function endInOrder(gateway: Gateway): void {
  let isEnding = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A second one does not wait.
      if (isEnding) process.exit(1)
      isEnding = true
      console.log('gateway: ending; what is under way is finished first')
      gateway.close().then(
        () => process.exit(0),
        error => {
          console.error(`gateway: could not end in order: ${String(error)}`)
          process.exit(1)
        },
      )
    })
  }
}
