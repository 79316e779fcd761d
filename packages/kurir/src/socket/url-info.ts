import type { Agent } from 'node:https'
import { type EgressRequest, type EgressResponse, readAnswer, send } from '../egress/http-request.js'
import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import { encryptMedia } from '../media/encrypt-media.js'
import type { WAMediaUploadFunction } from '../media/media-types.js'
import { extractImageThumb, imageDimensions } from '../media/pictures.js'
import type { WAUrlInfo } from '../messages/content/link-preview.js'
import { readPageHead } from '../messages/content/page-head.js'
import type { proto } from '../proto/index.js'
import type { SocketConfig } from './config.js'
import { mediaNetwork } from './media-network.js'

/** How the preview of a link is made. */
export interface URLGenerationOptions {
  /** Pixels. */
  thumbnailWidth: number
  fetchOpts: {
    /** Milliseconds for page and picture together. */
    timeout: number
    /** Refused: nothing may go around a proxy. Give `agent`. */
    proxyUrl?: string | undefined
    headers?: RequestInit['headers'] | undefined
  }
  /** Uploads a larger picture; without it the preview has a small one. */
  uploadImage?: WAMediaUploadFunction | undefined
  logger?: ILogger | undefined
  /** Proxy agent (Kurir's own). */
  agent?: Agent | undefined
  /** Options of `fetch`, such as a `dispatcher` (Kurir's own). */
  options?: RequestInit | undefined
  /** Lets links lead into private networks (Kurir's own). */
  allowPrivateAddresses?: boolean | undefined
}

const defaults: URLGenerationOptions = { thumbnailWidth: 192, fetchOpts: { timeout: 3_000 } }
/** Bytes of a page in which its head is looked for, and of a picture. */
const maxPageBytes = 512 * 1_024
const maxPictureBytes = 2 * 1_024 * 1_024
/** A JPEG of this size is a thumbnail as it is. */
const maxInlineBytes = 64 * 1_024
const jpegMagic = Buffer.from([0xff, 0xd8, 0xff])
/** Some sites tell only those what they are about who say that they preview links. */
const userAgent = 'Mozilla/5.0 (compatible; Kurir link preview)'

/**
 * The preview of a link: reads the head of the page, and its picture (docs/protocol/03, 7.12; docs/decisions/0020). Only
 * http and https, only public addresses, five redirects, and no more than the first half mebibyte of a page.
 *
 * @param text the URL; https when it names no scheme
 * @returns undefined for what is no URL, no page, or has no title
 * @throws KurirError `link-refused` (403), and as `send` of the egress room
 */
export async function getUrlInfo(
  text: string,
  options: URLGenerationOptions = defaults,
): Promise<WAUrlInfo | undefined> {
  if (options.fetchOpts.proxyUrl !== undefined) throw proxyUrlRefused()
  const url = parseLink(text)
  if (url === undefined) return undefined
  const signal = AbortSignal.timeout(options.fetchOpts.timeout)
  const page = await readPage(url, request(url, options, signal, 'text/html,application/xhtml+xml'))
  if (page?.title === undefined) return undefined
  const info: WAUrlInfo = { 'canonical-url': page.url.href, 'matched-text': text, title: page.title }
  if (page.description !== undefined) info.description = page.description
  const picture = page.image === undefined ? undefined : parseLink(page.image, page.url)
  if (picture === undefined) return info
  return { ...info, originalThumbnailUrl: picture.href, ...(await pictureFields(picture, options, signal)) }
}

/** Previews as a socket makes them: by its config, through its proxy. */
export function linkPreviewsOf(
  config: SocketConfig,
  upload: WAMediaUploadFunction,
): (text: string) => Promise<WAUrlInfo | undefined> {
  const { agent, options } = mediaNetwork(config)
  const settings: URLGenerationOptions = {
    thumbnailWidth: config.linkPreviewImageThumbnailWidth,
    fetchOpts: defaults.fetchOpts,
    uploadImage: config.generateHighQualityLinkPreview ? upload : undefined,
    logger: config.logger,
    agent,
    options,
    allowPrivateAddresses: config.allowPrivateAddresses,
  }
  return text => getUrlInfo(text, settings)
}

/** A link as somebody may have typed it. */
function parseLink(text: string, base?: URL): URL | undefined {
  const absolute = base === undefined && !/^[a-z][a-z\d+.-]*:/i.test(text) ? `https://${text}` : text
  try {
    const url = new URL(absolute, base)
    return isWeb(url) && url.username === '' && url.password === '' ? url : undefined
  } catch {
    return undefined
  }
}

