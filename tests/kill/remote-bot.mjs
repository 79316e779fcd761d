/**
 * A bot in socket mode that is killed: `remote-bot.mjs <journal> <gateway url> <token>`. It answers every text, and writes
 * a line for everything it does to the journal, which a killed process leaves whole: each line is one write.
 */
import { openSync, writeSync } from 'node:fs'
import { connectRemote } from '@kurir/remote'

const [journal, url, token] = process.argv.slice(2)
const file = openSync(journal, 'a')
const note = (...words) => writeSync(file, `${words.join('\t')}\n`)

note('start', process.pid)
const sock = await connectRemote({ url, token, name: 'killed' })
note('open')

sock.ev.process(async events => {
  for (const message of events['messages.upsert']?.messages ?? []) await take(message)
})

async function take({ key, message, redelivered }) {
  const text = message?.conversation ?? message?.extendedTextMessage?.text
  if (!text || key.fromMe) return
  note('in', key.id, redelivered ?? 0, text)
  try {
    // The answer to a message has one id, however often the message is handed over.
    const messageId = `3EB0${Buffer.from(key.id).toString('hex').slice(-18).toUpperCase()}`
    const sent = await sock.sendMessage(key.remoteJid, { text: `echo of ${text}` }, { messageId })
    note('out', sent.key.id, text)
  } catch (error) {
    note('refused', error.code, text)
    throw error
  }
}
