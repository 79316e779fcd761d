import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MediaDecryptor } from '../../media/media-decryptor.js'
import { expandMediaKey } from '../../media/media-keys.js'
import type { MediaUploadOptions, WAMediaUploadFunction } from '../../media/media-types.js'
import { proto } from '../../proto/index.js'
import { generateWAMessage, generateWAMessageContent } from '../generate.js'
import { readFixture, revive } from '../testing/fixtures.js'
import type { AnyMediaMessageContent, AnyMessageContent } from './content-types.js'
import { prepareWAMessageMedia } from './media.js'

interface Case {
  readonly name: string
  readonly jid: string
  readonly input: Record<string, unknown>
  readonly options?: Record<string, unknown>
  readonly messageProtoHex: string
}
const vectors = readFixture<{
  nowMs: number
  me: string
  uploadStubResult: { mediaUrl: string; directPath: string }
  mediaPlaintextHex: string
  cases: Case[]
}>('vectors/03-messages.json')
const counting = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const plaintext = Buffer.from(vectors.mediaPlaintextHex, 'hex')
const fixed = { now: vectors.nowMs, messageSecret: counting, mediaKey: counting }

interface Uploaded extends MediaUploadOptions {
  readonly bytes: Buffer
}

/** An upload that keeps what it was given. */
function uploader() {
  const uploads: Uploaded[] = []
  const upload: WAMediaUploadFunction = async (path, options) => {
    uploads.push({ ...options, bytes: readFileSync(path) })
    return { ...vectors.uploadStubResult, handle: 'the handle' }
  }
  return { uploads, upload }
}

/** What Kurir does otherwise, and why. */
const otherwise: Record<string, (theirs: proto.IMessage) => proto.IMessage> = {
  // 14: a flag on the media, no wrapper.
  image_view_once: ({ viewOnceMessage, ...rest }) => ({ ...rest, ...viewOnceMessage?.message }),
  // 7.11 and 2.8: stickers always say when they were sent.
  sticker: ({ stickerMessage, ...rest }) => ({
    ...rest,
    stickerMessage: { ...stickerMessage, stickerSentTs: vectors.nowMs },
  }),
}

/** 14: sidecars are added to videos, video notes and audio; everything else is as in the vector. */
function withoutSidecar(message: proto.IMessage): proto.IMessage {
  const { videoMessage, ptvMessage, audioMessage } = message
  const media = videoMessage ?? ptvMessage ?? audioMessage
  if (media) {
    expect(media.streamingSidecar?.byteLength).toBe(10)
    delete media.streamingSidecar
  }
  return message
}

const decode = (bytes: Uint8Array) => proto.Message.decode(bytes)

describe('media as in Baileys (docs/protocol/03, 2.8)', () => {
  const cases = vectors.cases.filter(({ name }) => /^(image|video|audio|document|sticker|product)/.test(name))
  it.each(cases)('$name', async ({ name, jid, input, options, messageProtoHex }) => {
    const { upload } = uploader()
    const message = await generateWAMessage(jid, revive(input) as AnyMessageContent, {
      ...(revive(options ?? {}) as object),
      ...fixed,
      upload,
      userJid: vectors.me,
    })
    const theirs = decode(Buffer.from(messageProtoHex, 'hex'))
    const expected = otherwise[name]?.(theirs) ?? theirs
    // Compared as what a reader decodes.
    const ours = withoutSidecar(decode(proto.Message.encode(message.message ?? {}).finish()))
    expect(plainly(ours)).toEqual(plainly(decode(proto.Message.encode(expected).finish())))
  })

  it('keeps everything that is said of a video note (Baileys loses it: 2.8)', async () => {
    const { upload, uploads } = uploader()
    const content = {
      video: plaintext,
      ptv: true,
      caption: 'c',
      seconds: 7.9,
      width: 10,
      height: 20,
      mimetype: 'video/x',
    }
    const { ptvMessage } = await generateWAMessageContent({ ...content, viewOnce: true }, { ...fixed, upload })
    expect(ptvMessage).toMatchObject({
      caption: 'c',
      seconds: 7,
      width: 10,
      height: 20,
      mimetype: 'video/x',
      viewOnce: true,
    })
    expect(uploads[0]?.mediaType).toBe('ptv')
  })
})

