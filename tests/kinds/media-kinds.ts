import { conversations, everywhere, type MessageKind, media, type Passage, targetOf } from './message-kind.js'
import { animatedSticker, animation, leaflet, picture, song, sticker, video, voice, waveform } from './samples.js'

const flagged: Passage = { otherwise: 'Baileys wraps what can be opened once into `viewOnceMessage`.' }

/** Kinds with files. The other side downloads each file and gets the bytes that were sent. */
export const mediaKinds: readonly MessageKind[] = [
  {
    name: 'image',
    member: 'baileys',
    chats: everywhere,
    content: () => ({ image: picture, mimetype: 'image/png', caption: 'A fox' }),
    expected: () => ({ imageMessage: { mimetype: 'image/png', caption: 'A fox', fileLength: picture.length } }),
    stanza: media('image'),
    file: { bytes: picture, part: 'imageMessage' },
    byPhone: (phone, { chat }, options) =>
      phone.send(
        chat,
        { media: 'image', file: picture, caption: 'A fox', fields: { mimetype: 'image/png', width: 4, height: 3 } },
        options,
      ),
  },
  {
    name: 'image that can be opened once',
    member: 'baileys',
    chats: conversations,
    content: () => ({ image: picture, caption: 'A secret', viewOnce: true }),
    expected: () => ({ imageMessage: { caption: 'A secret', viewOnce: true } }),
    stanza: { ...media('image'), meta: { view_once: 'true' } },
    file: { bytes: picture, part: 'imageMessage' },
    byPhone: (phone, { chat }) =>
      phone.send(chat, { media: 'image', file: picture, caption: 'A secret', viewOnce: true }),
    passages: { 'baileys to kurir': flagged },
  },
  {
    name: 'video',
    member: 'baileys',
    chats: everywhere,
    content: () => ({ video, caption: 'The fox runs', seconds: 7 }),
    expected: () => ({ videoMessage: { caption: 'The fox runs', seconds: 7, fileLength: video.length } }),
    stanza: media('video'),
    file: { bytes: video, part: 'videoMessage' },
    byPhone: (phone, { chat }, options) =>
      phone.send(chat, { media: 'video', file: video, caption: 'The fox runs', fields: { seconds: 7 } }, options),
  },
  {
    name: 'video that can be opened once',
    member: 'baileys',
    chats: conversations,
    content: () => ({ video, viewOnce: true }),
    expected: () => ({ videoMessage: { viewOnce: true } }),
    stanza: { ...media('video'), meta: { view_once: 'true' } },
    file: { bytes: video, part: 'videoMessage' },
    byPhone: (phone, { chat }) => phone.send(chat, { media: 'video', file: video, viewOnce: true }),
    passages: { 'baileys to kurir': flagged },
  },
  {
    name: 'GIF',
    member: 'baileys',
    chats: everywhere,
    content: () => ({ video, gifPlayback: true }),
    expected: () => ({ videoMessage: { gifPlayback: true } }),
    stanza: media('gif'),
    file: { bytes: video, part: 'videoMessage' },
    byPhone: (phone, { chat }, options) => phone.send(chat, { media: 'gif', file: video }, options),
    note: 'The file is an MP4.',
  },
  {
    name: 'video note',
    member: 'baileys',
    chats: conversations,
    content: () => ({ video, ptv: true, seconds: 7 }),
    expected: () => ({ ptvMessage: { seconds: 7 } }),
    stanza: media('ptv'),
    file: { bytes: video, part: 'ptvMessage' },
    byPhone: (phone, { chat }) => phone.send(chat, { media: 'ptv', file: video }),
    passages: { 'baileys to kurir': { otherwise: 'Baileys leaves the duration out.' } },
  },
  {
    name: 'audio',
    member: 'baileys',
    chats: everywhere,
    content: () => ({ audio: song, mimetype: 'audio/ogg', seconds: 61 }),
    expected: () => ({ audioMessage: { mimetype: 'audio/ogg', seconds: 61, fileLength: song.length } }),
    stanza: media('audio'),
    file: { bytes: song, part: 'audioMessage' },
    byPhone: (phone, { chat }, options) =>
      phone.send(chat, { media: 'audio', file: song, fields: { mimetype: 'audio/ogg', seconds: 61 } }, options),
  },
  {
    name: 'voice note',
    member: 'baileys',
    chats: everywhere,
    content: () => ({ audio: voice, ptt: true, seconds: 3, waveform }),
    expected: () => ({ audioMessage: { ptt: true, seconds: 3, waveform, mimetype: 'audio/ogg; codecs=opus' } }),
    stanza: media('ptt'),
    file: { bytes: voice, part: 'audioMessage' },
    byPhone: (phone, { chat }, options) =>
      phone.send(chat, { media: 'ptt', file: voice, fields: { seconds: 3, waveform } }, options),
    note: 'Duration and waveform are computed when they are left out; a waveform needs a decoder (`audio-decode`).',
  },
  {
    name: 'document',
    member: 'baileys',
    chats: everywhere,
    content: () => ({ document: leaflet, mimetype: 'application/pdf', fileName: 'leaflet.pdf', pageCount: 1 }),
    expected: () => ({
      documentMessage: { mimetype: 'application/pdf', fileName: 'leaflet.pdf', fileLength: leaflet.length },
    }),
    stanza: media('document'),
    file: { bytes: leaflet, part: 'documentMessage' },
    byPhone: (phone, { chat }, options) =>
      phone.send(
        chat,
        { media: 'document', file: leaflet, fields: { fileName: 'leaflet.pdf', pageCount: 1 } },
        options,
      ),
  },
  {
    name: 'document with caption',
    member: 'baileys',
    chats: conversations,
    content: () => ({ document: leaflet, mimetype: 'application/pdf', fileName: 'leaflet.pdf', caption: 'Read this' }),
    expected: () => ({ documentMessage: { caption: 'Read this', fileName: 'leaflet.pdf' } }),
    stanza: media('document'),
    file: { bytes: leaflet, part: 'documentMessage' },
    byPhone: async (phone, { chat }) => {
      const file = await phone.upload('document', leaflet)
      const documentMessage = { ...file, mimetype: 'application/pdf', fileName: 'leaflet.pdf', caption: 'Read this' }
      return phone.send(chat, { message: { documentWithCaptionMessage: { message: { documentMessage } } } })
    },
    note: 'Phones wrap it into `documentWithCaptionMessage`; both forms are read everywhere.',
  },
  {
    name: 'sticker',
    member: 'baileys',
    chats: everywhere,
    content: () => ({ sticker }),
    expected: () => ({ stickerMessage: { mimetype: 'image/webp' } }),
    stanza: media('sticker'),
    file: { bytes: sticker, part: 'stickerMessage' },
    byPhone: (phone, { chat }, options) => phone.send(chat, { media: 'sticker', file: sticker }, options),
    note: 'Other pictures become WebP where `sharp` is installed.',
  },
  {
    name: 'animated sticker',
    member: 'baileys',
    chats: conversations,
    content: () => ({ sticker: animatedSticker, isAnimated: true }),
    expected: () => ({ stickerMessage: { isAnimated: true } }),
    stanza: media('sticker'),
    file: { bytes: animatedSticker, part: 'stickerMessage' },
    byPhone: (phone, { chat }) =>
      phone.send(chat, { media: 'sticker', file: animatedSticker, fields: { isAnimated: true } }),
  },
  {
    name: 'Lottie sticker',
    member: 'kurir',
    chats: conversations,
    content: () => ({ sticker: animation, isLottie: true }),
    expected: () => ({ lottieStickerMessage: { message: { stickerMessage: { isLottie: true } } } }),
    stanza: media('sticker'),
    file: { bytes: animation, part: 'lottieStickerMessage.message.stickerMessage' },
    byPhone: async (phone, { chat }) => {
      const stickerMessage = { ...(await phone.upload('sticker', animation)), isLottie: true, isAnimated: true }
      return phone.send(chat, { message: { lottieStickerMessage: { message: { stickerMessage } } } })
    },
    passages: { 'baileys to kurir': { otherwise: 'Baileys sends it as an ordinary sticker.' } },
  },
  {
    name: 'sticker pack',
    member: 'kurir',
    chats: conversations,
    content: () => ({
      stickerPack: { name: 'Foxes', publisher: 'Ann', stickers: [{ sticker, emojis: ['🦊'] }], cover: picture },
    }),
    expected: () => ({ stickerPackMessage: { name: 'Foxes', publisher: 'Ann', stickers: [{ emojis: ['🦊'] }] } }),
    stanza: media('sticker_pack'),
    file: { part: 'stickerPackMessage' },
    byPhone: async (phone, { chat }) => {
      const { url: _, ...pack } = await phone.upload('sticker-pack', picture)
      return phone.send(chat, { message: { stickerPackMessage: { ...pack, name: 'Foxes', publisher: 'Ann' } } })
    },
    passages: { 'baileys to kurir': { impossible: 'Baileys packs no stickers.' } },
    note: 'The file is a ZIP of 1 to 60 stickers; the cover needs `sharp` or `jimp`.',
  },
  {
    name: 'head of an album',
    member: 'baileys',
    chats: conversations,
    content: () => ({ album: { expectedImageCount: 2, expectedVideoCount: 1 } }),
    expected: () => ({ albumMessage: { expectedImageCount: 2, expectedVideoCount: 1 } }),
    stanza: media(),
  },
  {
    name: 'picture of an album',
    member: 'baileys',
    chats: conversations,
    content: ({ album }) => ({ image: picture, albumParentKey: album.key }),
    expected: context => ({
      imageMessage: {},
      messageContextInfo: {
        messageAssociation: { associationType: 1, parentMessageKey: targetOf(context, context.album) },
      },
    }),
    stanza: media('image'),
    file: { bytes: picture, part: 'imageMessage' },
    byPhone: async (phone, { chat }) => (await phone.sendAlbum(chat, [{ media: 'image', file: picture }]))[1] ?? '',
  },
  {
    name: 'product',
    member: 'baileys',
    chats: ['user'],
    content: ({ person }) => ({
      product: {
        productImage: picture,
        productId: '7',
        title: 'Tea',
        currencyCode: 'IDR',
        priceAmount1000: 25_000_000,
      },
      businessOwnerJid: person,
    }),
    expected: ({ person }) => ({
      productMessage: { product: { productId: '7', title: 'Tea' }, businessOwnerJid: person },
    }),
    stanza: media('product'),
    file: { bytes: picture, part: 'productMessage.product.productImage' },
    byPhone: async (phone, { chat }) => {
      const productImage = { ...(await phone.upload('image', picture)), mimetype: 'image/png' }
      return phone.send(chat, {
        message: { productMessage: { product: { productImage, productId: '7', title: 'Tea' } } },
      })
    },
  },
]
