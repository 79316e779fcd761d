/** Making messages out of content. zapo-js sends protobuf messages that the program builds: it has nothing to compare. */
import assert from 'node:assert/strict'
import { generateWAMessage as baileysGenerate } from 'baileys'
import { generateWAMessage } from 'kurir'
import { silentLogger } from 'kurir/logger'
import { compare } from '../harness.mjs'

const CHAT = '15550002222@s.whatsapp.net'
const ME = '15550001111@s.whatsapp.net'
const ROUNDS_OF_THE_MIX = 1500

const key = { remoteJid: CHAT, fromMe: true, id: '3EB0C7A1F2D94E5B6A7C' }
const quoted = {
  key: { ...key, fromMe: false },
  messageTimestamp: 1_700_000_000,
  message: { extendedTextMessage: { text: 'Where are you?', contextInfo: { mentionedJid: [ME] } } },
}
const vcard = 'BEGIN:VCARD\nVERSION:3.0\nFN:Jeff\nTEL;type=CELL;waid=15550003333:+1 555 000 3333\nEND:VCARD'

const mix = [
  ['text', { text: 'See you at the harbour at seven, bring the big umbrella.' }],
  ['text with mentions', { text: 'Ask @15550003333 about it', mentions: ['15550003333@s.whatsapp.net'] }],
  ['reply', { text: 'At the harbour' }, { quoted }],
  ['disappearing text', { text: 'Read it soon' }, { ephemeralExpiration: 86_400 }],
  ['reaction', { react: { text: '👍', key } }],
  ['edit', { text: 'At the harbour, half past', edit: key }],
  ['deletion', { delete: key }],
  ['location', { location: { degreesLatitude: 52.52, degreesLongitude: 13.405, name: 'Office' } }],
  ['contact', { contacts: { displayName: 'Jeff', contacts: [{ displayName: 'Jeff', vcard }] } }],
  ['poll', { poll: { name: 'Where to?', values: ['Harbour', 'Park', 'Home'], selectableCount: 1 } }],
  ['pin', { pin: key, type: 1, time: 86_400 }],
  ['forward', { forward: quoted }],
]

const generateMix = async generate => {
  for (const [, content, options] of mix) {
    await generate(CHAT, content, { userJid: ME, logger: silentLogger, ...options })
  }
}

/** Both must have made the same kinds of message. */
const checkKinds = async () => {
  for (const [what, content, options] of mix) {
    const made = []
    for (const generate of [generateWAMessage, baileysGenerate]) {
      const { message } = await generate(CHAT, content, { userJid: ME, logger: silentLogger, ...options })
      made.push(Object.keys(JSON.parse(JSON.stringify(message))).filter(name => name !== 'messageContextInfo'))
    }
    assert.deepEqual(made[0], made[1], what)
  }
}

export const measure = async () => {
  await checkKinds()
  const repeat = generate => ({
    run: async () => {
      for (let round = 0; round < ROUNDS_OF_THE_MIX; round += 1) await generateMix(generate)
    },
  })
  return [
    await compare({
      name: `message generation, ${mix.length} kinds in turn`,
      unit: 'messages/s',
      operations: ROUNDS_OF_THE_MIX * mix.length,
      kurir: repeat(generateWAMessage),
      peers: { baileys: repeat(baileysGenerate) },
    }),
  ]
}
