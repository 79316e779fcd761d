import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { parseImageHeader, readImageHeader } from './image-header.js'
import { readMp4 } from './mp4.js'
import { readOggOpusDuration } from './ogg.js'
import { withRandomAccess } from './random-access.js'
import { box, movie, oggOpus } from './testing/media-samples.js'
import { waveformOf } from './waveform.js'
import { readWebp } from './webp.js'

const picture = (width: number, height: number, background = 'red') =>
  sharp({ create: { width, height, channels: 3, background } })

describe('sizes of pictures', () => {
  it.each(['jpeg', 'png', 'gif', 'webp'] as const)('%s', async format => {
    const bytes = await picture(321, 123).toFormat(format).toBuffer()
    const expected = { mimetype: `image/${format}`, width: 321, height: 123 }
    expect(await withRandomAccess(bytes, readImageHeader)).toEqual(expected)
  })

  it.each([
    ['progressive JPEG', () => picture(40, 30).jpeg({ progressive: true }).toBuffer(), 40],
    ['lossless WebP', () => picture(40, 30).webp({ lossless: true }).toBuffer(), 40],
    ['JPEG that is turned', () => picture(30, 40).withMetadata({ orientation: 6 }).jpeg().toBuffer(), 40],
    ['JPEG that is mirrored', () => picture(40, 30).withMetadata({ orientation: 2 }).jpeg().toBuffer(), 40],
  ])('%s', async (_, make, width) => {
    expect(parseImageHeader(await make())).toMatchObject({ width, height: 70 - width })
  })

  it('are unknown for everything else, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        for (const head of ['', 'ffd8ffe1', '89504e470d0a1a0a0000000d49484452', '474946383961', '52494646']) {
          parseImageHeader(Buffer.concat([Buffer.from(head, 'hex'), bytes]))
        }
      }),
    )
    expect(parseImageHeader(Buffer.alloc(0))).toBeUndefined()
    expect(parseImageHeader(Buffer.from('ffd8ffd9', 'hex'))).toBeUndefined()
  })
})

describe('animated WebP (docs/protocol/03, 7.11)', () => {
  it('is told from a still one, with the end of its first frame', async () => {
    const raw = Buffer.concat(
      await Promise.all(['red', 'green'].map(colour => picture(64, 64, colour).raw().toBuffer())),
    )
    const animated = await sharp(raw, { raw: { width: 64, height: 128, channels: 3, pageHeight: 64 } })
      .webp()
      .toBuffer()
    const info = await withRandomAccess(animated, readWebp)
    const first = animated.indexOf('ANMF')
    expect(info).toEqual({ isAnimated: true, firstFrameLength: first + 8 + animated.readUInt32LE(first + 4) })
    expect(await withRandomAccess(await picture(64, 64).webp().toBuffer(), readWebp)).toEqual({ isAnimated: false })
    expect(await withRandomAccess(await picture(64, 64).png().toBuffer(), readWebp)).toBeUndefined()
    // A frame that the file has not all of has no end.
    expect(await withRandomAccess(animated.subarray(0, first + 20), readWebp)).toEqual({ isAnimated: true })
  })
})

describe('MP4', () => {
  it.each([
    ['short forms', { version: 0 }],
    ['long forms', { version: 1 }],
  ] as const)('gives duration and size: %s', async (_, options) => {
    const info = await withRandomAccess(movie({ seconds: 12.5, width: 1280, height: 720, ...options }), readMp4)
    expect(info).toEqual({ seconds: 12.5, width: 1280, height: 720 })
  })

  it('gives the size as it is seen, and takes the first track that has one', async () => {
    const turned = movie({ seconds: 1, width: 1280, height: 720, turned: true, soundFirst: true })
    expect(await withRandomAccess(turned, readMp4)).toEqual({ seconds: 1, width: 720, height: 1280 })
  })

  it('is none without its mark, and without an index it says nothing', async () => {
    expect(await withRandomAccess(Buffer.from('not a movie'), readMp4)).toBeUndefined()
    expect(await withRandomAccess(box('ftyp', Buffer.from('isom')), readMp4)).toEqual({})
  })

  it('ends with nested boxes without end', async () => {
    let nested = box('moov', Buffer.alloc(0))
    for (let depth = 0; depth < 3000; depth += 1) nested = box('moov', nested)
    const many = Buffer.concat([box('ftyp', Buffer.from('isom')), nested])
    expect(await withRandomAccess(many, readMp4)).toEqual({})
  })
})

describe('OGG/Opus', () => {
  it('gives its duration without what is skipped', async () => {
    expect(await withRandomAccess(oggOpus(3.25), readOggOpusDuration)).toBe(3.25)
    expect(await withRandomAccess(Buffer.from('OggS and then nothing'), readOggOpusDuration)).toBeUndefined()
  })
})

describe('waveforms (docs/protocol/03, 7.10)', () => {
  const { cases }: { cases: { name: string; sampleRule: string; sampleCount: number; baileysWaveformHex: string }[] } =
    JSON.parse(readFileSync(new URL('../../../../tests/fixtures/vectors/03-waveform.json', import.meta.url), 'utf8'))
  const rules: Record<string, (index: number) => number> = {
    ramp_6400: index => index * 5,
    sine_16000: index => Math.round(12000 * Math.sin((2 * Math.PI * 440 * index) / 8000) * (index / 16000)),
    sawtooth_24000: index => (((index * 37) % 4001) - 2000) * (1 + Math.floor(index / 3000)),
    short_1000: index => (index % 100) * 200,
    silence_8000: () => 0,
  }

  it.each(cases)('$name: $sampleRule', ({ name, sampleCount, baileysWaveformHex }) => {
    const samples = Float32Array.from(
      { length: sampleCount },
      (_, index) => (rules[name]?.(index) ?? Number.NaN) / 32768,
    )
    // The vectors' rounding depends on the decoder's: a difference of 1 is none.
    const expected = Buffer.from(baileysWaveformHex, 'hex')
    waveformOf(samples).forEach((value, index) => {
      expect(Math.abs(value - (expected[index] ?? Number.NaN))).toBeLessThanOrEqual(1)
    })
  })

  it('have 64 values for anything', () => {
    for (const length of [0, 1, 63, 64, 65]) expect(waveformOf(new Float32Array(length).fill(1))).toHaveLength(64)
  })
})
