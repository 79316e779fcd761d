import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { getAudioDuration, getAudioWaveform } from './audio.js'
import { extractImageThumb, generateProfilePicture, stickerOf } from './pictures.js'
import { movie, oggOpus, wav } from './testing/media-samples.js'
import { firstFrame, generateThumbnail } from './thumbnail.js'

let folder = ''
let png = Buffer.alloc(0)
let path = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kurir-pictures-test-'))
  png = await sharp({ create: { width: 640, height: 320, channels: 3, background: 'teal' } })
    .png()
    .toBuffer()
  path = join(folder, 'picture.png')
  writeFileSync(path, png)
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  vi.doUnmock('sharp')
  vi.doUnmock('jimp')
  vi.doUnmock('audio-decode')
  vi.doUnmock('music-metadata')
  vi.resetModules()
})

/** A fresh copy of the room, as on a machine without these packages. */
async function without<Module>(names: readonly string[], load: () => Promise<Module>): Promise<Module> {
  vi.resetModules()
  for (const name of names) {
    vi.doMock(name, () => {
      throw new Error(`Cannot find package '${name}'`)
    })
  }
  return await load()
}

describe('thumbnails (docs/protocol/03, 7.10)', () => {
  it.each<[string, () => string | Buffer | Readable]>([
    ['a path', () => path],
    ['bytes', () => png],
    ['a stream', () => Readable.from([png])],
  ])('of a picture given as %s are 32 pixels wide', async (_, source) => {
    const { buffer, original } = await extractImageThumb(source())
    expect(original).toEqual({ width: 640, height: 320 })
    expect(await sharp(buffer).metadata()).toMatchObject({ format: 'jpeg', width: 32, height: 16 })
  })

  it('are made with jimp where sharp is missing', async () => {
    const room = await without(['sharp'], () => import('./pictures.js'))
    const { buffer } = await room.extractImageThumb(png, 100)
    expect(await sharp(buffer).metadata()).toMatchObject({ format: 'jpeg', width: 100, height: 50 })
    const { img } = await room.generateProfilePicture(png)
    expect(await sharp(img).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 640 })
    await expect(room.stickerOf(png)).rejects.toMatchObject({ code: 'library-missing', data: { package: 'sharp' } })
  })

  it('need one of the two, and say so', async () => {
    const room = await without(['sharp', 'jimp'], () => import('./pictures.js'))
    await expect(room.extractImageThumb(png)).rejects.toMatchObject({
      code: 'library-missing',
      message: expect.stringContaining('No image processing library available'),
      data: { package: 'sharp' },
    })
  })

  it('are not made of what is no picture', async () => {
    await expect(extractImageThumb(Buffer.from('no picture'))).rejects.toMatchObject({ code: 'picture-unreadable' })
    await expect(generateProfilePicture(Buffer.from('no'))).rejects.toMatchObject({ code: 'picture-unreadable' })
    await expect(stickerOf(Buffer.from('no'))).rejects.toMatchObject({ code: 'picture-unreadable' })
  })

  it('of pictures come with the size of the original', async () => {
    const { thumbnail, originalImageDimensions } = await generateThumbnail(path, 'image', {})
    expect(originalImageDimensions).toEqual({ width: 640, height: 320 })
    expect(await sharp(Buffer.from(thumbnail ?? '', 'base64')).metadata()).toMatchObject({ format: 'jpeg' })
  })
})

describe('profile pictures', () => {
  it('are 640 × 640, or as asked for', async () => {
    const { img } = await generateProfilePicture({ url: path })
    expect(await sharp(img).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 640 })
    const small = await generateProfilePicture(png, { width: 96, height: 48 })
    expect(await sharp(small.img).metadata()).toMatchObject({ width: 96, height: 48 })
  })
})

describe('thumbnails of videos', () => {
  const before = process.env['PATH']
  afterEach(() => {
    process.env['PATH'] = before
  })

  /** Something that is called as ffmpeg is. */
  function ffmpeg(script: string): void {
    const program = join(folder, 'ffmpeg')
    writeFileSync(program, `#!${process.execPath}\n${script}`)
    chmodSync(program, 0o755)
    process.env['PATH'] = folder
  }

  it('come from ffmpeg, which is told to read nothing but the file', async () => {
    ffmpeg('process.stdout.write(JSON.stringify(process.argv.slice(2)))')
    const frame = JSON.parse(String(await firstFrame('/a/-video.mp4')))
    expect(frame).toContain('file:/a/-video.mp4')
    expect(frame.slice(frame.indexOf('-protocol_whitelist')).slice(0, 2)).toEqual(['-protocol_whitelist', 'file,pipe'])
  })

  it('are left out when ffmpeg fails or is missing', async () => {
    ffmpeg('process.exit(1)')
    await expect(firstFrame('x')).rejects.toMatchObject({ code: 'picture-unreadable' })
    process.env['PATH'] = join(folder, 'nowhere')
    await expect(firstFrame('x')).rejects.toMatchObject({ code: 'library-missing', data: { package: 'ffmpeg' } })
    expect(await generateThumbnail('x', 'video', {})).toEqual({
      thumbnail: undefined,
      originalImageDimensions: undefined,
    })
  })
})

describe('audio', () => {
  const sound = wav(
    Float32Array.from({ length: 16_000 }, (_, index) => (index < 8000 ? 0.25 : 0.5)),
    8000,
  )

  it('has a duration: voice notes and MP4 without any library, others with one', async () => {
    const room = await without(['music-metadata'], () => import('./audio.js'))
    expect(await room.getAudioDuration(oggOpus(3))).toBe(3)
    expect(await room.getAudioDuration(movie({ seconds: 2, width: 0, height: 0 }))).toBe(2)
    await expect(room.getAudioDuration(sound)).rejects.toMatchObject({
      code: 'library-missing',
      data: { package: 'music-metadata' },
    })
    vi.doUnmock('music-metadata')
    vi.resetModules()
    expect(await getAudioDuration(sound)).toBeCloseTo(2, 2)
    expect(await getAudioDuration(Readable.from([sound]))).toBeCloseTo(2, 2)
    await expect(getAudioDuration(join(folder, 'picture.png'))).rejects.toMatchObject({ code: 'audio-unreadable' })
  })

  it('has a waveform', async () => {
    const waveform = await getAudioWaveform(sound)
    expect(waveform).toHaveLength(64)
    expect([waveform?.[0], waveform?.[63]]).toEqual([expect.closeTo(50, -0.5), expect.closeTo(100, -0.5)])
  })

  it('has none when it cannot be decoded, and the log says why', async () => {
    const warnings: unknown[] = []
    const logger = { warn: (data: unknown) => warnings.push(data) } as never
    expect(await getAudioWaveform(Buffer.from('nothing'), logger)).toBeUndefined()
    const room = await without(['audio-decode'], () => import('./audio.js'))
    expect(await room.getAudioWaveform(sound, logger)).toBeUndefined()
    expect(warnings).toHaveLength(2)
    expect(warnings[1]).toMatchObject({ err: { code: 'library-missing', data: { package: 'audio-decode' } } })
  })
})
