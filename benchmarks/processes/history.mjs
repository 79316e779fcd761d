/**
 * Takes in a history that lies compressed in a file, in a process of its own: `history.mjs kurir | baileys <file>`.
 * Prints what it found and what it took.
 */
import { readFileSync } from 'node:fs'

const [library, file] = process.argv.slice(2)
const FULL = 2

const readers = {
  /** As the socket does it: in batches, each of which goes before the next one comes. */
  kurir: async () => {
    const { openHistory, readHistory } = await import('kurir/history')
    return notification => readHistory(openHistory(notification), FULL)
  },
  baileys: async () => {
    const { downloadAndProcessHistorySyncNotification } = await import('baileys')
    return async function* (notification) {
      yield await downloadAndProcessHistorySyncNotification(notification, {})
    }
  },
}

const read = await readers[library]()
const notification = { syncType: FULL, initialHistBootstrapInlinePayload: readFileSync(file) }
const counts = { chats: 0, contacts: 0, messages: 0, characters: 0 }
const started = process.hrtime.bigint()
for await (const { chats, contacts, messages } of read(notification)) {
  counts.chats += chats.length
  counts.contacts += contacts.length
  counts.messages += messages.length
  for (const { message } of messages) counts.characters += message.extendedTextMessage.text.length
}
const milliseconds = Number(process.hrtime.bigint() - started) / 1e6
console.log(JSON.stringify({ counts, milliseconds, megabytes: process.resourceUsage().maxRSS / 1024 }))
