import type { IncomingMessage } from 'node:http'
import type { Device } from '../accounts/device.js'
import {
  answerJson,
  answerStatus,
  cutAfter,
  type MediaExchange,
  type MediaHostContext,
  ORIGIN,
  slowed,
} from './media-exchange.js'
import type { MediaFaultAction } from './media-faults.js'
import { parseUploadPath, type UploadKind } from './media-path.js'
import type { StoredMedia } from './media-store.js'

const LARGEST_UPLOAD = 4 * 1024 ** 3
/** The MAC at the end of an encrypted file, and the block of its cipher. */
const [MAC_LENGTH, BLOCK_LENGTH] = [10, 16]

interface Upload {
  readonly kind: UploadKind
  /** SHA-256 of the file, base64url without padding. */
  readonly token: string
  readonly device: Device
  /** Under which an unfinished upload is kept. */
  readonly name: string
}

/** `POST <path>/<token>?auth&token…`: takes a file, or says how much of it is there (docs/protocol/03 §7.6). */
export const handleUpload = async (context: MediaHostContext, exchange: MediaExchange): Promise<void> => {
  const { searchParams, pathname } = exchange.url
  const device = context.deviceOf(searchParams.get('auth'))
  if (device === undefined) return answerStatus(exchange, 401)
  const target = parseUploadPath(pathname)
  if (target === undefined) {
    context.violation(`nothing is uploaded to ${pathname}`, device)
    return answerStatus(exchange, 404)
  }
  const token = target.token.replace(/=+$/, '')
  const action = context.faults.strike({
    operation: 'upload',
    type: target.kind.type,
    host: exchange.host,
    names: [device.pn, device.lid, device.account.pnUser],
  })
  if (action?.kind === 'status') return answerStatus(exchange, action.code, action.retryAfterSeconds)
  if (!checkRequest(context, exchange, device, target.token)) return answerStatus(exchange, 400)
  const upload: Upload = { kind: target.kind, token, device, name: `${device.pn} ${target.kind.type} ${token}` }
  if (searchParams.get('resume') === '1') return answerResume(context, exchange, upload)
  await takeFile(context, exchange, upload, action)
}

const checkRequest = (
  context: MediaHostContext,
  { request, url }: MediaExchange,
  device: Device,
  token: string,
): boolean => {
  const { headers } = request
  if (headers.origin !== ORIGIN) context.violation(`the Origin of an upload is ${ORIGIN}`, device)
  if (token.endsWith('=')) context.violation('the token of an upload has no padding', device, { tolerable: true })
  const problem =
    url.searchParams.get('token') !== token
      ? 'the token stands in the path and in the query'
      : !/^[A-Za-z0-9_-]{43}=?$/.test(token)
        ? 'the token of an upload is a SHA-256 in base64url'
        : headers['content-length'] === undefined
          ? 'an upload says how long it is'
          : Number(headers['content-length']) > LARGEST_UPLOAD
            ? 'a file is at most 4 GiB long'
            : undefined
  if (problem !== undefined) context.violation(problem, device)
  return problem === undefined
}

/** How much is there: everything, a part, or nothing. */
const answerResume = (context: MediaHostContext, exchange: MediaExchange, upload: Upload): void => {
  const known = context.store.findUploaded(upload.kind, upload.token)
  const received = context.store.partial(upload.name)?.received ?? 0
  const answer = known === undefined ? { resume: String(received) } : { resume: 'complete', ...placeOf(context, known) }
  answerJson(exchange, 200, answer)
}

const takeFile = async (
  context: MediaHostContext,
  exchange: MediaExchange,
  upload: Upload,
  action: MediaFaultAction | undefined,
): Promise<void> => {
  const { store } = context
  const offset = Number(exchange.url.searchParams.get('file_offset') ?? 0)
  if (!Number.isSafeInteger(offset) || offset < 0 || offset > (store.partial(upload.name)?.received ?? 0)) {
    context.violation('file_offset is at most what the host has', upload.device)
    return answerStatus(exchange, 416)
  }
  const partial = await store.resume(upload.name, offset)
  let hash: Buffer
  try {
    hash = await store.append(partial, disturbed(context, exchange, action))
  } catch {
    // The connection broke: what came is kept for a resumption.
    exchange.response.destroy()
    return
  }
  if (!exchange.request.complete) return
  if (!checkFile(context, upload, hash, partial.received)) {
    await store.discard(upload.name)
    return answerStatus(exchange, 400)
  }
  const known = store.findUploaded(upload.kind, upload.token)
  if (known !== undefined) await store.discard(upload.name)
  const stored = known ?? store.complete(upload.name, upload.kind, upload.token)
  if (action?.kind === 'garbage') exchange.response.writeHead(200).end('<html>try again later</html>')
  else answerJson(exchange, 200, placeOf(context, stored))
}

/** The body, with what a rule does to it. */
const disturbed = (
  context: MediaHostContext,
  { request }: MediaExchange,
  action: MediaFaultAction | undefined,
): AsyncIterable<Uint8Array> => {
  const body: AsyncIterable<Uint8Array> = request
  if (action?.kind === 'slow') return slowed(body, context.clock, action)
  if (action?.kind === 'cut') return cutAfter(body, action.afterBytes, () => breakRequest(request))
  return body
}

const breakRequest = (request: IncomingMessage): void => {
  request.socket.destroy()
}

const checkFile = (
  context: MediaHostContext,
  { kind, token, device }: Upload,
  hash: Buffer,
  length: number,
): boolean => {
  if (hash.toString('base64url') !== token) {
    context.violation('the token is the SHA-256 of the uploaded file', device)
    return false
  }
  if (kind.encrypted && (length <= MAC_LENGTH || length % BLOCK_LENGTH !== MAC_LENGTH)) {
    context.violation('an encrypted file is whole blocks and a MAC of 10 bytes', device)
  }
  return true
}

const placeOf = (context: MediaHostContext, media: StoredMedia): Record<string, string> => ({
  url: context.urlOf(media),
  direct_path: media.directPath,
  ...(media.handle === undefined ? {} : { handle: media.handle }),
  ...(media.kind.type === 'pps-biz-cover-photo' ? coverPhotoOf(context, media) : {}),
})

/** What a business shows to make the file its cover photo (docs/protocol/05 §5.2). */
const coverPhotoOf = (context: MediaHostContext, { token }: StoredMedia): Record<string, string> => ({
  fbid: String(Number.parseInt(Buffer.from(token, 'base64url').toString('hex').slice(0, 12), 16)),
  meta_hmac: token.split('').reverse().join(''),
  ts: String(Math.floor(context.clock.now() / 1000)),
})
