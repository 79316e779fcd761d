import { proto as baileys } from 'baileys/WAProto/index.js'
import { proto as kurir } from 'kurir/proto'
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

export const measure = async () => {
  const rows = []
  for (const [what, type, operations, content] of samples) {
    const [ours, theirs] = [kurir[type].fromObject(content), baileys[type].fromObject(content)]
    const bytes = Buffer.from(baileys[type].encode(theirs).finish())
    const repeat = work => ({
      run: () => {
        for (let index = 0; index < operations; index += 1) work()
      },
    })
    rows.push(
      await compare({
        name: `protobuf encode, ${what}`,
        unit: 'messages/s',
        operations,
        kurir: repeat(() => kurir[type].encode(ours).finish()),
        peers: { baileys: repeat(() => baileys[type].encode(theirs).finish()) },
      }),
      await compare({
        name: `protobuf decode, ${what}`,
        unit: 'messages/s',
        operations,
        kurir: repeat(() => kurir[type].decode(bytes)),
        peers: { baileys: repeat(() => baileys[type].decode(bytes)) },
      }),
    )
  }
  return rows
}
