import type { ILogger } from '../../logger/logger.js'
import { getAudioDuration, getAudioWaveform } from '../../media/audio.js'
import { expandMediaKey } from '../../media/media-keys.js'
import { readMp4 } from '../../media/mp4.js'
import { extractImageThumb, imageDimensions } from '../../media/pictures.js'
import { withRandomAccess } from '../../media/random-access.js'
import { firstFrameSidecar } from '../../media/sidecar.js'
import { firstFrame } from '../../media/thumbnail.js'
import { readWebp } from '../../media/webp.js'

/*
 * What is found out about a file while it is uploaded. Nothing here is worth failing for: it is logged, and the message
 * goes without (docs/protocol/03, 2.8).
 */

export interface PictureDetails {
  width?: number
  height?: number
  jpegThumbnail?: Uint8Array
}

export interface VideoDetails extends PictureDetails {
  seconds?: number
}

export interface AudioDetails {
  seconds?: number
  waveform?: Uint8Array
}

export interface StickerDetails {
  width?: number
  height?: number
  isAnimated?: boolean
  firstFrameLength?: number
  firstFrameSidecar?: Uint8Array
}

async function orNothing<Result>(
  logger: ILogger | undefined,
  what: string,
  work: Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work
  } catch (error) {
    logger?.warn({ err: error }, `${what} could not be found out; the message goes without`)
    return undefined
  }
}

function defined<Details extends object>(details: { [Name in keyof Details]: Details[Name] | undefined }): Details {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined)) as Details
}

/** Durations are whole seconds in messages. */
const whole = (seconds: number | undefined) => (seconds === undefined ? undefined : Math.floor(seconds))

/** Bytes as the thumbnail makers take them. */
const bufferOf = (original: string | Uint8Array) =>
  typeof original === 'string' ? original : Buffer.from(original.buffer, original.byteOffset, original.byteLength)

export async function inspectImage(
  original: string | Uint8Array,
  needsThumbnail: boolean,
  logger: ILogger | undefined,
): Promise<PictureDetails> {
  const [size, thumbnail] = await Promise.all([
    orNothing(logger, 'the size of a picture', imageDimensions(original)),
    needsThumbnail ? orNothing(logger, 'the thumbnail of a picture', extractImageThumb(bufferOf(original))) : undefined,
  ])
  return defined<PictureDetails>({ width: size?.width, height: size?.height, jpegThumbnail: thumbnail?.buffer })
}

export async function inspectVideo(
  original: string | Uint8Array,
  needsThumbnail: boolean,
  logger: ILogger | undefined,
): Promise<VideoDetails> {
  const isFile = typeof original === 'string'
  const [index, jpegThumbnail] = await Promise.all([
    orNothing(logger, 'the size of a video', withRandomAccess(original, readMp4)),
    needsThumbnail && isFile ? orNothing(logger, 'the thumbnail of a video', firstFrame(original)) : undefined,
  ])
  const { seconds, width, height } = index ?? {}
  return defined<VideoDetails>({ seconds: whole(seconds), width, height, jpegThumbnail })
}

export async function inspectAudio(
  original: string | Uint8Array,
  needs: { readonly seconds: boolean; readonly waveform: boolean },
  logger: ILogger | undefined,
): Promise<AudioDetails> {
  const input = bufferOf(original)
  const [seconds, waveform] = await Promise.all([
    needs.seconds ? orNothing(logger, 'the duration of an audio file', getAudioDuration(input)) : undefined,
    needs.waveform ? getAudioWaveform(input, logger) : undefined,
  ])
  return defined<AudioDetails>({ seconds: whole(seconds), waveform })
}

/** @param encrypted what a first frame is signed with; not for channels */
export async function inspectSticker(
  original: string | Uint8Array,
  encrypted: { readonly mediaKey: Uint8Array; readonly path: string } | undefined,
  logger: ILogger | undefined,
): Promise<StickerDetails> {
  const [size, webp] = await Promise.all([
    orNothing(logger, 'the size of a sticker', imageDimensions(original)),
    orNothing(logger, 'the frames of a sticker', withRandomAccess(original, readWebp)),
  ])
  const { isAnimated, firstFrameLength } = webp ?? {}
  const sidecar =
    encrypted === undefined || firstFrameLength === undefined
      ? undefined
      : await orNothing(logger, 'the first frame of a sticker', signFrame(encrypted, firstFrameLength))
  return defined<StickerDetails>({
    width: size?.width,
    height: size?.height,
    isAnimated,
    firstFrameLength: sidecar === undefined ? undefined : firstFrameLength,
    firstFrameSidecar: sidecar,
  })
}

function signFrame(file: { readonly mediaKey: Uint8Array; readonly path: string }, length: number): Promise<Buffer> {
  return withRandomAccess(file.path, async bytes =>
    firstFrameSidecar(expandMediaKey(file.mediaKey, 'sticker'), await bytes.read(0, length + 16), length),
  )
}
