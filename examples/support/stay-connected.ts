/**
 * What the examples share: linking by QR, and a new socket after each connection that ended for the time being.
 *
 * Offline, KURIR_SIMULATOR_URL and KURIR_SIMULATOR_ROOT (base64) take the place of WhatsApp, and KURIR_SIMULATOR_MEDIA
 * names the origins of its media host. The session is kept in KURIR_AUTH_FOLDER.
 */
import makeWASocket, { DisconnectReason, useMultiFileAuthState, type WASocket } from 'kurir'
import { pino } from 'pino'
import qrcode from 'qrcode-terminal'

const RECONNECT_AFTER_MS = 2000

export const logger = pino({ level: process.env['LOG_LEVEL'] ?? 'warn' })

/** @param use adds the listeners of the program to each new socket */
export const stayConnected = async (name: string, use: (sock: WASocket) => void): Promise<void> => {
  const folder = process.env['KURIR_AUTH_FOLDER'] ?? `.kurir/${name}`
  const { state, saveCreds } = await useMultiFileAuthState(folder)

  const start = (): void => {
    const sock = makeWASocket({ auth: state, logger, ...simulator() })
    sock.ev.on('creds.update', saveCreds)
    sock.ev.on('connection.update', ({ connection, qr, lastDisconnect }) => {
      if (qr) {
        qrcode.generate(qr, { small: true })
        console.log(qr)
      }
      if (connection === 'open') console.log(`${name}: connected as ${sock.user?.id}`)
      if (connection !== 'close') return
      const status = (lastDisconnect?.error as { output?: { statusCode: number } } | undefined)?.output?.statusCode
      if (status === DisconnectReason.restartRequired) start()
      else if (status === DisconnectReason.loggedOut || status === DisconnectReason.connectionReplaced) {
        console.error(`${name}: not connecting again`, lastDisconnect?.error)
        process.exitCode = 1
      } else setTimeout(start, RECONNECT_AFTER_MS)
    })
    use(sock)
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0))
  start()
}

const simulator = () => {
  const { KURIR_SIMULATOR_URL: url, KURIR_SIMULATOR_ROOT: root, KURIR_SIMULATOR_MEDIA: media } = process.env
  if (!url || !root) return {}
  return {
    waWebSocketUrl: url,
    noiseRoot: { publicKey: Buffer.from(root, 'base64'), serial: 0 },
    ...(media ? { mediaOrigins: media.split(',') } : {}),
  }
}
