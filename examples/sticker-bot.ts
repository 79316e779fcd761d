/**
 * Makes a sticker of every picture that is sent with the caption "sticker". Needs `sharp` (npm install sharp) to convert
 * pictures to WebP.
 *
 *   npx tsx examples/sticker-bot.ts
 */
import { downloadMediaMessage, type WAMessage, type WASocket } from 'kurir'
import { logger, stayConnected } from './support/stay-connected.js'

const makeSticker = async (sock: WASocket, message: WAMessage): Promise<void> => {
  const { remoteJid: chat, fromMe } = message.key
  const caption = message.message?.imageMessage?.caption ?? ''
  if (!chat || fromMe || !/^\s*sticker\s*$/i.test(caption)) return
  await sock.sendMessage(chat, { react: { key: message.key, text: '⏳' } })
  // A picture that the server no longer has is asked for again.
  const picture = await downloadMediaMessage(
    message,
    'buffer',
    { mediaOrigins: process.env['KURIR_SIMULATOR_MEDIA']?.split(',') },
    { logger, reuploadRequest: sock.updateMediaMessage },
  )
  await sock.sendMessage(chat, { sticker: picture }, { quoted: message })
  await sock.sendMessage(chat, { react: { key: message.key, text: '✅' } })
  console.log(`sticker-bot: a sticker for ${message.pushName ?? chat}`)
}

await stayConnected('sticker-bot', sock => {
  sock.ev.on('messages.upsert', async ({ messages }) => {
    for (const message of messages) {
      await makeSticker(sock, message).catch(error => console.error('sticker-bot: no sticker', error))
    }
  })
})
