/**
 * A bot that answers 'ping' with 'pong'.
 *
 *   npx tsx examples/ping-bot.ts                         with your own account: scan the QR with your phone
 *   KURIR_SIMULATOR_URL=ws://127.0.0.1:… KURIR_SIMULATOR_ROOT=<base64> npx tsx examples/ping-bot.ts
 *
 * The session is kept in the folder KURIR_AUTH_FOLDER (`.kurir/ping-bot` if unset): the next start needs no QR.
 */
import makeWASocket, { DisconnectReason, KurirError, useMultiFileAuthState, type WASocket } from 'kurir'
import { pino } from 'pino'
import qrcode from 'qrcode-terminal'

const folder = process.env['KURIR_AUTH_FOLDER'] ?? '.kurir/ping-bot'
const simulatorUrl = process.env['KURIR_SIMULATOR_URL']
const simulatorRoot = process.env['KURIR_SIMULATOR_ROOT']

/** Offline, the simulator's address and root certificate take the place of WhatsApp's. */
const service =
  simulatorUrl && simulatorRoot
    ? { waWebSocketUrl: simulatorUrl, noiseRoot: { publicKey: Buffer.from(simulatorRoot, 'base64'), serial: 0 } }
    : {}

const RECONNECT_AFTER_MS = 2000
const logger = pino({ level: process.env['LOG_LEVEL'] ?? 'warn' })
const { state, saveCreds } = await useMultiFileAuthState(folder)

const start = (): void => {
  const sock = makeWASocket({ auth: state, logger, ...service })

  sock.ev.on('creds.update', saveCreds)

  sock.ev.on('connection.update', ({ connection, qr, lastDisconnect }) => {
    if (qr) showQr(qr)
    if (connection === 'open') console.log(`bot: connected as ${sock.user?.id}`)
    if (connection === 'close') reconnect(lastDisconnect?.error)
  })

  // `notify` is live, `append` came while the bot was away: both deserve an answer.
  sock.ev.on('messages.upsert', ({ messages }) => {
    for (const message of messages)
      void answer(sock, message).catch(error => console.error('bot: could not answer', error))
  })

  sock.ev.on('messages.update', updates => {
    for (const { key, update } of updates) {
      if (key.fromMe && update.status)
        console.log(
          `bot: ${key.id} ${update.status >= 4 ? 'read ✓✓' : update.status === 3 ? 'delivered ✓✓' : 'sent ✓'}`,
        )
    }
  })
}

const showQr = (qr: string): void => {
  qrcode.generate(qr, { small: true })
  console.log('bot: scan this with WhatsApp > Linked devices > Link a device')
  console.log(qr)
}

const answer = async (sock: WASocket, message: Parameters<WASocket['upsertMessage']>[0]): Promise<void> => {
  const { key } = message
  const text = message.message?.conversation ?? message.message?.extendedTextMessage?.text
  if (!text || key.fromMe || !key.remoteJid) return
  console.log(`bot: ${message.pushName ?? key.remoteJid} wrote "${text}"`)
  await sock.readMessages([key])
  if (text.trim().toLowerCase() !== 'ping') return
  const sent = await sock.sendMessage(key.remoteJid, { text: 'pong' }, { quoted: message })
  console.log(`bot: answered "pong" (${sent?.key.id})`)
}

const reconnect = (error: unknown): void => {
  const status = (error as { output?: { statusCode: number } } | undefined)?.output?.statusCode
  if (status === DisconnectReason.restartRequired) {
    start()
    return
  }
  if (status === DisconnectReason.loggedOut) {
    console.error(`bot: logged out. Delete ${folder} and start again to link anew.`)
    process.exitCode = 1
    return
  }
  if (status === DisconnectReason.connectionReplaced) {
    console.error('bot: another program took over this session; not reconnecting.')
    process.exitCode = 1
    return
  }
  if (KurirError.is(error) && !error.retryable) {
    console.error(`bot: connection ended (${error.code}): ${error.message}. Trying again would not help.`)
    process.exitCode = 1
    return
  }
  console.error(`bot: connection ended (${status}), trying again`)
  setTimeout(start, RECONNECT_AFTER_MS)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0))
start()