function plainly(message: proto.IMessage): unknown {
  return JSON.parse(JSON.stringify(message))
}

describe('uploads of media', () => {
  it.each<[string, AnyMediaMessageContent, string]>([
    ['image', { image: plaintext, jpegThumbnail: 'AA==' }, 'image'],
    ['video', { video: plaintext }, 'video'],
    ['GIF', { video: plaintext, gifPlayback: true }, 'gif'],
    ['audio', { audio: plaintext, seconds: 1 }, 'audio'],
    ['voice note', { audio: plaintext, seconds: 1, ptt: true, waveform: new Uint8Array(64) }, 'ptt'],
    ['document', { document: plaintext, mimetype: 'text/plain' }, 'document'],
    ['sticker', { sticker: plaintext }, 'sticker'],
  ])('a %s is encrypted and goes to its own path', async (_, content, type) => {
    const { upload, uploads } = uploader()
    await prepareWAMessageMedia(content, { ...fixed, upload, mediaUploadTimeoutMs: 5 })
    const [sent] = uploads
    expect(sent).toMatchObject({ mediaType: type, timeoutMs: 5 })
    const decryptor = new MediaDecryptor(expandMediaKey(counting, type as 'image'))
    const content_ = [...decryptor.update(sent?.bytes ?? Buffer.alloc(0)), decryptor.finish()]
    expect(Buffer.concat(content_)).toEqual(plaintext)
  })

  it('of channels are plain, and the handle is told (2.14, 7.6)', async () => {
    const { upload, uploads } = uploader()
    const handles: unknown[] = []
    const options = {
      ...fixed,
      upload,
      jid: '1@newsletter',
      onUploaded: ({ handle }: { handle?: string | undefined }) => handles.push(handle),
    }
    const { imageMessage } = await generateWAMessageContent({ image: plaintext }, options)
    expect(uploads[0]?.bytes).toEqual(plaintext)
    expect(uploads[0]).toMatchObject({ newsletter: true, mediaType: 'image' })
    expect(imageMessage?.mediaKey ?? imageMessage?.fileEncSha256 ?? imageMessage?.mediaKeyTimestamp).toBeUndefined()
    expect(handles).toEqual(['the handle'])
  })

  it('need an upload function', async () => {
    for (const content of [{ image: plaintext }, { sticker: plaintext }]) {
      await expect(generateWAMessageContent(content, {})).rejects.toMatchObject({ code: 'media-upload-unavailable' })
    }
  })

  it.each<[object, string]>([
    [{ image: plaintext, captoin: 'x' }, 'captoin'],
    [{ image: plaintext, video: plaintext }, 'video'],
    [{ image: plaintext, width: -1 }, 'width'],
    [{ audio: plaintext, seconds: 'long' }, 'seconds'],
    [{ document: plaintext, mimetype: 5 }, 'mimetype'],
  ])('are refused when something is wrong: %j', async (content, field) => {
    const { upload } = uploader()
    await expect(generateWAMessageContent(content as AnyMessageContent, { upload })).rejects.toMatchObject({
      code: 'invalid-content',
      data: { field },
    })
  })

  it('may derive keys of another kind', async () => {
    const { upload, uploads } = uploader()
    await prepareWAMessageMedia({ image: plaintext }, { ...fixed, upload, mediaTypeOverride: 'thumbnail-link' })
    expect(uploads[0]?.mediaType).toBe('thumbnail-link')
    const decryptor = new MediaDecryptor(expandMediaKey(counting, 'thumbnail-link'))
    decryptor.update(uploads[0]?.bytes ?? Buffer.alloc(0))
    decryptor.finish()
  })
})

