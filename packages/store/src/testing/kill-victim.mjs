/**
 * A process that writes to a store without pause until it is killed, or kills itself at a given number of confirmed
 * rounds. Every round of a writer is two transactions: key records that belong together, and a batch of messages with
 * their events. It uses the built package: it starts many times.
 */
import { writeSync } from 'node:fs'
import { openStore } from '@kurir/store'

const [place = '{}', start = '0', confirmations = '0'] = process.argv.slice(2)
const store = await openStore(JSON.parse(place))
const { state } = await store.auth('bot')
let confirmed = 0

const message = (writer, round, part) => ({
  key: { remoteJid: `${writer}@s.whatsapp.net`, id: `${round}.${part}`, fromMe: false },
  messageTimestamp: 1_700_000_000 + round,
  message: { conversation: `round ${round} ${'x'.repeat(2000)}` },
})

async function write(writer) {
  for (let round = Number(start) + 1; ; round += 1) {
    const value = Buffer.from(String(round))
    await state.keys.set({ session: { [`${writer}.1`]: value, [`${writer}.2`]: value }, inbox: { [writer]: value } })
    const messages = [message(writer, round, 1), message(writer, round, 2)]
    await store.record('bot', { 'messages.upsert': { type: 'notify', messages } })
    // Synchronous: nothing that was confirmed goes unreported.
    writeSync(1, `${writer} ${round}\n`)
    confirmed += 1
    if (confirmed === Number(confirmations)) process.kill(process.pid, 'SIGKILL')
  }
}

await Promise.all([write('1'), write('2'), write('3')])
