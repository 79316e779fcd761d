import type { RandomAccess } from './random-access.js'

/** What the first bytes of a picture say. */
export interface ImageHeader {
  readonly mimetype: 'image/jpeg' | 'image/png' | 'image/gif' | 'image/webp'
  /** Pixels, as a person sees the picture: turned as its orientation says. */
  readonly width: number
  readonly height: number
}

/** Beyond this no sane file keeps its header; JPEGs may have previews before it. */
const searched = 512 * 1024

/** Kind and size of a JPEG, PNG, GIF or WebP; undefined for anything else. Never throws for what the bytes are. */
export async function readImageHeader(bytes: RandomAccess): Promise<ImageHeader | undefined> {
  return parseImageHeader(await bytes.read(0, searched))
}

export function parseImageHeader(head: Buffer): ImageHeader | undefined {
  const found = jpegHeader(head) ?? pngHeader(head) ?? gifHeader(head) ?? webpHeader(head)
  return found !== undefined && found.width > 0 && found.height > 0 ? found : undefined
}

function pngHeader(head: Buffer): ImageHeader | undefined {
  const signature = '89504e470d0a1a0a0000000d49484452'
  if (head.byteLength < 24 || head.subarray(0, 16).toString('hex') !== signature) return undefined
  return { mimetype: 'image/png', width: head.readUInt32BE(16), height: head.readUInt32BE(20) }
}

function gifHeader(head: Buffer): ImageHeader | undefined {
  if (head.byteLength < 10 || !/^GIF8[79]a$/.test(head.toString('latin1', 0, 6))) return undefined
  return { mimetype: 'image/gif', width: head.readUInt16LE(6), height: head.readUInt16LE(8) }
}

function webpHeader(head: Buffer): ImageHeader | undefined {
  if (head.byteLength < 30 || head.toString('latin1', 0, 4) !== 'RIFF' || head.toString('latin1', 8, 12) !== 'WEBP') {
    return undefined
  }
  const mimetype = 'image/webp'
  switch (head.toString('latin1', 12, 16)) {
    case 'VP8X':
      return { mimetype, width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 }
    case 'VP8L': {
      const sizes = head.readUInt32LE(21)
      return { mimetype, width: (sizes & 0x3fff) + 1, height: ((sizes >>> 14) & 0x3fff) + 1 }
    }
    case 'VP8 ':
      return { mimetype, width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff }
    default:
      return undefined
  }
}

function jpegHeader(head: Buffer): ImageHeader | undefined {
  if (head.byteLength < 4 || head.readUInt16BE(0) !== 0xffd8) return undefined
  let orientation = 1
  for (let at = 2; at + 9 < head.byteLength; ) {
    if (head[at] !== 0xff) return undefined
    const marker = head[at + 1] ?? 0
    // Fill bytes and markers without content.
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2
      continue
    }
    if (marker === 0xd9 || marker === 0xda) return undefined
    const length = head.readUInt16BE(at + 2)
    if (length < 2) return undefined
    if (isFrame(marker)) {
      const height = head.readUInt16BE(at + 5)
      const width = head.readUInt16BE(at + 7)
      const mimetype = 'image/jpeg'
      return orientation > 4 ? { mimetype, width: height, height: width } : { mimetype, width, height }
    }
    if (marker === 0xe1) orientation = exifOrientation(head.subarray(at + 4, at + 2 + length)) ?? orientation
    at += 2 + length
  }
  return undefined
}

/** SOF markers: C0 to CF without tables (C4), JPEG extensions (C8) and arithmetic conditioning (CC). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/** The orientation tag of Exif data: 1 to 8, above 4 turned by a quarter. */
function exifOrientation(segment: Buffer): number | undefined {
  if (segment.byteLength < 14 || segment.toString('latin1', 0, 6) !== 'Exif\0\0') return undefined
  const tiff = segment.subarray(6)
  const isLittle = tiff.toString('latin1', 0, 2) === 'II'
  const short = (at: number) => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  if (directory + 2 > tiff.byteLength) return undefined
  const entries = short(directory)
  for (let index = 0; index < entries; index += 1) {
    const at = directory + 2 + index * 12
    if (at + 12 > tiff.byteLength) return undefined
    if (short(at) !== 0x0112) continue
    const value = short(at + 8)
    return value >= 1 && value <= 8 ? value : undefined
  }
  return undefined
}
