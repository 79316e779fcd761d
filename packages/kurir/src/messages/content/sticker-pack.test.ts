import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { MediaDecryptor } from '../../media/media-decryptor.js'
import { expandMediaKey } from '../../media/media-keys.js'
import type { MediaType, WAMediaUploadFunction } from '../../media/media-types.js'
import { storedZip } from '../../media/stored-zip.js'
import { proto } from '../../proto/index.js'
import { generateWAMessageContent } from '../generate.js'
import { readFixture } from '../testing/fixtures.js'

const mediaKey = Buffer.alloc(32, 3)
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
let stickers: Buffer[] = []
beforeAll(async () => {
  stickers = await Promise.all(
    ['red', 'blue'].map(background =>
      sharp({ create: { width: 512, height: 512, channels: 3, background } })
        .webp()
        .toBuffer(),
    ),
  )
})

function uploader() {
  const files = new Map<MediaType, Buffer>()
  const upload: WAMediaUploadFunction = async (path, { mediaType }) => {
    files.set(mediaType, readFileSync(path))
    return { mediaUrl: 'https://mmg.whatsapp.net/x', directPath: `/${mediaType}` }
  }
  const opened = (type: MediaType) => {
    const decryptor = new MediaDecryptor(expandMediaKey(mediaKey, type))
    const content = decryptor.update(files.get(type) ?? Buffer.alloc(0))
    return Buffer.concat([...content, decryptor.finish()])
  }
  return { upload, opened }
}

/** The files of an archive, by its directory. */
function unzip(zip: Buffer): Map<string, Buffer> {
  const entries = new Map<string, Buffer>()
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'))
  let at = zip.readUInt32LE(end + 16)
  for (let count = zip.readUInt16LE(end + 10); count > 0; count -= 1) {
    const nameLength = zip.readUInt16LE(at + 28)
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    const local = zip.readUInt32LE(at + 42)
    expect([zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 12), zip.readUInt16LE(local + 28)]).toEqual([0, 0, 0])
    const start = local + 30 + zip.readUInt16LE(local + 26)
    const bytes = zip.subarray(start, start + zip.readUInt32LE(at + 24))
    expect(zip.readUInt32LE(at + 16)).toBe(crc32(bytes))
    entries.set(name, bytes)
    at += 46 + nameLength
  }
  return entries
}

