/**
 * Publishes what it reads from its standard input in a channel, one post for each line. Without KURIR_CHANNEL, it makes a
 * new channel and prints its JID.
 *
 *   tail -f news.txt | npx tsx examples/channel-publisher.ts
 */
import { createInterface } from 'node:readline'
import type { WASocket } from 'kurir'
import { stayConnected } from './support/stay-connected.js'

/** People follow what they can read: no more than a post in so many milliseconds. */
const PACE_MS = Number(process.env['KURIR_PACE_MS'] ?? 5000)

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
let channel = process.env['KURIR_CHANNEL']
let publishing = false

const publish = async (sock: WASocket): Promise<void> => {
  if (channel === undefined) {
    const created = await sock.newsletterCreate('News', 'What is new')
    channel = created.id
    console.log(`channel-publisher: made ${channel}`)
  }
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    if (line.value.trim() === '') continue
    await sock.sendMessage(channel, { text: line.value })
    console.log(`channel-publisher: posted "${line.value}"`)
    await new Promise(resolve => setTimeout(resolve, PACE_MS))
  }
}

await stayConnected('channel-publisher', sock => {
  sock.ev.on('connection.update', ({ connection }) => {
    if (connection !== 'open' || publishing) return
    publishing = true
    publish(sock)
      .catch(error => console.error('channel-publisher: could not publish', error))
      .finally(() => {
        publishing = false
      })
  })
})
