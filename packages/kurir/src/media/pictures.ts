import type { Readable } from 'node:stream'
import { KurirError } from '../errors/kurir-error.js'
import { readImageHeader } from './image-header.js'
import type { MediaSourceOptions } from './media-source.js'
import { openSource } from './media-source.js'
import type { WAMediaUpload } from './media-types.js'
import { loadLibrary } from './optional-library.js'
import { withRandomAccess } from './random-access.js'

/** Width of thumbnails in pixels, and their JPEG quality (docs/protocol/03, 7.10). */
const thumbnailWidth = 32
const thumbnailQuality = 50
const profilePicture = { width: 640, height: 640 }
const stickerSize = 512
/** Pictures that would take more memory than this are not decoded. */
const maxPixels = 100_000_000
/** Bytes of a picture that is read into memory to be worked on. */
const maxPictureBytes = 64 * 1024 * 1024

export interface Dimensions {
  readonly width: number
  readonly height: number
}

/** What Kurir asks of a picture library. */
interface PictureLibrary {
  /** A JPEG that is `width` pixels wide. */
  thumbnail(input: Buffer, width: number): Promise<Buffer>
  /** A JPEG that fills this box. */
  cover(input: Buffer, box: Dimensions): Promise<Buffer>
  /** A WebP of 512 × 512 pixels, transparent around the picture. */
  sticker?(input: Buffer): Promise<Buffer>
}

async function withSharp(): Promise<PictureLibrary> {
  const { default: sharp } = await import('sharp')
  const open = (input: Buffer) => sharp(input, { limitInputPixels: maxPixels, failOn: 'none' }).rotate()
  return {
    thumbnail: (input, width) => open(input).resize(width).jpeg({ quality: thumbnailQuality }).toBuffer(),
    cover: (input, { width, height }) =>
      open(input).resize(width, height).jpeg({ quality: thumbnailQuality }).toBuffer(),
    sticker: input =>
      sharp(input, { limitInputPixels: maxPixels, animated: true })
        .resize(stickerSize, stickerSize, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } })
        .webp()
        .toBuffer(),
  }
}

async function withJimp(): Promise<PictureLibrary> {
  const { Jimp } = await import('jimp')
  const write = (image: { getBuffer(type: 'image/jpeg', options: { quality: number }): Promise<Buffer> }) =>
    image.getBuffer('image/jpeg', { quality: thumbnailQuality })
  return {
    thumbnail: async (input, width) => write((await Jimp.read(input)).resize({ w: width })),
    cover: async (input, { width, height }) => {
      const image = await Jimp.read(input)
      const side = Math.min(image.bitmap.width, image.bitmap.height)
      return write(image.crop({ x: 0, y: 0, w: side, h: side }).resize({ w: width, h: height }))
    },
  }
}

async function pictureLibrary(): Promise<PictureLibrary> {
  try {
    return await withSharp()
  } catch {
    return await loadLibrary('sharp', 'Working on pictures', withJimp).catch(cause => {
      throw new KurirError('library-missing', 'No image processing library available: npm install sharp, or jimp', {
        statusCode: 501,
        data: { package: 'sharp' },
        cause,
      })
    })
  }
}

/** The size of a picture by its header, without any library. */
export function imageDimensions(input: string | Uint8Array): Promise<Dimensions | undefined> {
  return withRandomAccess(input, readImageHeader)
}

async function bytesOf(input: string | Uint8Array | Readable): Promise<Buffer> {
  const media =
    typeof input === 'string' ? { url: input } : input instanceof Uint8Array ? Buffer.from(input) : { stream: input }
  return await readAll(media, { maxLength: maxPictureBytes })
}

/** @throws KurirError as `openSource` */
export async function readAll(media: WAMediaUpload, options: MediaSourceOptions): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of (await openSource(media, options)).chunks) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/**
 * A small JPEG of a picture given as path, bytes or stream, and the size of the original.
 *
 * @param width pixels
 * @throws KurirError `library-missing` (501), `picture-unreadable` (400)
 */
export async function extractImageThumb(
  bufferOrFilePath: string | Buffer | Readable,
  width: number = thumbnailWidth,
): Promise<{ buffer: Buffer; original: { width: number | undefined; height: number | undefined } }> {
  const input = await bytesOf(bufferOrFilePath)
  const library = await pictureLibrary()
  const size = await imageDimensions(input)
  const buffer = await library.thumbnail(input, width).catch(unreadable)
  return { buffer, original: { width: size?.width, height: size?.height } }
}

/**
 * A JPEG for a profile, 640 × 640 unless told otherwise; the picture fills the box.
 *
 * @throws KurirError `library-missing` (501), `picture-unreadable` (400), and as `openSource`
 */
export async function generateProfilePicture(
  mediaUpload: WAMediaUpload,
  dimensions: { width: number; height: number } = profilePicture,
  options: MediaSourceOptions = {},
): Promise<{ img: Buffer }> {
  const input = await readAll(mediaUpload, { maxLength: maxPictureBytes, ...options })
  return { img: await coverOf(input, dimensions) }
}

/**
 * A JPEG that fills a box.
 *
 * @throws KurirError `library-missing` (501), `picture-unreadable` (400)
 */
export async function coverOf(input: Buffer, box: Dimensions): Promise<Buffer> {
  return await (await pictureLibrary()).cover(input, box).catch(unreadable)
}

/**
 * Makes a sticker of any picture: WebP, 512 × 512.
 *
 * @throws KurirError `library-missing` (501), `picture-unreadable` (400)
 */
export async function stickerOf(input: Buffer): Promise<Buffer> {
  const { sticker } = await pictureLibrary()
  if (sticker === undefined) {
    throw new KurirError('library-missing', 'Making stickers needs the package "sharp": npm install sharp', {
      statusCode: 501,
      data: { package: 'sharp' },
    })
  }
  return await sticker(input).catch(unreadable)
}

function unreadable(cause: unknown): never {
  throw new KurirError('picture-unreadable', 'The picture cannot be decoded', { statusCode: 400, cause })
}
