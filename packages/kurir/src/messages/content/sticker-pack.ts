import { randomUUID } from 'node:crypto'
import { sha256 } from '../../crypto/digest.js'
import { randomBytes } from '../../crypto/random.js'
import { parseImageHeader } from '../../media/image-header.js'
import type { WAMediaUpload } from '../../media/media-types.js'
import { coverOf, readAll } from '../../media/pictures.js'
import { withRandomAccess } from '../../media/random-access.js'
import { storedZip, type ZipEntry } from '../../media/stored-zip.js'
import { readWebp } from '../../media/webp.js'
import { proto } from '../../proto/index.js'
import { applyModifiers } from './apply-modifiers.js'
import { checkObject, checkOptionalText, checkText } from './checks.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers, MessageContentGenerationOptions } from './content-types.js'
import { uploaderOf, uploadFile } from './media-file.js'

/** One sticker of a pack. */
export interface StickerPackItem {
  /** WebP, 512 × 512. */
  sticker: WAMediaUpload
  emojis?: string[] | undefined
  accessibilityLabel?: string | undefined
  /** Detected when left out. */
  isAnimated?: boolean | undefined
  isLottie?: boolean | undefined
}

export interface StickerPackOptions {
  name: string
  publisher: string
  /** 1 to 60. */
  stickers: StickerPackItem[]
  /** The picture that stands for the pack; the first sticker when left out. */
  cover?: WAMediaUpload | undefined
  description?: string | undefined
  caption?: string | undefined
  /** A new one when left out. */
  id?: string | undefined
}

/** A pack of stickers that the recipient can take over (Kurir's own). */
export interface StickerPackContent extends ContentModifiers {
  stickerPack: StickerPackOptions
}

const maxStickers = 60
const largestSticker = 1024 * 1024
const largestCover = 16 * 1024 * 1024
const coverSide = 252
const trayIcon = 'tray.png'
const nothing = Buffer.alloc(0)

/**
 * Packs the stickers into one file and uploads it with a picture of the pack (docs/protocol/03, 7.11).
 *
 * @throws KurirError `invalid-content` (400), `library-missing` (501) without `sharp` or `jimp`; as `uploadFile`
 */
export async function buildStickerPack(
  content: StickerPackContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const pack = checkObject('stickerPack', content.stickerPack)
  const name = checkText('stickerPack.name', pack.name, 128)
  const publisher = checkText('stickerPack.publisher', pack.publisher, 128)
  const isList = Array.isArray(pack.stickers)
  if (!isList || pack.stickers.length < 1 || pack.stickers.length > maxStickers) {
    throw invalidContent('stickerPack.stickers', `A pack has 1 to ${maxStickers} stickers`, { limit: maxStickers })
  }
  const id = checkOptionalText('stickerPack.id', pack.id, 128)
  const description = checkOptionalText('stickerPack.description', pack.description)
  const caption = checkOptionalText('stickerPack.caption', pack.caption)
  await applyModifiers({ stickerPackMessage: { name } }, content, options)
  uploaderOf(options)
  const items = []
  for (const [index, item] of pack.stickers.entries()) items.push(await readSticker(item, index, options))
  const cover = await readCover(pack.cover, items[0]?.entry.bytes ?? nothing, options)
  // Equal stickers have equal names and are packed once.
  const entries = new Map(items.map(({ entry }) => [entry.name, entry]))
  const zip = await storedZip([...entries.values(), { name: trayIcon, bytes: cover }])
  const mediaKey = options.mediaKey ?? randomBytes(32)
  // The picture is opened with the key of the pack.
  const send = (media: Buffer, type: 'sticker-pack' | 'thumbnail-sticker-pack') =>
    uploadFile({ media, type, mediaKey, isNewsletter: false }, options)
  const bundle = await send(zip, 'sticker-pack')
  options.onUploaded?.(bundle.result)
  const thumbnail = await send(cover, 'thumbnail-sticker-pack')
  const { url: _unused, ...fields } = bundle.fields
  const message: proto.Message.IStickerPackMessage = {
    ...fields,
    stickerPackId: id ?? randomUUID(),
    name,
    publisher,
    stickers: items.map(({ item }) => item),
    trayIconFileName: trayIcon,
    thumbnailDirectPath: thumbnail.fields.directPath,
    thumbnailSha256: thumbnail.fields.fileSha256,
    thumbnailEncSha256: thumbnail.fields.fileEncSha256,
    thumbnailHeight: coverSide,
    thumbnailWidth: coverSide,
    imageDataHash: sha256(cover).toString('base64'),
    stickerPackSize: zip.byteLength,
    stickerPackOrigin: proto.Message.StickerPackMessage.StickerPackOrigin.USER_CREATED,
    ...(description === undefined ? {} : { packDescription: description }),
    ...(caption === undefined ? {} : { caption }),
  }
  return { stickerPackMessage: message }
}

function sourceOptions(options: MessageContentGenerationOptions, maxLength: number) {
  const { agent, allowPrivateAddresses, signal } = options
  return { options: options.options, agent, allowPrivateAddresses, signal, maxLength }
}

async function readSticker(
  given: StickerPackItem,
  index: number,
  options: MessageContentGenerationOptions,
): Promise<{ entry: ZipEntry; item: proto.Message.StickerPackMessage.ISticker }> {
  const field = `stickerPack.stickers[${index}]`
  const { sticker, emojis = [], accessibilityLabel = '', isAnimated, isLottie = false } = checkObject(field, given)
  const bytes = await readAll(sticker, sourceOptions(options, largestSticker))
  const webp = isLottie ? undefined : await withRandomAccess(bytes, readWebp)
  if (webp === undefined && !isLottie) throw invalidContent(field, 'The stickers of a pack are WebP files')
  const fileName = `${sha256(bytes).toString('base64url')}.${isLottie ? 'was' : 'webp'}`
  return {
    entry: { name: fileName, bytes },
    item: {
      fileName,
      isAnimated: isAnimated ?? webp?.isAnimated ?? isLottie,
      emojis: emojis.map((emoji, at) => checkText(`${field}.emojis[${at}]`, emoji, 16)),
      accessibilityLabel: checkOptionalText(`${field}.accessibilityLabel`, accessibilityLabel) ?? '',
      isLottie,
      mimetype: isLottie ? 'application/was' : 'image/webp',
    },
  }
}

/** The cover as JPEG, 252 × 252; made of the first sticker where there is none. */
async function readCover(
  cover: WAMediaUpload | undefined,
  firstSticker: Uint8Array,
  options: MessageContentGenerationOptions,
): Promise<Buffer> {
  const picture =
    cover === undefined ? Buffer.from(firstSticker) : await readAll(cover, sourceOptions(options, largestCover))
  if (parseImageHeader(picture) === undefined) {
    throw invalidContent('stickerPack.cover', 'The cover of a pack is a picture')
  }
  return await coverOf(picture, { width: coverSide, height: coverSide })
}
