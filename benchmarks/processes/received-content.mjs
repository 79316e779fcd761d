/** What a phone sends while receiving is measured: texts alone, or one message of each of ten kinds in turn. */
const thumbnail = Buffer.alloc(900, 3)
const hash = Buffer.alloc(32, 9)

const file = kind => ({
  url: `https://mmg.whatsapp.net/v/t62.7118-24/${kind}.enc`,
  directPath: `/v/t62.7118-24/${kind}.enc`,
  mediaKey: hash,
  mediaKeyTimestamp: 1_700_000_000,
  fileSha256: hash,
  fileEncSha256: hash,
  fileLength: 183_422,
})

const contextInfo = {
  stanzaId: '3EB0C7A1F2D94E5B6A7C',
  participant: '15550002222@s.whatsapp.net',
  quotedMessage: { conversation: 'Where are you?' },
}
const key = { remoteJid: '15550002222@s.whatsapp.net', fromMe: true, id: contextInfo.stanzaId }
const vcard = 'BEGIN:VCARD\nVERSION:3.0\nFN:Jeff\nTEL;type=CELL;waid=15550003333:+1 555 000 3333\nEND:VCARD'

const kinds = [
  { conversation: 'See you at the harbour at seven' },
  { extendedTextMessage: { text: 'At the harbour', contextInfo } },
  { imageMessage: { ...file('image'), mimetype: 'image/jpeg', height: 1080, width: 1920, jpegThumbnail: thumbnail } },
  { audioMessage: { ...file('audio'), mimetype: 'audio/ogg; codecs=opus', seconds: 7, ptt: true } },
  { documentMessage: { ...file('document'), mimetype: 'application/pdf', fileName: 'map.pdf', pageCount: 3 } },
  { stickerMessage: { ...file('sticker'), mimetype: 'image/webp', height: 512, width: 512 } },
  { locationMessage: { degreesLatitude: 52.52, degreesLongitude: 13.405, name: 'Office', jpegThumbnail: thumbnail } },
  { contactMessage: { displayName: 'Jeff', vcard } },
  {
    pollCreationMessageV3: { name: 'Where to?', options: [{ optionName: 'Harbour' }, { optionName: 'Park' }] },
    messageContextInfo: { messageSecret: hash },
  },
  { reactionMessage: { key, text: '👍', senderTimestampMs: 1_700_000_000_000 } },
]

export const contents = {
  texts: count => Array.from({ length: count }, (_, index) => ({ text: `message ${index}` })),
  mixed: count => Array.from({ length: count }, (_, index) => ({ message: kinds[index % kinds.length] })),
}
