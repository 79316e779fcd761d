import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import { type Dimensions, extractImageThumb } from './pictures.js'

const videoThumbnailWidth = 32
const ffmpegDeadlineMs = 10_000
const largestFrame = 1024 * 1024

/**
 * The thumbnail of a picture, or of the first frame of a video where `ffmpeg` is on the PATH; base64 JPEG, 32 pixels
 * wide. A video without is no failure.
 *
 * @param file path
 * @throws KurirError `library-missing` (501), `picture-unreadable` (400) for pictures
 */
export async function generateThumbnail(
  file: string,
  mediaType: 'video' | 'image',
  options: { logger?: ILogger },
): Promise<{ thumbnail: string | undefined; originalImageDimensions: { width: number; height: number } | undefined }> {
  if (mediaType === 'image') {
    const { buffer, original } = await extractImageThumb(file)
    return { thumbnail: buffer.toString('base64'), originalImageDimensions: dimensions(original) }
  }
  try {
    const frame = await firstFrame(file)
    return { thumbnail: frame.toString('base64'), originalImageDimensions: undefined }
  } catch (error) {
    options.logger?.debug({ err: error }, 'no thumbnail of a video: is ffmpeg installed?')
    return { thumbnail: undefined, originalImageDimensions: undefined }
  }
}

function dimensions({ width, height }: { [Side in keyof Dimensions]: number | undefined }): Dimensions | undefined {
  return width === undefined || height === undefined ? undefined : { width, height }
}

/**
 * A small JPEG of the first frame of a video.
 *
 * @param file path
 * @throws KurirError `library-missing` (501) without ffmpeg, `picture-unreadable` (400) when it gives no picture in 10 s
 */
export function firstFrame(file: string): Promise<Buffer> {
  const input = ['-protocol_whitelist', 'file,pipe', '-ss', '0', '-i', `file:${file}`]
  const output = [
    '-frames:v',
    '1',
    '-vf',
    `scale=${videoThumbnailWidth}:-1`,
    '-f',
    'image2pipe',
    '-c:v',
    'mjpeg',
    'pipe:1',
  ]
  const limits = { timeout: ffmpegDeadlineMs, killSignal: 'SIGKILL', maxBuffer: largestFrame } as const
  const { execFile } = process.getBuiltinModule('node:child_process')
  return new Promise((resolve, reject) => {
    execFile(
      'ffmpeg',
      ['-nostdin', '-v', 'error', ...input, ...output],
      { ...limits, encoding: 'buffer' },
      (cause, frame) => {
        if (cause === null && frame.byteLength > 0) resolve(frame)
        else if (cause !== null && 'code' in cause && cause.code === 'ENOENT') {
          const data = { package: 'ffmpeg' }
          reject(
            new KurirError('library-missing', 'Thumbnails of videos need ffmpeg', { statusCode: 501, data, cause }),
          )
        } else reject(new KurirError('picture-unreadable', 'ffmpeg gives no picture', { statusCode: 400, cause }))
      },
    )
  })
}