function isWeb({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:'
}

function request(first: URL, options: URLGenerationOptions, signal: AbortSignal, accept: string): EgressRequest {
  const { agent, allowPrivateAddresses = false, fetchOpts } = options
  return {
    headers: { accept, 'user-agent': userAgent, ...Object.fromEntries(new Headers(fetchOpts.headers ?? {})) },
    // A page that was asked for safely is not followed to where anybody can read along.
    check: url => checkLink(url, first.protocol === 'https:'),
    allowPrivateAddresses,
    timeoutMs: fetchOpts.timeout,
    signal,
    agent,
    // Headers there are for WhatsApp's own hosts.
    options: { ...options.options, headers: {} },
  }
}

function checkLink(url: URL, httpsOnly: boolean): void {
  if (isWeb(url) && !(httpsOnly && url.protocol === 'http:')) return
  throw new KurirError('link-refused', 'The link leads to something that is not fetched', {
    statusCode: 403,
    data: { protocol: url.protocol, host: url.host },
  })
}

function proxyUrlRefused(): KurirError {
  return new KurirError('invalid-config', 'Link previews take a proxy as `agent`, not as `proxyUrl`', {
    statusCode: 400,
    data: { field: 'fetchOpts.proxyUrl' },
  })
}

async function readPage(url: URL, egress: EgressRequest) {
  const response = await send(url, egress)
  const contentType = response.headers['content-type'] ?? ''
  if (response.status < 200 || response.status > 299 || !/^(text\/html|application\/xhtml\+xml)\b/i.test(contentType)) {
    response.close()
    return undefined
  }
  return { ...readPageHead(await readBeginning(response), contentType), url: response.url }
}

/** The head of a page; the rest is not waited for. */
async function readBeginning({ body }: EgressResponse): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.byteLength
    if (length >= maxPageBytes || Buffer.from(chunk).includes('</head')) break
  }
  return Buffer.concat(chunks).subarray(0, maxPageBytes)
}

type PictureFields = Pick<WAUrlInfo, 'jpegThumbnail' | 'highQualityThumbnail'>

/** A preview without picture is better than none. */
async function pictureFields(url: URL, options: URLGenerationOptions, signal: AbortSignal): Promise<PictureFields> {
  try {
    const response = await send(url, request(url, options, signal, 'image/*'))
    if (response.status < 200 || response.status > 299) {
      response.close()
      return {}
    }
    const picture = await readAnswer(response, maxPictureBytes)
    const jpegThumbnail = await thumbnailOf(picture, options)
    const highQualityThumbnail = await uploadPicture(picture, options)
    return {
      ...(jpegThumbnail === undefined ? {} : { jpegThumbnail }),
      ...(highQualityThumbnail === undefined ? {} : { highQualityThumbnail }),
    }
  } catch (error) {
    options.logger?.debug({ err: error, host: url.host }, 'the picture of a link could not be had')
    return {}
  }
}

/** A small JPEG. Without a picture library only pictures that are one already can be shown. */
async function thumbnailOf(
  picture: Buffer,
  { thumbnailWidth, logger }: URLGenerationOptions,
): Promise<Buffer | undefined> {
  try {
    return (await extractImageThumb(picture, thumbnailWidth)).buffer
  } catch (error) {
    logger?.debug({ err: error }, 'no thumbnail could be made of the picture of a link')
    const isSmallJpeg = picture.length <= maxInlineBytes && picture.subarray(0, 3).equals(jpegMagic)
    return isSmallJpeg ? picture : undefined
  }
}

/** The picture as a file of its own, encrypted, for the large form of a preview. */
async function uploadPicture(
  picture: Buffer,
  { uploadImage }: URLGenerationOptions,
): Promise<proto.Message.IImageMessage | undefined> {
  if (uploadImage === undefined) return undefined
  const [file, size] = await Promise.all([encryptMedia(picture, 'thumbnail-link'), imageDimensions(picture)])
  try {
    const { mediaUrl, directPath } = await uploadImage(file.path, {
      fileEncSha256B64: file.fileEncSha256.toString('base64'),
      mediaType: 'thumbnail-link',
    })
    return {
      url: mediaUrl,
      directPath,
      mediaKey: file.mediaKey,
      mediaKeyTimestamp: Math.floor(Date.now() / 1000),
      fileSha256: file.fileSha256,
      fileEncSha256: file.fileEncSha256,
      fileLength: file.fileLength,
      ...size,
    }
  } finally {
    await file.discard()
  }
}
