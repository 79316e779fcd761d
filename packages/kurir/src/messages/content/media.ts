import { isJidNewsletter } from '../../binary/jid.js'
import { KurirError } from '../../errors/index.js'
import type { EncryptedFile, PreparedFile } from '../../media/encrypt-media.js'
import { parseImageHeader } from '../../media/image-header.js'
import type { MediaType, WAMediaUpload } from '../../media/media-types.js'
import { readAll, stickerOf } from '../../media/pictures.js'
import { proto } from '../../proto/index.js'
import { applyModifiers } from './apply-modifiers.js'
import { checkObject } from './checks.js'
import { invalidContent } from './content-error.js'
import type {
  AnyMediaMessageContent,
  AudioContent,
  DocumentContent,
  ImageContent,
  MessageContentGenerationOptions,
  StickerContent,
  VideoContent,
} from './content-types.js'
import { inspectAudio, inspectImage, inspectSticker, inspectVideo } from './media-details.js'
import { isEncrypted, type UploadedFile, uploaderOf, uploadFile } from './media-file.js'
import {
  audioMembers,
  documentMembers,
  givenFields,
  imageMembers,
  stickerMembers,
  videoMembers,
} from './media-members.js'
import { parseColor } from './text.js'

async function send<Details extends object>(
  options: MessageContentGenerationOptions,
  media: WAMediaUpload,
  type: MediaType,
  inspect?: (original: string | Uint8Array, file: PreparedFile | EncryptedFile) => Promise<Details>,
): Promise<UploadedFile<Details | undefined>> {
  const isNewsletter = isJidNewsletter(options.jid) === true
  const job = {
    media,
    type,
    isNewsletter,
    sidecar: ['video', 'gif', 'ptv', 'audio', 'ptt'].includes(type),
    mediaKey: options.mediaKey,
    // Channels compute nothing (docs/protocol/03, 2.8); stickers have to be looked into everywhere.
    ...(inspect === undefined || (isNewsletter && type !== 'sticker') ? {} : { inspect }),
  }
  const uploaded = await uploadFile<Details>(job, options)
  options.onUploaded?.(uploaded.result)
  return uploaded
}

type Fields = Readonly<Record<string, unknown>>

/** A message but for the members that the caller gives: what can be kept for the next time. */
interface Prepared {
  readonly holder:
    | 'imageMessage'
    | 'videoMessage'
    | 'ptvMessage'
    | 'audioMessage'
    | 'documentMessage'
    | 'stickerMessage'
  readonly base: Fields
}

type Prepare = (content: never, options: MessageContentGenerationOptions, fields: Fields) => Promise<Prepared>

async function prepareImage({ image }: ImageContent, options: MessageContentGenerationOptions, fields: Fields) {
  const needsThumbnail = fields['jpegThumbnail'] === undefined
  const sent = await send(options, image, 'image', original => inspectImage(original, needsThumbnail, options.logger))
  return { holder: 'imageMessage', base: { mimetype: 'image/jpeg', ...sent.details, ...sent.fields } } as const
}

async function prepareVideo(content: VideoContent, options: MessageContentGenerationOptions, fields: Fields) {
  const needsThumbnail = fields['jpegThumbnail'] === undefined
  const sent = await send(options, content.video, typeOfVideo(content), original =>
    inspectVideo(original, needsThumbnail, options.logger),
  )
  const { metadataUrl } = sent.result
  const base = { mimetype: 'video/mp4', ...sent.details, ...sent.fields, ...(metadataUrl ? { metadataUrl } : {}) }
  return { holder: content.ptv === true ? 'ptvMessage' : 'videoMessage', base } as const
}

/** GIFs and video notes are videos of their own kind. */
function typeOfVideo({ ptv, gifPlayback }: VideoContent): MediaType {
  if (ptv === true) return 'ptv'
  return gifPlayback === true ? 'gif' : 'video'
}

