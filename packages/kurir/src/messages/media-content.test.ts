import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { WAMessage } from '../events/message-types.js'
import { silentLogger } from '../logger/index.js'
import { MediaEncryptor } from '../media/media-encryptor.js'
import { expandMediaKey } from '../media/media-keys.js'
import type { MediaType } from '../media/media-types.js'
import { HttpHost, serveFile } from '../media/testing/http-host.js'
import type { proto } from '../proto/index.js'
import { downloadMediaMessage } from './download-media.js'
import { assertMediaContent, extensionForMediaMessage, mediaMessageSHA256B64, mediaOfMessage } from './media-content.js'

const directPath = '/v/file?x=1'
const file = { directPath, mediaKey: Buffer.alloc(32, 7), mimetype: 'audio/ogg; codecs=opus' }

describe('the file of a message (docs/protocol/03, 3.5)', () => {
  const kinds: [MediaType, proto.IMessage][] = [
    ['image', { imageMessage: file }],
    ['video', { videoMessage: file }],
    ['ptv', { ptvMessage: file }],
    ['audio', { audioMessage: file }],
    ['document', { documentMessage: file }],
    ['sticker', { stickerMessage: file }],
    ['sticker-pack', { stickerPackMessage: file }],
    ['image', { productMessage: { product: { productImage: file } } }],
    ['image', { templateMessage: { hydratedTemplate: { imageMessage: file } } }],
    ['video', { interactiveMessage: { header: { videoMessage: file } } }],
    ['document', { documentWithCaptionMessage: { message: { documentMessage: file } } }],
    ['image', { viewOnceMessageV2: { message: { imageMessage: file } } }],
  ]

  it.each(kinds)('is %s in %j', (type, message) => {
    const found = mediaOfMessage(message)
    expect(found.type).toBe(type)
    expect(found.file).toBe(found.holder)
    expect(found.file).toBe(file)
  })

  it('is the picture of a link preview, with hashes of its own', () => {
    const thumbnailSha256 = Buffer.alloc(32, 1)
    const found = mediaOfMessage({
      extendedTextMessage: { text: 'x', thumbnailDirectPath: directPath, mediaKey: file.mediaKey, thumbnailSha256 },
    })
    expect(found).toMatchObject({ type: 'thumbnail-link', holder: undefined })
    expect(found.file).toMatchObject({ directPath, fileSha256: thumbnailSha256 })
  })

  it.each([{ conversation: 'x' }, { extendedTextMessage: { text: 'x' } }, { locationMessage: {} }])(
    'is not in %j',
    message => {
      expect(() => mediaOfMessage(message)).toThrow(expect.objectContaining({ code: 'not-a-media-message' }))
    },
  )

  it('is not in nothing', () => {
    expect(() => mediaOfMessage(undefined)).toThrow(expect.objectContaining({ code: 'no-message-content' }))
  })
})

describe('what is said about the file', () => {
  it('assertMediaContent gives the five ordinary kinds', () => {
    expect(assertMediaContent({ viewOnceMessage: { message: { imageMessage: file } } })).toBe(file)
    expect(() => assertMediaContent({ conversation: 'x' })).toThrow(
      expect.objectContaining({ code: 'not-a-media-message', output: expect.objectContaining({ statusCode: 400 }) }),
    )
    expect(() => assertMediaContent(null)).toThrow(expect.objectContaining({ code: 'not-a-media-message' }))
  })

  it('extensions follow the MIME type', () => {
    expect(extensionForMediaMessage({ audioMessage: file })).toBe('ogg')
    expect(extensionForMediaMessage({ imageMessage: { mimetype: 'image/jpeg' } })).toBe('jpeg')
    expect(extensionForMediaMessage({ locationMessage: {} })).toBe('.jpeg')
    expect(() => extensionForMediaMessage({ imageMessage: {} })).toThrow()
  })

  it('hashes are base64', () => {
    const fileSha256 = createHash('sha256').update('x').digest()
    expect(mediaMessageSHA256B64({ imageMessage: { fileSha256 } })).toBe(fileSha256.toString('base64'))
    expect(mediaMessageSHA256B64({ conversation: 'x' })).toBeUndefined()
  })
})

describe('downloadMediaMessage', () => {
  const plaintext = Buffer.from('The quick brown fox jumps over the lazy dog')
  const mediaKey = Buffer.alloc(32, 9)
  const encryptor = new MediaEncryptor(expandMediaKey(mediaKey, 'image'))
  const head = encryptor.update(plaintext)
  const { rest, info } = encryptor.finish()
  const encrypted = Buffer.concat([head, rest])
  const { fileSha256, fileEncSha256, fileLength } = info
  let host: HttpHost | undefined
  afterEach(() => host?.stop())

  async function start(status: number) {
    host = await HttpHost.start((seen, response) => {
      if (seen.path === '/new') serveFile(encrypted, seen, response)
      else response.writeHead(status).end()
    })
    const imageMessage: proto.Message.IImageMessage = {
      directPath: '/old',
      mediaKey,
      fileSha256,
      fileEncSha256,
      fileLength,
    }
    const message: WAMessage = { key: { id: '1' }, message: { imageMessage } }
    return { message, imageMessage, options: { mediaOrigins: [host.origin] } }
  }

  it.each([404, 410])('asks for a file that is gone with %d, once', async status => {
    const { message, imageMessage, options } = await start(status)
    let asked = 0
    const reuploadRequest = async (gone: WAMessage) => {
      asked += 1
      imageMessage.directPath = asked === 1 ? '/new' : '/old'
      return gone
    }
    const context = { reuploadRequest, logger: silentLogger }
    expect(await downloadMediaMessage(message, 'buffer', options, context)).toEqual(plaintext)
    imageMessage.directPath = '/old'
    await expect(downloadMediaMessage(message, 'buffer', options, context)).rejects.toMatchObject({ status })
    expect(asked).toBe(2)
    await expect(downloadMediaMessage(message, 'stream', options)).rejects.toMatchObject({ status })
  })

  it('does not ask for a file that is refused or damaged', async () => {
    const { message, imageMessage, options } = await start(403)
    const context = { reuploadRequest: () => Promise.reject(new Error('asked')), logger: silentLogger }
    await expect(downloadMediaMessage(message, 'buffer', options, context)).rejects.toMatchObject({ status: 403 })
    Object.assign(imageMessage, { directPath: '/new', fileSha256: Buffer.alloc(32) })
    await expect(downloadMediaMessage(message, 'buffer', options, context)).rejects.toMatchObject({
      code: 'media-integrity-failed',
    })
    await expect(downloadMediaMessage({ key: {} }, 'buffer', options)).rejects.toMatchObject({
      code: 'no-message-content',
    })
  })
})
