/**
 * The history of a large account, each time in a process of its own. zapo-js takes history in within its client only:
 * it has no entry for this.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'node:zlib'
import { SeededRandom } from '@kurir/simulator'
import { proto } from 'kurir/proto'
import { median, smallerIsBetter } from '../harness.mjs'

const CHATS = 5000
const MESSAGES_PER_CHAT = 40
const HISTORY_ROUNDS = 3
const LIBRARIES = ['kurir', 'baileys']
const WORDS = 'the harbour at seven big umbrella bring see you there who has keys and coffee again tomorrow'.split(' ')

const random = new SeededRandom('history')

const sentence = () => Array.from({ length: 4 + random.below(16) }, () => random.pick(WORDS)).join(' ')

const message = (chatJid, index) => ({
  msgOrderId: index,
  message: {
    key: { remoteJid: chatJid, fromMe: random.chance(0.4), id: random.bytes(10).toString('hex').toUpperCase() },
    messageTimestamp: 1_700_000_000 - index * 60,
    pushName: random.pick(WORDS),
    status: 4,
    message: {
      extendedTextMessage: { text: sentence() },
      messageContextInfo: { messageSecret: random.bytes(32) },
    },
  },
})

/** Encoded chat by chat: fields of a protobuf may be written one after another. */
const encodedHistory = () => {
  let characters = 0
  const parts = [proto.HistorySync.encode({ syncType: 2, progress: 100, chunkOrder: 1 }).finish()]
  for (let chat = 0; chat < CHATS; chat += 1) {
    const id = `${15_550_000_000 + chat}@s.whatsapp.net`
    const messages = Array.from({ length: MESSAGES_PER_CHAT }, (_, index) => message(id, index))
    for (const { message: content } of messages) characters += content.message.extendedTextMessage.text.length
    const conversation = { id, name: random.pick(WORDS), unreadCount: random.below(5), messages }
    parts.push(proto.HistorySync.encode({ conversations: [conversation] }).finish())
  }
  const messages = CHATS * MESSAGES_PER_CHAT
  return { bytes: Buffer.concat(parts), counts: { chats: CHATS, contacts: CHATS, messages, characters } }
}

const takeIn = (library, file) => {
  const program = fileURLToPath(new URL('../processes/history.mjs', import.meta.url))
  return JSON.parse(execFileSync(process.execPath, [program, library, file], { encoding: 'utf8' }))
}

export const measure = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kurir-benchmark-'))
  try {
    const { bytes, counts } = encodedHistory()
    const file = join(folder, 'history')
    await writeFile(file, deflateSync(bytes))
    const samples = Object.fromEntries(LIBRARIES.map(library => [library, []]))
    for (let round = 0; round < HISTORY_ROUNDS; round += 1) {
      for (const library of LIBRARIES) {
        const sample = takeIn(library, file)
        assert.deepEqual(sample.counts, counts, library)
        samples[library].push(sample)
      }
    }
    const figures = key =>
      Object.fromEntries(LIBRARIES.map(library => [library, median(samples[library].map(sample => sample[key]))]))
    const what = `history of ${CHATS.toLocaleString('en')} chats and ${counts.messages.toLocaleString('en')} messages`
    return [
      smallerIsBetter({ name: `${what}, time`, unit: 'ms' }, figures('milliseconds')),
      smallerIsBetter({ name: `${what}, peak memory`, unit: 'MiB' }, figures('megabytes')),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
