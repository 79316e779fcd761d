import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { answerStatus, cutAfter, type MediaExchange, type MediaHostContext, slowed } from './media-exchange.js'
import type { MediaFaultAction } from './media-faults.js'
import type { StoredMedia } from './media-store.js'

/** First and last byte. */
interface Range {
  readonly start: number
  readonly end: number
}

/** `GET <direct path>`: the file, or the range that was asked for (docs/protocol/03 §7.7, §7.8). */
export const handleDownload = async (context: MediaHostContext, exchange: MediaExchange): Promise<void> => {
  const { url } = exchange
  const media = context.store.find(url.pathname)
  const action = context.faults.strike({
    operation: 'download',
    type: media?.kind.type ?? '',
    directPath: url.pathname,
    host: exchange.host,
    names: [],
  })
  if (action?.kind === 'status') return answerStatus(exchange, action.code, action.retryAfterSeconds)
  if (media === undefined) return answerStatus(exchange, 404)
  if (media.gone !== undefined) return answerStatus(exchange, media.gone)
  // The query of a direct path is its signature.
  if (url.searchParams.get('oh') !== signatureOf(media)) return answerStatus(exchange, 403)
  checkRequest(context, exchange, media)
  const range = parseRange(exchange.request.headers.range, media.length)
  if (range === 'unsatisfiable') return refuseRange(exchange, media)
  await sendFile(context, exchange, media, range, action)
}

const checkRequest = (context: MediaHostContext, { url }: MediaExchange, media: StoredMedia): void => {
  const hash = url.searchParams.get('hash')?.replace(/=+$/, '')
  if (hash !== undefined && hash !== media.token) {
    context.violation('the hash of a download is the SHA-256 of the file', undefined)
  }
}

const signatureOf = ({ directPath }: StoredMedia): string | null =>
  new URLSearchParams(directPath.slice(directPath.indexOf('?'))).get('oh')

const refuseRange = ({ response }: MediaExchange, { length }: StoredMedia): void => {
  response.writeHead(416, { 'content-range': `bytes */${length}`, 'content-length': 0 }).end()
}

/** Undefined: the whole file, also for ranges that are none of ours (several, or of another unit). */
const parseRange = (header: string | undefined, length: number): Range | 'unsatisfiable' | undefined => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (match === null || (match[1] === '' && match[2] === '')) return undefined
  const last = length - 1
  const [start, end] =
    match[1] === ''
      ? [Math.max(0, length - Number(match[2])), last]
      : [Number(match[1]), match[2] === '' ? last : Math.min(Number(match[2]), last)]
  return start > last || end < start ? 'unsatisfiable' : { start, end }
}

const sendFile = async (
  context: MediaHostContext,
  { response }: MediaExchange,
  media: StoredMedia,
  range: Range | undefined,
  action: MediaFaultAction | undefined,
): Promise<void> => {
  const length = range === undefined ? media.length : range.end - range.start + 1
  const sent = action?.kind === 'length' ? Math.max(0, length + action.difference) : length
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': sent,
    'accept-ranges': 'bytes',
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${media.length}` }),
  })
  const file = context.store.read(media, range?.start, range?.end)
  const body = disturbed(context, file, length, action, () => response.socket?.destroy())
  try {
    await pipeline(Readable.from(body, { objectMode: false }), response)
  } catch {
    // The client has gone, or a rule broke the connection.
    response.destroy()
  }
}

const disturbed = (
  context: MediaHostContext,
  file: AsyncIterable<Buffer>,
  length: number,
  action: MediaFaultAction | undefined,
  breakConnection: () => void,
): AsyncIterable<Uint8Array> => {
  switch (action?.kind) {
    case 'slow':
      return slowed(file, context.clock, action)
    case 'cut':
      return cutAfter(file, action.afterBytes, breakConnection)
    case 'corrupt':
      return corrupted(file, context.faults.damage(length))
    case 'length':
      return stretched(file, length + action.difference)
    default:
      return file
  }
}

async function* corrupted(
  file: AsyncIterable<Buffer>,
  { position, mask }: { readonly position: number; readonly mask: number },
): AsyncGenerator<Uint8Array> {
  let offset = 0
  for await (const chunk of file) {
    const index = position - offset
    if (index >= 0 && index < chunk.length) chunk.writeUInt8(chunk.readUInt8(index) ^ mask, index)
    offset += chunk.length
    yield chunk
  }
}

/** The first `length` bytes, followed by zeros when there are not so many. */
async function* stretched(file: AsyncIterable<Buffer>, length: number): AsyncGenerator<Uint8Array> {
  let rest = Math.max(0, length)
  for await (const chunk of file) {
    const part = chunk.subarray(0, rest)
    rest -= part.length
    if (part.length > 0) yield part
    if (rest === 0) return
  }
  yield Buffer.alloc(rest)
}