describe('sticker packs (docs/protocol/03, 7.11)', () => {
  it('are one archive and a picture, sealed with the same key', async () => {
    const { upload, opened } = uploader()
    const [red = Buffer.alloc(0), blue = Buffer.alloc(0)] = stickers
    const stickerPack = {
      id: 'pack-1',
      name: 'Colours',
      publisher: 'Me',
      description: 'two of them',
      stickers: [{ sticker: red, emojis: ['🟥'] }, { sticker: blue, accessibilityLabel: 'blue' }, { sticker: red }],
    }
    const options = { upload, mediaKey, now: 1_700_000_000_123 }
    const { stickerPackMessage: pack } = await generateWAMessageContent({ stickerPack }, options)
    const archive = opened('sticker-pack')
    const cover = opened('thumbnail-sticker-pack')
    const names = [red, blue].map(bytes => `${hash(bytes).toString('base64url')}.webp`)
    const files = unzip(archive)
    expect([...files.keys()]).toEqual([...names, 'tray.png'])
    expect([...files.values()].map(hash)).toEqual([red, blue, cover].map(hash))
    expect(await sharp(cover).metadata()).toMatchObject({ format: 'jpeg', width: 252, height: 252 })
    const sticker = { isAnimated: false, emojis: [], accessibilityLabel: '', isLottie: false, mimetype: 'image/webp' }
    expect(pack).toMatchObject({
      stickerPackId: 'pack-1',
      name: 'Colours',
      publisher: 'Me',
      packDescription: 'two of them',
      mediaKey,
      mediaKeyTimestamp: 1_700_000_000,
      directPath: '/sticker-pack',
      fileSha256: hash(archive),
      fileLength: archive.byteLength,
      stickerPackSize: archive.byteLength,
      stickers: [
        { ...sticker, fileName: names[0], emojis: ['🟥'] },
        { ...sticker, fileName: names[1], accessibilityLabel: 'blue' },
        { ...sticker, fileName: names[0] },
      ],
      trayIconFileName: 'tray.png',
      thumbnailDirectPath: '/thumbnail-sticker-pack',
      thumbnailSha256: hash(cover),
      thumbnailWidth: 252,
      thumbnailHeight: 252,
      imageDataHash: hash(cover).toString('base64'),
      stickerPackOrigin: 2,
    })
  })

  it('have the fields of the vector', async () => {
    const { cases } = readFixture<{ cases: { name: string; messageProtoHex: string }[] }>(
      'vectors/03-messages-extra.json',
    )
    const hex = cases.find(({ name }) => name === 'sticker_pack')?.messageProtoHex ?? ''
    const theirs = proto.Message.decode(Buffer.from(hex, 'hex')).stickerPackMessage ?? {}
    const { upload } = uploader()
    const stickerPack = { name: 'Cats', publisher: 'Me', stickers: [{ sticker: stickers[0] ?? Buffer.alloc(0) }] }
    const { stickerPackMessage: ours } = await generateWAMessageContent({ stickerPack }, { upload })
    const written = proto.Message.StickerPackMessage.decode(
      proto.Message.StickerPackMessage.encode(ours ?? {}).finish(),
    )
    expect(Object.keys(written).sort()).toEqual(Object.keys(theirs).sort())
    expect(Object.keys(written.stickers[0] ?? {}).sort()).toEqual(Object.keys(theirs.stickers?.[0] ?? {}).sort())
  })

  it.each<[object, string]>([
    [{ name: '', publisher: 'Me', stickers: [{}] }, 'stickerPack.name'],
    [{ name: 'x', stickers: [{}] }, 'stickerPack.publisher'],
    [{ name: 'x', publisher: 'Me', stickers: [] }, 'stickerPack.stickers'],
    [{ name: 'x', publisher: 'Me', stickers: Array(61).fill({}) }, 'stickerPack.stickers'],
    [{ name: 'x', publisher: 'Me', stickers: [{ sticker: Buffer.from('no WebP') }] }, 'stickerPack.stickers[0]'],
  ])('are refused when something is wrong: %j', async (stickerPack, field) => {
    const { upload } = uploader()
    await expect(generateWAMessageContent({ stickerPack } as never, { upload })).rejects.toMatchObject({
      code: 'invalid-content',
      data: { field },
    })
  })
})

describe('stored ZIP archives', () => {
  const entries = [
    { name: 'a.txt', bytes: Buffer.from('hello') },
    { name: 'ü/empty', bytes: Buffer.alloc(0) },
  ]

  it('hold files as they are', async () => {
    expect([...unzip(await storedZip(entries))]).toEqual(entries.map(({ name, bytes }) => [name, bytes]))
  })

  it('are read by other programs', async context => {
    const path = join(tmpdir(), `kurir-zip-test-${process.pid}.zip`)
    writeFileSync(path, await storedZip(entries))
    try {
      const script = `import zipfile,sys; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(z.read('a.txt').decode(), z.namelist())`
      expect(execFileSync('python3', ['-c', script, path], { encoding: 'utf8' })).toBe("hello ['a.txt', 'ü/empty']\n")
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') throw error
      context.skip()
    } finally {
      rmSync(path)
    }
  })
})

describe('Lottie stickers (docs/protocol/03, 7.11)', () => {
  it('go as they are, in a wrapper of their own', async () => {
    const { upload } = uploader()
    const sticker = Buffer.from('a was file')
    const { lottieStickerMessage } = await generateWAMessageContent({ sticker, isLottie: true }, { upload })
    expect(lottieStickerMessage?.message?.stickerMessage).toMatchObject({
      mimetype: 'application/was',
      isLottie: true,
      isAnimated: true,
      fileLength: sticker.byteLength,
    })
  })
})
