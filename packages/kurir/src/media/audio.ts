import { Readable } from 'node:stream'
import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import { toBuffer } from './media-source.js'
import { readMp4 } from './mp4.js'
import { readOggOpusDuration } from './ogg.js'
import { loadLibrary } from './optional-library.js'
import { readAll } from './pictures.js'
import { withRandomAccess } from './random-access.js'
import { waveformOf } from './waveform.js'

/** Audio that is decoded as a whole: several hours of a voice note. */
const maxAudioBytes = 64 * 1024 * 1024

/**
 * Seconds of an audio file given as path, bytes or stream; undefined where the file does not say. Voice notes and MP4 are
 * read without any library.
 *
 * @throws KurirError `library-missing` (501) for other formats without `music-metadata`, `audio-unreadable` (400)
 */
export async function getAudioDuration(buffer: string | Buffer | Readable): Promise<number | undefined> {
  const input = buffer instanceof Readable ? await toBuffer(buffer) : buffer
  const known = await withRandomAccess(
    input,
    async bytes => (await readOggOpusDuration(bytes)) ?? (await readMp4(bytes))?.seconds,
  )
  if (known !== undefined) return known
  const library = await loadLibrary(
    'music-metadata',
    'Reading the duration of this audio',
    () => import('music-metadata'),
  )
  const options = { duration: true }
  const { format } = await (typeof input === 'string'
    ? library.parseFile(input, options)
    : library.parseBuffer(input, undefined, options)
  ).catch(unreadable)
  return format.duration
}

/**
 * The waveform of a voice note: 64 values from 0 to 100; undefined, with a warning in the log, when the audio cannot be
 * decoded or `audio-decode` is not installed.
 */
export async function getAudioWaveform(
  buffer: string | Buffer | Readable,
  logger?: ILogger,
): Promise<Uint8Array | undefined> {
  try {
    const decode = await loadLibrary(
      'audio-decode',
      'Drawing the waveform of voice notes',
      () => import('audio-decode'),
    )
    const media =
      typeof buffer === 'string' ? { url: buffer } : buffer instanceof Readable ? { stream: buffer } : buffer
    const input = await readAll(media, { maxLength: maxAudioBytes })
    const decoded = await decode.default(input)
    return waveformOf(firstChannel(decoded))
  } catch (error) {
    logger?.warn({ err: error }, 'the waveform of a voice note could not be made')
    return undefined
  }
}

function firstChannel(decoded: unknown): Float32Array {
  const channel =
    typeof decoded === 'object' && decoded !== null && 'getChannelData' in decoded
      ? (decoded as { getChannelData(index: number): Float32Array }).getChannelData(0)
      : (decoded as { channelData?: Float32Array[] }).channelData?.[0]
  if (channel === undefined) throw new KurirError('audio-unreadable', 'The audio has no channel', { statusCode: 400 })
  return channel
}

function unreadable(cause: unknown): never {
  throw new KurirError('audio-unreadable', 'The audio cannot be decoded', { statusCode: 400, cause })
}