async function prepareAudio({ audio, ptt }: AudioContent, options: MessageContentGenerationOptions, fields: Fields) {
  const needs = {
    seconds: fields['seconds'] === undefined,
    waveform: ptt === true && fields['waveform'] === undefined,
  }
  const inspect = (original: string | Uint8Array) => inspectAudio(original, needs, options.logger)
  const isComplete = !needs.seconds && !needs.waveform
  const sent = await send(options, audio, ptt === true ? 'ptt' : 'audio', isComplete ? undefined : inspect)
  const base = { mimetype: 'audio/ogg; codecs=opus', ...sent.details, ...sent.fields }
  return { holder: 'audioMessage', base } as const
}

async function prepareDocument({ document }: DocumentContent, options: MessageContentGenerationOptions) {
  const sent = await send(options, document, 'document')
  return { holder: 'documentMessage', base: { mimetype: 'application/pdf', fileName: 'file', ...sent.fields } } as const
}

async function prepareSticker({ sticker, isLottie }: StickerContent, options: MessageContentGenerationOptions) {
  uploaderOf(options)
  const webp = isLottie === true ? sticker : await asWebp(sticker, options)
  const sent = await send(options, webp, 'sticker', (original, file) =>
    inspectSticker(original, isEncrypted(file) ? file : undefined, options.logger),
  )
  const format = isLottie === true ? { mimetype: 'application/was', isAnimated: true } : { mimetype: 'image/webp' }
  return { holder: 'stickerMessage', base: { ...format, ...sent.details, ...sent.fields } } as const
}

const stickerSize = 512
/** Stickers are small: a larger file is sent as it is. */
const largestSticker = 8 * 1024 * 1024

/** Pictures of another format become WebP where `sharp` is installed; otherwise they are sent as they are. */
async function asWebp(media: WAMediaUpload, options: MessageContentGenerationOptions): Promise<WAMediaUpload> {
  const { logger, agent, allowPrivateAddresses, signal } = options
  const source = { options: options.options, agent, allowPrivateAddresses, signal, maxLength: largestSticker }
  const bytes = media instanceof Uint8Array ? Buffer.from(media) : await readAll(media, source)
  const header = parseImageHeader(bytes)
  if (header === undefined || header.mimetype === 'image/webp') {
    if (header !== undefined && (header.width !== stickerSize || header.height !== stickerSize)) {
      logger?.debug({ width: header.width, height: header.height }, 'stickers are 512 pixels wide and high')
    }
    return bytes
  }
  try {
    return await stickerOf(bytes)
  } catch (error) {
    logger?.warn({ err: error }, 'a picture could not be made a sticker: it is sent as it is')
    return bytes
  }
}

interface MediaKind {
  readonly members: readonly string[]
  readonly prepare: Prepare
}

/** In the order in which Baileys looks for them: the last one present counts (docs/protocol/03, 2.2). */
const mediaKinds = {
  image: { members: imageMembers, prepare: prepareImage },
  video: { members: videoMembers, prepare: prepareVideo },
  document: { members: documentMembers, prepare: prepareDocument },
  audio: { members: audioMembers, prepare: prepareAudio },
  sticker: { members: stickerMembers, prepare: prepareSticker },
} as const satisfies Readonly<Record<string, MediaKind>>
const mediaNames = Object.keys(mediaKinds) as (keyof typeof mediaKinds)[]

/**
 * Encrypts and uploads the file of a content and builds its message (docs/protocol/03, 2.8). Files given by URL are
 * uploaded once per `mediaCache`.
 *
 * @throws KurirError `invalid-content` (400), `media-upload-unavailable` (400); as `encryptMedia`, and as `upload`
 */
export async function prepareWAMessageMedia(
  message: AnyMediaMessageContent,
  options: MessageContentGenerationOptions,
): Promise<proto.Message> {
  return proto.Message.create(await buildMedia(message, options))
}

