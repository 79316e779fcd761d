import { KurirError } from '../errors/kurir-error.js'
import { DEF_MEDIA_HOST } from './media-kinds.js'
import type { DownloadableMessage } from './media-types.js'

/** What media is asked for from, one after another. */
const defaultHosts = [DEF_MEDIA_HOST, 'mmg-fallback.whatsapp.net']

/** What a program allows besides https on WhatsApp's hosts. */
export interface AllowedHosts {
  /** Origins such as `http://127.0.0.1:8080`. They take the place of WhatsApp's hosts. */
  readonly mediaOrigins?: readonly string[] | undefined
  /** A host, with port if need be. */
  readonly host?: string | undefined
}

/**
 * The URL of a path on a host: https, unless the host belongs to an origin that the program allows with another scheme.
 *
 * @throws KurirError `media-url-refused` (400) when the two do not make a URL of that host
 */
export function urlOnHost(host: string, path: string, { mediaOrigins = [] }: AllowedHosts): URL {
  const origin = mediaOrigins.find(allowed => URL.canParse(allowed) && new URL(allowed).host === host)
  const base = origin === undefined ? `https://${host}` : new URL(origin).origin
  if (!path.startsWith('/') || !URL.canParse(base + path)) throw refused(host)
  const url = new URL(base + path)
  if (url.host !== new URL(base).host) throw refused(host)
  return url
}

/** `https://<host><path>`. */
export function getUrlFromDirectPath(directPath: string, host: string = DEF_MEDIA_HOST): string {
  return `https://${host}${directPath}`
}

/**
 * Refuses URLs that a message may not lead us to: everything but https on WhatsApp's hosts and what the program allows.
 *
 * @throws KurirError `media-url-refused` (400)
 */
export function checkMediaUrl(url: URL, { mediaOrigins = [], host }: AllowedHosts): void {
  if (mediaOrigins.some(origin => URL.canParse(origin) && new URL(origin).origin === url.origin)) return
  const isWhatsApp = url.hostname.endsWith('.whatsapp.net') && url.port === ''
  const isSecure = url.protocol === 'https:' && url.username === '' && url.password === ''
  if (!isSecure || !(isWhatsApp || url.host === host)) throw refused(url.host)
}

function refused(host: string): KurirError {
  return new KurirError('media-url-refused', 'Media is loaded from WhatsApp only', { statusCode: 400, data: { host } })
}

/**
 * Where a file may be, in the order in which to ask (docs/protocol/03, 7.7).
 *
 * @throws KurirError `no-media-url` (400) when the message names no place, `media-url-refused` (400) when it names a
 *   foreign one
 */
export function downloadUrls({ directPath, url }: DownloadableMessage, allowed: AllowedHosts): readonly URL[] {
  if (!directPath) {
    if (!url || !URL.canParse(url)) {
      throw new KurirError('no-media-url', 'No valid media URL or directPath present in message', { statusCode: 400 })
    }
    const named = new URL(url)
    checkMediaUrl(named, allowed)
    return [named]
  }
  const { host, mediaOrigins = [] } = allowed
  const origins = mediaOrigins.flatMap(origin => (URL.canParse(origin) ? new URL(origin).host : []))
  const usual = origins.length > 0 ? origins : defaultHosts
  const hosts = host === undefined ? [hostOf(url, allowed), ...usual] : [host]
  return [...new Set(hosts)].flatMap(name => (name === undefined ? [] : urlOnHost(name, directPath, allowed)))
}

/** The host of a URL, if it is one that may be asked. */
function hostOf(url: string | null | undefined, allowed: AllowedHosts): string | undefined {
  if (!url || !URL.canParse(url)) return undefined
  const named = new URL(url)
  try {
    checkMediaUrl(named, allowed)
    return named.host
  } catch {
    return undefined
  }
}
