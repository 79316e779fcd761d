import type { Transform } from 'node:stream'
import { KurirError } from '../errors/index.js'
import type { WAMessage } from '../events/message-types.js'
import type { ILogger } from '../logger/logger.js'
import { downloadContentFromMessage } from '../media/download.js'
import { toBuffer } from '../media/media-source.js'
import type { MediaDownloadOptions } from '../media/media-types.js'
import { mediaOfMessage } from './media-content.js'

export interface DownloadMediaContext {
  /** Asks the phone to upload the file again: `sock.updateMediaMessage`. */
  reuploadRequest: (message: WAMessage) => Promise<WAMessage>
  logger: ILogger
}

/** The server has removed the file: the phone may have it. */
const goneStatuses: ReadonlySet<number> = new Set([404, 410])

/**
 * Downloads and decrypts the file of a message. With `ctx`, a file that the server no longer has is asked for again, and
 * downloaded from its new home, once.
 *
 * `'buffer'` gives nothing that was not checked. `'stream'` gives content while it comes in and fails at its end when
 * the file is not the one of the message: do not use it before it has ended well.
 *
 * @throws KurirError `no-message-content`, `not-a-media-message` (400); see `downloadContentFromMessage`, and
 *   `updateMediaMessage` of the socket
 */
export async function downloadMediaMessage<Form extends 'buffer' | 'stream'>(
  message: WAMessage,
  type: Form,
  options: MediaDownloadOptions,
  ctx?: DownloadMediaContext,
): Promise<Form extends 'buffer' ? Buffer : Transform> {
  let result: Buffer | Transform
  try {
    result = await download(message, type, options)
  } catch (error) {
    const isGone = KurirError.is(error) && goneStatuses.has(error.output.statusCode)
    if (ctx === undefined || !isGone) throw error
    ctx.logger.info({ key: message.key }, 'the file of a message is gone: asking the phone for it')
    result = await download(await ctx.reuploadRequest(message), type, options)
  }
  return result as Form extends 'buffer' ? Buffer : Transform
}

async function download(
  message: WAMessage,
  form: 'buffer' | 'stream',
  options: MediaDownloadOptions,
): Promise<Buffer | Transform> {
  const { type, file } = mediaOfMessage(message.message)
  const stream = await downloadContentFromMessage(file, type, options)
  return form === 'buffer' ? await toBuffer(stream) : stream
}
