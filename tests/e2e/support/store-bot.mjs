/**
 * A bot whose state and log are in a store: `store-bot.mjs <store options> <url> <noise root>`. It answers every text and
 * says on its output what it does, one word and a value per line.
 */
import { writeSync } from 'node:fs'
import { openStore } from '@kurir/store'
import makeWASocket, { BufferJSON } from 'kurir'

const [place, url, root] = process.argv.slice(2)
const say = (word, value = '') => writeSync(1, `${word} ${value}\n`)
const silent = { level: 'silent', trace() {}, debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

const store = await openStore(JSON.parse(place))
const { state, saveCreds } = await store.auth('bot')

function connect() {
  const sock = makeWASocket({
    auth: state,
    waWebSocketUrl: url,
    noiseRoot: JSON.parse(root, BufferJSON.reviver),
    logger: silent,
    getMessage: store.getMessage('bot'),
  })
  sock.ev.process(async events => {
    if (events['creds.update']) await saveCreds()
    await store.record('bot', events)
    const { connection, qr } = events['connection.update'] ?? {}
    if (qr) say('qr', qr)
    if (connection === 'open') say('open')
    if (connection === 'close') connect()
    for (const { key, message } of events['messages.upsert']?.messages ?? []) {
      const text = message?.conversation ?? message?.extendedTextMessage?.text
      if (text && !key.fromMe)
        await sock.sendMessage(key.remoteJid, { text: `echo of ${text}` }, { messageId: `3EB0${key.id}` })
    }
  })
}

connect()
