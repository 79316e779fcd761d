import type { Transform } from 'node:stream'
import { KurirError } from '../errors/kurir-error.js'
import type { DownloadableMessage } from '../media/media-types.js'
import type { proto } from '../proto/index.js'
import { invalidHistory } from './history-error.js'
import { spool } from './spool.js'

/** Fetches and decrypts a history blob. The stream fails at its end when the content is not what was announced. */
export type HistoryDownload = (message: DownloadableMessage) => Promise<AsyncIterable<Uint8Array>>

/** Size of the pieces in which history is inflated. */
const inflateChunk = 65_536

/**
 * The encoded HistorySync that a notification announces, inflated piece by piece: from inside the notification, or from
 * the media host (docs/protocol/03, 9.2). A blob is fetched as a whole and checked before the first byte is given.
 *
 * @throws KurirError `invalid-history` for damaged compression, and what `download` throws
 */
export async function* openHistory(
  notification: proto.Message.IHistorySyncNotification,
  download: HistoryDownload,
): AsyncGenerator<Uint8Array, void, void> {
  const inline = notification.initialHistBootstrapInlinePayload
  if (inline?.byteLength) {
    yield* inflate([inline])
    return
  }
  const { mediaKey, directPath, fileSha256, fileEncSha256, fileLength } = notification
  if (!mediaKey?.byteLength || !directPath) throw invalidHistory('the notification does not say where it is')
  const content = await spool(await download({ mediaKey, directPath, fileSha256, fileEncSha256, fileLength }))
  try {
    yield* inflate(content.read())
  } finally {
    await content.dispose()
  }
}

async function* inflate(
  compressed: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  // Loaded with the first history: importing the library stays cheap (docs/decisions/0004).
  const { createInflate } = process.getBuiltinModule('node:zlib')
  const { pipeline, Readable } = process.getBuiltinModule('node:stream')
  const inflater: Transform = createInflate({ chunkSize: inflateChunk })
  let failure: unknown
  pipeline(Readable.from(compressed, { objectMode: true }), inflater, error => {
    failure = error
  })
  try {
    const pieces: AsyncIterable<Buffer> = inflater
    for await (const piece of pieces) yield piece
  } catch (error) {
    const cause = failure ?? error
    throw KurirError.is(cause) ? cause : invalidHistory('it is not compressed as it should be', cause)
  }
}
