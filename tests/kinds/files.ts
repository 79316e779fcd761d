import { crc32, deflateSync } from 'node:zlib'

/** Small files, each the least that its format allows. */

const u16be = (value: number) => Buffer.from([value >> 8, value & 0xff])
const u32be = (value: number) => Buffer.concat([u16be(value >>> 16), u16be(value & 0xffff)])
const u24le = (value: number) => Buffer.from([value & 0xff, (value >> 8) & 0xff, value >> 16])
const u32le = (value: number) => Buffer.concat([u24le(value & 0xff_ffff), Buffer.from([value >>> 24])])

/** A grey picture. */
export const png = (width: number, height: number): Buffer => {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    return Buffer.concat([u32be(data.length), body, u32be(crc32(body))])
  }
  // Eight bits, grey, no interlacing.
  const header = Buffer.concat([u32be(width), u32be(height), Buffer.from([8, 0, 0, 0, 0])])
  const rows = deflateSync(Buffer.alloc((width + 1) * height))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))])
}

const riffChunk = (type: string, data: Buffer) =>
  Buffer.concat([Buffer.from(type, 'latin1'), u32le(data.length), data, Buffer.alloc(data.length % 2)])
const riff = (...chunks: Buffer[]) => riffChunk('RIFF', Buffer.concat([Buffer.from('WEBP', 'latin1'), ...chunks]))

/** A lossless still of the size of stickers. */
export const webp = (size = 512): Buffer =>
  riff(riffChunk('VP8L', Buffer.concat([Buffer.from([0x2f]), u32le((size - 1) | ((size - 1) << 14)), Buffer.alloc(8)])))

/** Two frames of it. */
export const animatedWebp = (size = 512): Buffer => {
  const side = u24le(size - 1)
  const canvas = riffChunk('VP8X', Buffer.concat([Buffer.from([0x02, 0, 0, 0]), side, side]))
  const loop = riffChunk('ANIM', Buffer.alloc(6))
  const still = webp(size).subarray(12)
  const frame = riffChunk('ANMF', Buffer.concat([Buffer.alloc(6), side, side, u24le(100), Buffer.from([0]), still]))
  return riff(canvas, loop, frame, frame)
}

/** A video without pictures: its index says how large and how long it would be. */
export const mp4 = (width: number, height: number, seconds: number): Buffer => {
  const box = (type: string, ...parts: Buffer[]) => {
    const data = Buffer.concat(parts)
    return Buffer.concat([u32be(data.length + 8), Buffer.from(type, 'latin1'), data])
  }
  const movie = box('mvhd', Buffer.alloc(12), u32be(1000), u32be(seconds * 1000), Buffer.alloc(80))
  const track = box('tkhd', Buffer.alloc(76), u32be(width << 16), u32be(height << 16))
  const brand = box('ftyp', Buffer.from('isom', 'latin1'), u32be(512), Buffer.from('isommp42', 'latin1'))
  return Buffer.concat([brand, box('moov', movie, box('trak', track)), box('mdat', Buffer.alloc(16))])
}

/** A recording without sound: pages that say how long it would be. */
export const opus = (seconds: number): Buffer => {
  const page = (flags: number, samples: number, data: Buffer) => {
    const position = Buffer.alloc(8)
    position.writeBigInt64LE(BigInt(samples))
    const head = [Buffer.from('OggS\0', 'latin1'), Buffer.from([flags]), position, u32le(1), u32le(0), u32le(0)]
    return Buffer.concat([...head, Buffer.from([1, data.length]), data])
  }
  const mono = Buffer.concat([
    Buffer.from('OpusHead', 'latin1'),
    Buffer.from([1, 1, 0, 0]),
    u32le(48_000),
    Buffer.alloc(3),
  ])
  return Buffer.concat([page(2, 0, mono), page(4, seconds * 48_000, Buffer.alloc(20))])
}

export const pdf = (): Buffer =>
  Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n')

/** An animation of nothing; those of WhatsApp are packed. */
export const lottie = (): Buffer =>
  Buffer.from(JSON.stringify({ v: '5.5.2', fr: 60, ip: 0, op: 60, w: 512, h: 512, layers: [] }))
