import assert from 'node:assert/strict'
import { proto as baileys } from 'baileys/WAProto/index.js'
import { proto as kurir } from 'kurir/proto'
import { proto as zapo } from 'zapo-js/proto'
import { compare } from '../harness.mjs'

const key = { remoteJid: '15550002222@s.whatsapp.net', fromMe: false, id: '3EB0C7A1F2D94E5B6A7C' }
const secret = Buffer.alloc(32, 9)

const samples = [
  [
    'text message',
    'Message',
    200_000,
    {
      extendedTextMessage: { text: 'See you at the harbour at seven, bring the big umbrella.' },
      messageContextInfo: { messageSecret: secret },
    },
  ],
  [
    'image message with quote',
    'Message',
    60_000,
    {
      imageMessage: {
        url: 'https://mmg.whatsapp.net/v/t62.7118-24/12345_n.enc',
        mimetype: 'image/jpeg',
        caption: 'The view from up here',
        fileSha256: secret,
        fileLength: 183_422,
        height: 1080,
        width: 1920,
        mediaKey: secret,
        fileEncSha256: secret,
        directPath: '/v/t62.7118-24/12345_n.enc',
        mediaKeyTimestamp: 1_700_000_000,
        jpegThumbnail: Buffer.alloc(900, 3),
        contextInfo: {
          stanzaId: key.id,
          participant: key.remoteJid,
          quotedMessage: { conversation: 'Where are you?' },
        },
      },
    },
  ],
  [
    'history of 50 messages',
    'HistorySync',
    2000,
    {
      syncType: 3,
      conversations: [
        {
          id: key.remoteJid,
          unreadCount: 3,
          messages: Array.from({ length: 50 }, (_, index) => ({
            message: {
              key,
              messageTimestamp: 1_700_000_000 + index,
              pushName: 'Peer',
              message: { conversation: `line ${index}` },
            },
          })),
        },
      ],
    },
  ],
]

/** What a decoder read, in one form for every library. */
const asObject = (type, message) => baileys[type].toObject(baileys[type].fromObject(message), { longs: String })

export const measure = async () => {
  const rows = []
  for (const [what, type, operations, content] of samples) {
    // zapo-js has no fromObject: its messages are plain objects.
    const contenders = {
      kurir: { codec: kurir[type], message: kurir[type].fromObject(content) },
      baileys: { codec: baileys[type], message: baileys[type].fromObject(content) },
      zapo: { codec: zapo[type], message: content },
    }
    const bytes = Buffer.from(baileys[type].encode(contenders.baileys.message).finish())
    for (const { codec, message } of Object.values(contenders)) {
      assert.deepEqual(Buffer.from(codec.encode(message).finish()), bytes)
      assert.deepEqual(asObject(type, codec.decode(bytes)), asObject(type, content))
    }
    const row = (direction, work) => {
      const repeated = Object.entries(contenders).map(([name, { codec, message }]) => {
        const run = () => {
          for (let index = 0; index < operations; index += 1) work(codec, message)
        }
        return [name, { run }]
      })
      const { kurir, ...peers } = Object.fromEntries(repeated)
      return compare({ name: `protobuf ${direction}, ${what}`, unit: 'messages/s', operations, kurir, peers })
    }
    rows.push(
      await row('encode', (codec, message) => codec.encode(message).finish()),
      await row('decode', codec => codec.decode(bytes)),
    )
  }
  return rows
}
