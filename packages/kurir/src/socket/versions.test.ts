import { describe, expect, it, vi } from 'vitest'
import { DEFAULT_CONNECTION_CONFIG } from './config.js'
import { fetchLatestBaileysVersion, fetchLatestWaWebVersion } from './versions.js'

const page = (text: string, status = 200) =>
  vi.fn(async (_url: string, _options: RequestInit) => new Response(text, { status }))
const builtIn = DEFAULT_CONNECTION_CONFIG.version

describe('fetchLatestWaWebVersion (docs/protocol/01 §3.7)', () => {
  it.each([
    'self.x={"client_revision":1043857760,"a":1}',
    String.raw`JSON.parse("{\"client_revision\":1043857760,\"a\":1}")`,
    'client_revision: 1043857760',
  ])('reads the revision in %s', async text => {
    expect(await fetchLatestWaWebVersion({}, page(text))).toEqual({ version: [2, 3000, 1_043_857_760], isLatest: true })
  })

  it('asks as a browser does, with the headers of the caller over its own', async () => {
    const fetchPage = page('client_revision:1')
    await fetchLatestWaWebVersion({ headers: { 'User-Agent': 'mine', accept: '*/*' } }, fetchPage)
    const [url, options] = fetchPage.mock.calls[0]!
    expect(url).toBe('https://web.whatsapp.com/sw.js')
    expect(Object.fromEntries(new Headers(options.headers))).toEqual({
      'sec-fetch-site': 'none',
      'user-agent': 'mine',
      accept: '*/*',
    })
    expect(options.signal).toBeInstanceOf(AbortSignal)
  })

  it('leaves the deadline to the caller who brings a signal', async () => {
    const fetchPage = page('client_revision:1')
    const { signal } = new AbortController()
    await fetchLatestWaWebVersion({ signal }, fetchPage)
    expect(fetchPage.mock.calls[0]![1].signal).toBe(signal)
  })
})

describe('fetchLatestBaileysVersion', () => {
  it('reads the version in the defaults of its main branch', async () => {
    const text = "import x from 'y'\n\nconst version = [2, 3000, 1035194821]\n"
    expect(await fetchLatestBaileysVersion({}, page(text))).toEqual({
      version: [2, 3000, 1_035_194_821],
      isLatest: true,
    })
  })
})

describe.each([
  ['fetchLatestWaWebVersion', fetchLatestWaWebVersion],
  ['fetchLatestBaileysVersion', fetchLatestBaileysVersion],
])('%s never rejects', (_, lookUp) => {
  it.each([
    ['HTTP 404', page('nothing here', 404), 'HTTP 404'],
    ['a page without version', page('<html>'), 'names no version'],
    ['a page of many megabytes', page('x'.repeat(5_000_000)), 'too large'],
    ['no network', async () => Promise.reject(new TypeError('fetch failed')), 'fetch failed'],
  ])('%s: the built-in version and why', async (_reason, fetchPage, message) => {
    const { version, isLatest, error } = await lookUp({}, fetchPage)
    expect(version).toEqual(builtIn)
    expect(version).not.toBe(builtIn)
    expect(isLatest).toBe(false)
    expect((error as Error).message).toContain(message)
  })
})
