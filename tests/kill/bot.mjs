/**
 * The bot that is killed: `bot.mjs <auth folder> <journal> <url> <noise root>`. It answers every text, and writes a line
 * for everything it does to the journal, which a killed process leaves whole: each line is one write.
 */
import { openSync, writeSync } from 'node:fs'
import makeWASocket, { useMultiFileAuthState } from 'kurir'

const [folder, journal, url, root] = process.argv.slice(2)
const file = openSync(journal, 'a')
const note = (...words) => writeSync(file, `${words.join('\t')}\n`)

const silent = { level: 'silent', trace() {}, debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
const CIPHERTEXT = 2
const ERROR = 0

const { state, saveCreds } = await useMultiFileAuthState(folder)
note('start', process.pid)

function connect() {
  const sock = makeWASocket({
    auth: state,
    waWebSocketUrl: url,
    noiseRoot: JSON.parse(root, (_, value) => (value?.hex === undefined ? value : Buffer.from(value.hex, 'hex'))),
    logger: silent,
    getMessage: async () => undefined,
  })
  sock.ev.process(async events => {
    if (events['creds.update']) await saveCreds()
    const { connection, receivedPendingNotifications } = events['connection.update'] ?? {}
    if (connection === 'open') note('open')
    if (receivedPendingNotifications) note('caught-up')
    if (connection === 'close') connect()
    for (const { key, update } of events['messages.update'] ?? []) {
      if (update.status === ERROR) note('refused', key.id, update.messageStubParameters)
    }
    for (const message of events['messages.upsert']?.messages ?? []) await take(sock, message)
  })
}

async function take(sock, { key, message, messageStubType, messageStubParameters, redelivered }) {
  if (messageStubType === CIPHERTEXT) note('unreadable', key.id, messageStubParameters)
  const text = message?.conversation ?? message?.extendedTextMessage?.text
  if (!text || key.fromMe) return
  note('in', key.id, redelivered ?? 0, text)
  try {
    const sent = await sock.sendMessage(key.remoteJid, { text: `echo of ${text}` })
    note('out', sent.key.id, text)
  } catch (error) {
    note('refused', error.code, text)
  }
}

connect()