describe('with files', () => {
  let folder = ''
  let png = Buffer.alloc(0)
  let gif = Buffer.alloc(0)
  const before = process.env['TMPDIR']
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kurir-content-test-'))
    process.env['TMPDIR'] = folder
    const picture = sharp({ create: { width: 640, height: 480, channels: 3, background: 'red' } })
    png = await picture.png().toBuffer()
    gif = await sharp({ create: { width: 100, height: 50, channels: 4, background: 'blue' } })
      .gif()
      .toBuffer()
    writeFileSync(join(folder, 'picture.png'), png)
  })
  afterAll(() => {
    process.env['TMPDIR'] = before
    if (before === undefined) delete process.env['TMPDIR']
    rmSync(folder, { recursive: true })
  })

  it('pictures get their size and a thumbnail, from bytes and from disk', async () => {
    for (const image of [png, { url: join(folder, 'picture.png') }]) {
      const { upload } = uploader()
      const { imageMessage } = await generateWAMessageContent({ image }, { upload })
      expect(imageMessage).toMatchObject({ width: 640, height: 480, fileLength: png.byteLength })
      const thumbnail = await sharp(imageMessage?.jpegThumbnail as Buffer).metadata()
      expect(thumbnail).toMatchObject({ format: 'jpeg', width: 32, height: 24 })
    }
  })

  it('pictures become stickers, and stickers stay what they are', async () => {
    const { upload, uploads } = uploader()
    const { stickerMessage } = await generateWAMessageContent({ sticker: gif }, { ...fixed, upload })
    expect(stickerMessage).toMatchObject({ mimetype: 'image/webp', width: 512, height: 512, isAnimated: false })
    const webp = await sharp(png).resize(512, 512).webp().toBuffer()
    const kept = await generateWAMessageContent({ sticker: webp }, { ...fixed, upload })
    expect(kept.stickerMessage?.fileLength).toBe(webp.byteLength)
    expect(uploads).toHaveLength(2)
  })

  it('animated stickers say so, with the MAC of their first frame (7.4)', async () => {
    const frames = await Promise.all(
      ['red', 'green', 'blue'].map(background =>
        sharp({ create: { width: 512, height: 512, channels: 3, background } })
          .raw()
          .toBuffer(),
      ),
    )
    const raw = { width: 512, height: 1536, channels: 3, pageHeight: 512 } as const
    const animated = await sharp(Buffer.concat(frames), { raw })
      .webp({ loop: 0, delay: [100, 100, 100] })
      .toBuffer()
    const { upload, uploads } = uploader()
    const { stickerMessage } = await generateWAMessageContent({ sticker: animated }, { ...fixed, upload })
    expect(stickerMessage?.isAnimated).toBe(true)
    expect(stickerMessage?.firstFrameLength).toBeLessThan(animated.byteLength)
    const end = (stickerMessage?.firstFrameLength ?? 0) - 4
    expect(animated.indexOf('ANMF')).toBeLessThan(end)
    expect(stickerMessage?.firstFrameSidecar?.byteLength).toBe(10)
    expect(uploads).toHaveLength(1)
  })

  it('are uploaded once when they have a URL and there is a cache; what the caller says is not kept', async () => {
    const store = new Map<string, unknown>()
    const mediaCache = {
      get: <T>(key: string) => store.get(key) as T | undefined,
      set: (key: string, value: unknown) => void store.set(key, value),
      del: (key: string) => void store.delete(key),
      flushAll: () => store.clear(),
    }
    const { upload, uploads } = uploader()
    const image = { url: join(folder, 'picture.png') }
    const first = await generateWAMessageContent({ image, caption: 'one' }, { upload, mediaCache })
    const second = await generateWAMessageContent({ image, mimetype: 'image/png' }, { upload, mediaCache })
    expect(uploads).toHaveLength(1)
    expect(second.imageMessage?.mediaKey).toEqual(first.imageMessage?.mediaKey)
    expect(second.imageMessage?.caption ?? '').toBe('')
    expect(second.imageMessage).toMatchObject({ mimetype: 'image/png', width: 640 })
    // A channel has no use for an encrypted file.
    await generateWAMessageContent({ image }, { upload, mediaCache, jid: '1@newsletter' })
    expect(uploads).toHaveLength(2)
    expect([...store.keys()]).toEqual([`image:${image.url}`])
    store.set(`image:${image.url}`, Buffer.from('nonsense'))
    await generateWAMessageContent({ image }, { upload, mediaCache })
    expect(uploads).toHaveLength(3)
  })

  it('leave nothing on disk, also when the upload fails', async () => {
    const upload = () => Promise.reject(new Error('no network'))
    for (const content of [{ image: png }, { video: { url: join(folder, 'picture.png') } }, { sticker: gif }]) {
      await expect(generateWAMessageContent(content, { upload })).rejects.toThrow('no network')
    }
    expect(readdirSync(folder)).toEqual(['picture.png'])
  })
})
