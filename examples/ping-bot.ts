/**
 * A bot that answers 'ping' with 'pong'.
 *
 *   npx tsx examples/ping-bot.ts                       with a connection of its own: scan the QR with your phone
 *   KURIR_MODE=socket npx tsx examples/ping-bot.ts     beside a gateway (npm run socket-server), which keeps the connection
 *
 * The session is kept in the folder KURIR_DATA (`.kurir` if unset): the next start needs no QR, in either mode. With
 * KURIR_SIMULATOR_URL and KURIR_SIMULATOR_ROOT the simulator takes the place of WhatsApp.
 */

import { createClient } from '@kurir/gateway/client'
import { KurirError, type WAMessage } from 'kurir'
import { pino } from 'pino'
import qrcode from 'qrcode-terminal'

const logger = pino({ level: process.env['LOG_LEVEL'] ?? 'warn' })

const sock = await createClient({ name: 'ping-bot', logger }).catch(error => {
  if (!KurirError.is(error)) throw error
  console.error(`bot: ${error.message} [${error.code}]`)
  process.exit(1)
})

sock.ev.on('connection.update', ({ connection, qr, lastDisconnect }) => {
  if (qr) showQr(qr)
  if (connection === 'open') console.log(`bot: connected as ${sock.user?.id}`)
  // The connection is made anew where that helps; otherwise the reason says what to do.
  if (connection === 'close') console.error(`bot: not connected: ${lastDisconnect?.error?.message}`)
})

// What `process` handlers have not finished comes again after a crash, marked with `redelivered`. `notify` is live,
// `append` came while the bot was away: both deserve an answer.
sock.ev.process(async events => {
  for (const message of events['messages.upsert']?.messages ?? []) {
    await answer(message).catch(error => console.error('bot: could not answer', error))
  }
  for (const { key, update } of events['messages.update'] ?? []) {
    if (key.fromMe && update.status)
      console.log(`bot: ${key.id} ${update.status >= 4 ? 'read ✓✓' : update.status === 3 ? 'delivered ✓✓' : 'sent ✓'}`)
  }
})

function showQr(qr: string): void {
  qrcode.generate(qr, { small: true })
  console.log('bot: scan this with WhatsApp > Linked devices > Link a device')
  console.log(qr)
}

async function answer(message: WAMessage): Promise<void> {
  const { key } = message
  const text = message.message?.conversation ?? message.message?.extendedTextMessage?.text
  if (!text || key.fromMe || !key.remoteJid) return
  console.log(`bot: ${message.pushName ?? key.remoteJid} wrote "${text}"`)
  await sock.readMessages([key])
  if (text.trim().toLowerCase() !== 'ping') return
  const sent = await sock.sendMessage(key.remoteJid, { text: 'pong' }, { quoted: message })
  console.log(`bot: answered "pong" (${sent?.key.id})`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void sock.end(undefined).finally(() => process.exit(0)))
}