/** {@link prepareWAMessageMedia} for `generateWAMessageContent`. */
export async function buildMedia(
  content: AnyMediaMessageContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const name = mediaNames.findLast(candidate => isGiven(content, candidate))
  if (name === undefined) throw invalidContent('content', 'Invalid media type')
  const kind: MediaKind = mediaKinds[name]
  checkObject(name, Reflect.get(content, name))
  const fields = fieldsOf(content, name, kind, options)
  await applyModifiers({ [holderOf(name, content)]: fields }, content, options)
  const cache = new PreparedCache(content, name, options)
  const known = await cache.get()
  const prepared = known ?? (await namingField(name, kind.prepare(content as never, options, fields)))
  if (known === undefined) await cache.set(prepared)
  const message: proto.IMessage = { [prepared.holder]: { ...prepared.base, ...fields } }
  // Lottie stickers go in a wrapper of their own (docs/protocol/03, 7.11).
  return fields['isLottie'] === true ? { lottieStickerMessage: { message } } : message
}

function holderOf(name: keyof typeof mediaKinds, content: AnyMediaMessageContent): Prepared['holder'] {
  return name === 'video' && 'ptv' in content && content.ptv === true ? 'ptvMessage' : `${name}Message`
}

/** What is wrong with the file itself: rooms below do not know which member of the content it is. */
async function namingField<Result>(field: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (KurirError.is(error) && sourceErrors.has(error.code)) {
      error.data = { field, ...(typeof error.data === 'object' ? error.data : {}) }
    }
    throw error
  }
}

const sourceErrors: ReadonlySet<string> = new Set(['invalid-media-source', 'media-unreadable', 'media-too-large'])

function isGiven(content: object, name: string): boolean {
  const value: unknown = Reflect.get(content, name)
  return value !== undefined && value !== null
}

/** What the caller says of the file, and what follows from the options. */
function fieldsOf(
  content: AnyMediaMessageContent,
  name: keyof typeof mediaKinds,
  { members }: MediaKind,
  { backgroundColor, now }: MessageContentGenerationOptions,
): Fields {
  const fields = givenFields(content, members)
  if (name === 'sticker') fields['stickerSentTs'] = now ?? Date.now()
  if (name === 'audio' && fields['ptt'] === true && backgroundColor !== undefined) {
    fields['backgroundArgb'] = parseColor(backgroundColor)
  }
  return fields
}

/** Messages by the URL of their file, so that a file is uploaded once. Channels have files of their own. */
class PreparedCache {
  readonly #options: MessageContentGenerationOptions
  readonly #key: string | undefined

  constructor(
    content: AnyMediaMessageContent,
    name: keyof typeof mediaKinds,
    options: MessageContentGenerationOptions,
  ) {
    this.#options = options
    const media = Reflect.get(content, name) as WAMediaUpload
    const url = 'url' in media && !isJidNewsletter(options.jid) ? String(media.url) : ''
    const variant = ['gifPlayback', 'ptv', 'ptt'].find(flag => Reflect.get(content, flag) === true)
    this.#key = url === '' ? undefined : `${variant ?? name}:${url}`
  }

  async get(): Promise<Prepared | undefined> {
    const { mediaCache, logger } = this.#options
    if (mediaCache === undefined || this.#key === undefined) return undefined
    const bytes = await mediaCache.get<Uint8Array>(this.#key)
    if (!(bytes instanceof Uint8Array)) return undefined
    try {
      const message: proto.IMessage = proto.Message.decode(bytes)
      const holder = holders.find(name => message[name])
      return holder && { holder, base: { ...message[holder] } }
    } catch (error) {
      logger?.warn({ err: error }, 'the media cache holds something that is no message')
      return undefined
    }
  }

  async set({ holder, base }: Prepared): Promise<void> {
    const { mediaCache } = this.#options
    if (mediaCache === undefined || this.#key === undefined) return
    await mediaCache.set(this.#key, proto.Message.encode({ [holder]: base }).finish())
  }
}

const holders = [
  'imageMessage',
  'videoMessage',
  'ptvMessage',
  'audioMessage',
  'documentMessage',
  'stickerMessage',
] as const satisfies readonly Prepared['holder'][]
