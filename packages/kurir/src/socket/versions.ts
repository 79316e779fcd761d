import { KurirError } from '../errors/kurir-error.js'
import { DEFAULT_CONNECTION_CONFIG, DEFAULT_ORIGIN, type WAVersion } from './config.js'

/** What a look-up of the client version gives: on failure the built-in version and why. */
export interface VersionLookup {
  readonly version: WAVersion
  /** True when the version was looked up, false when it is the built-in one. */
  readonly isLatest: boolean
  readonly error?: unknown
}

type Fetch = (url: string, options: RequestInit) => Promise<Response>

const serviceWorkerUrl = `${DEFAULT_ORIGIN}/sw.js`
const baileysDefaultsUrl = 'https://raw.githubusercontent.com/WhiskeySockets/Baileys/master/src/Defaults/index.ts'

/** The page is served to browsers only. */
const browserHeaders = {
  'sec-fetch-site': 'none',
  'user-agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
}

const lookupDeadlineMs = 10_000
const largestPage = 4 * 1_048_576

/**
 * The version of the present web client, from its own pages (docs/protocol/01 §3.7). Give it to `makeWASocket` when the
 * built-in version is refused with 405. `options` are those of `fetch`: headers, `signal`, `dispatcher` for a proxy.
 * Never rejects; gives up after 10 s unless `options.signal` says otherwise.
 */
export function fetchLatestWaWebVersion(options: RequestInit = {}, fetchPage: Fetch = fetch): Promise<VersionLookup> {
  const headers = new Headers(browserHeaders)
  new Headers(options.headers).forEach((value, name) => {
    headers.set(name, value)
  })
  return lookUp(serviceWorkerUrl, { ...options, headers }, fetchPage, page => {
    const build = /\\?"?client_revision\\?"?:\s*(\d{1,12})/.exec(page)?.[1]
    return build === undefined ? undefined : [2, 3000, Number(build)]
  })
}

/** The version that Baileys' main branch claims. Otherwise like {@link fetchLatestWaWebVersion}. */
export function fetchLatestBaileysVersion(options: RequestInit = {}, fetchPage: Fetch = fetch): Promise<VersionLookup> {
  return lookUp(baileysDefaultsUrl, options, fetchPage, page => {
    const numbers = /\bversion\s*=\s*\[\s*(\d{1,4}),\s*(\d{1,6}),\s*(\d{1,12})\s*\]/.exec(page)
    return numbers === null ? undefined : [Number(numbers[1]), Number(numbers[2]), Number(numbers[3])]
  })
}

async function lookUp(
  url: string,
  options: RequestInit,
  fetchPage: Fetch,
  read: (page: string) => WAVersion | undefined,
): Promise<VersionLookup> {
  try {
    const response = await fetchPage(url, { signal: AbortSignal.timeout(lookupDeadlineMs), ...options, method: 'GET' })
    if (!response.ok) throw lookupFailed(url, `HTTP ${response.status}`)
    const version = read(await textOf(response, url))
    if (version === undefined) throw lookupFailed(url, 'the page names no version')
    return { version, isLatest: true }
  } catch (error) {
    return { version: [...DEFAULT_CONNECTION_CONFIG.version], isLatest: false, error }
  }
}

/** The page as text, up to 4 MiB. */
async function textOf(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    if (length > largestPage) throw lookupFailed(url, 'the page is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function lookupFailed(url: string, reason: string): KurirError {
  return new KurirError('version-lookup-failed', `The client version could not be looked up: ${reason}`, {
    statusCode: 502,
    retryable: true,
    data: { url },
  })
}
