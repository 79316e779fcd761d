import { describe, expect, it } from 'vitest'
import { randomBytes } from '../crypto/random.js'
import { downloadContentFromMessage, downloadEncryptedContent, getHttpStream } from './download.js'
import { MediaEncryptor } from './media-encryptor.js'
import { expandMediaKey } from './media-keys.js'
import { toBuffer } from './media-source.js'
import type { MediaDownloadOptions } from './media-types.js'
import { type HttpHost, hostOf, type SeenRequest, serveFile } from './testing/http-host.js'
import { vectorMediaKey as mediaKey, plaintextOf } from './testing/media-vectors.js'

const plaintext = plaintextOf(300_000)
const keys = expandMediaKey(mediaKey, 'document')
const encryptor = new MediaEncryptor(keys)
const head = encryptor.update(plaintext)
const { rest, info } = encryptor.finish()
const file = Buffer.concat([head, rest])
const directPath = '/v/t62.7119-24/file.enc?ccb=11-4&oh=1'

const good = (seen: SeenRequest, response: Parameters<typeof serveFile>[2]) => serveFile(file, seen, response)

function optionsFor(...from: HttpHost[]): MediaDownloadOptions {
  return { mediaOrigins: from.map(({ origin }) => origin), retryDelayMs: 1 }
}

const message = { mediaKey, directPath, fileLength: info.fileLength, ...pick(info) }
function pick({ fileSha256, fileEncSha256 }: typeof info) {
  return { fileSha256, fileEncSha256 }
}

async function get(from: typeof message | object, options: MediaDownloadOptions): Promise<Buffer> {
  return await toBuffer(await downloadContentFromMessage(from, 'document', options))
}

describe('downloads (docs/protocol/03, 7.7)', () => {
  it('give the content, asking with the path and origin of a web client', async () => {
    const host = await hostOf(good)
    expect((await get(message, optionsFor(host))).equals(plaintext)).toBe(true)
    const [{ path, headers, query } = { path: '', headers: {}, query: new URLSearchParams() }] = host.seen
    expect([path, query.get('oh')]).toEqual(['/v/t62.7119-24/file.enc', '1'])
    expect(headers).toMatchObject({ origin: 'https://web.whatsapp.com' })
  })

  it('take the URL of the message where there is no path, and where keys are known', async () => {
    const host = await hostOf(good)
    const { directPath: _, ...rest } = message
    expect((await get({ ...rest, url: host.origin + directPath }, optionsFor(host))).equals(plaintext)).toBe(true)
    const known = await downloadEncryptedContent(host.origin + directPath, keys, optionsFor(host))
    expect((await toBuffer(known)).equals(plaintext)).toBe(true)
  })

  it.each([0, 100_000, 299_999, 300_005])('give nothing when byte %d is flipped', async index => {
    const changed = Buffer.from(file)
    changed[index] = (changed[index] ?? 0) ^ 0x80
    const host = await hostOf((seen, response) => serveFile(changed, seen, response))
    const failure = { code: 'media-integrity-failed' }
    await expect(get(message, optionsFor(host))).rejects.toMatchObject(failure)
    await expect(get({ mediaKey, directPath }, optionsFor(host))).rejects.toMatchObject(failure)
    expect(host.seen).toHaveLength(2)
  })

  it('of channels are not encrypted, and checked by the hash of the content', async () => {
    const host = await hostOf((seen, response) => serveFile(plaintext, seen, response))
    const plain = { directPath, fileSha256: info.fileSha256, fileLength: plaintext.byteLength }
    expect((await get(plain, optionsFor(host))).equals(plaintext)).toBe(true)
    const ranged = { ...optionsFor(host), startByte: 5, endByte: 20 }
    expect(await get(plain, ranged)).toEqual(plaintext.subarray(5, 20))
    await expect(get({ ...plain, fileSha256: Buffer.alloc(32) }, optionsFor(host))).rejects.toMatchObject({
      code: 'media-integrity-failed',
      data: { check: 'content-hash' },
    })
  })

  it('ask the next host when one fails', async () => {
    const broken = await hostOf((_, response) => void response.writeHead(500).end())
    const cutting = await hostOf((_, response) => void response.destroy())
    const host = await hostOf(good)
    expect((await get(message, optionsFor(broken, cutting, host))).equals(plaintext)).toBe(true)
    expect([broken.seen.length, cutting.seen.length]).toEqual([1, 1])
  })

  it('go on where they were cut', async () => {
    let cuts = 0
    const host = await hostOf((seen, response) => {
      cuts += 1
      if (cuts > 3) return serveFile(file, seen, response)
      const begin = Number(/\d+/.exec(seen.headers.range ?? '0')?.[0])
      const range = { 'content-range': `bytes ${begin}-${file.byteLength - 1}/${file.byteLength}` }
      response.writeHead(begin > 0 ? 206 : 200, { 'content-length': file.byteLength - begin, ...range })
      response.write(file.subarray(begin, begin + 70_000), () => response.destroy())
    })
    expect((await get(message, optionsFor(host))).equals(plaintext)).toBe(true)
    const begins = host.seen.slice(1).map(({ headers }) => Number(/\d+/.exec(headers.range ?? '')?.[0]))
    expect(begins).toHaveLength(3)
    expect(begins).toEqual([...begins].sort((a, b) => a - b))
    expect(begins.at(-1)).toBeGreaterThan(70_000)
  })

  it('throw away what they have when a host begins from the start again', async () => {
    let requests = 0
    const host = await hostOf((_, response) => {
      requests += 1
      response.writeHead(200, { 'content-length': file.byteLength })
      if (requests === 1) response.write(file.subarray(0, 100_000), () => response.destroy())
      else response.end(file)
    })
    expect((await get(message, optionsFor(host))).equals(plaintext)).toBe(true)
    expect(requests).toBe(2)
  })

  it.each([403, 404, 410])('end at once with status %d', async status => {
    const host = await hostOf((_, response) => void response.writeHead(status).end())
    const other = await hostOf(good)
    await expect(get(message, optionsFor(host, other))).rejects.toMatchObject({
      code: 'media-download-failed',
      status,
      output: { statusCode: status },
      retryable: false,
    })
    expect([host.seen.length, other.seen.length]).toEqual([1, 0])
  })

  it('are tried five times in all, and wait as long as the server asks', async () => {
    const host = await hostOf((_, response) => void response.writeHead(503, { 'retry-after': '0' }).end())
    const options = { ...optionsFor(host), retryDelayMs: 60_000 }
    await expect(get(message, options)).rejects.toMatchObject({ code: 'media-download-failed', status: 503 })
    expect(host.seen).toHaveLength(5)
  })

  it('end with a typed error when nothing comes, and when aborted', async () => {
    const silent = await hostOf(() => {})
    const begun = await hostOf((_, response) => {
      response.writeHead(200, { 'content-length': file.byteLength })
      response.write(file.subarray(0, 1000))
    })
    const options = { ...optionsFor(silent), timeoutMs: 20, signal: AbortSignal.timeout(2000) }
    await expect(get(message, options)).rejects.toMatchObject({ code: 'timed-out', output: { statusCode: 408 } })
    const controller = new AbortController()
    const running = get(message, { ...optionsFor(begun), signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(running).rejects.toMatchObject({ code: 'aborted' })
    await expect(get(message, { ...optionsFor(begun), signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    })
  })

  it('refuse files beyond a limit before and while they come', async () => {
    const host = await hostOf(good)
    const options = { ...optionsFor(host), maxLength: 1000 }
    await expect(get(message, options)).rejects.toMatchObject({ code: 'media-too-large' })
    expect(host.seen).toHaveLength(0)
    await expect(get({ mediaKey, directPath }, options)).rejects.toMatchObject({ code: 'media-too-large' })
  })

  it.each([
    [0, 100],
    [5, 20],
    [100_000, 200_000],
    [299_990, undefined],
    [0, 300_000],
    [299_990, 400_000],
  ])('give the bytes from %d to %d, whether the host serves ranges or not', async (startByte, endByte) => {
    const ranging = await hostOf(good)
    const whole = await hostOf((_, response) => void response.end(file))
    for (const host of [ranging, whole]) {
      const part = await get(message, { ...optionsFor(host), startByte, endByte })
      expect(part.equals(plaintext.subarray(startByte, endByte))).toBe(true)
    }
  })

  it('have no range beyond the end', async () => {
    const host = await hostOf(good)
    const options = { ...optionsFor(host), startByte: 400_000 }
    await expect(get(message, options)).rejects.toMatchObject({ code: 'media-download-failed', status: 416 })
  })
})

describe('where media may be loaded from', () => {
  it.each([
    'http://mmg.whatsapp.net/x',
    'https://example.com/x',
    'https://whatsapp.net.example.com/x',
    'https://evilwhatsapp.net/x',
    'https://mmg.whatsapp.net:8443/x',
    'https://user@mmg.whatsapp.net/x',
    'file:///etc/passwd',
    'https://127.0.0.1/x',
  ])('not %s', async url => {
    await expect(get({ mediaKey, url }, {})).rejects.toMatchObject({ code: 'media-url-refused' })
  })

  it('not a host that the path or a redirect leads to', async () => {
    const elsewhere = await hostOf(good)
    const host = await hostOf((_, response) => {
      response.writeHead(302, { location: `${elsewhere.origin}/x` }).end()
    })
    await expect(get(message, optionsFor(host))).rejects.toMatchObject({ code: 'media-url-refused' })
    expect(elsewhere.seen).toHaveLength(0)
    for (const path of ['@example.com/x', 'x', ':1@h/x']) {
      await expect(get({ mediaKey, directPath: path }, {})).rejects.toMatchObject({ code: 'media-url-refused' })
    }
  })

  it('a place that the message names', async () => {
    await expect(get({ mediaKey }, {})).rejects.toMatchObject({ code: 'no-media-url', output: { statusCode: 400 } })
    await expect(get({ mediaKey, url: 'nonsense' }, {})).rejects.toMatchObject({ code: 'no-media-url' })
  })

  it('where an allowed host redirects to itself, five times at most', async () => {
    const host = await hostOf((seen, response) => {
      const step = Number(seen.query.get('step') ?? 0)
      if (step < 5) response.writeHead(302, { location: `/?step=${step + 1}` }).end()
      else serveFile(file, seen, response)
    })
    expect((await get(message, optionsFor(host))).equals(plaintext)).toBe(true)
    host.answer = (_, response) => void response.writeHead(302, { location: '/' }).end()
    await expect(get(message, optionsFor(host))).rejects.toMatchObject({ code: 'too-many-redirects' })
  })
})

describe('getHttpStream', () => {
  it('streams what a server sends, and tells its status', async () => {
    const bytes = randomBytes(1000)
    const host = await hostOf(({ path }, response) => void response.writeHead(path === '/a' ? 200 : 404).end(bytes))
    const options = { allowPrivateAddresses: true }
    expect(await toBuffer(await getHttpStream(`${host.origin}/a`, options))).toEqual(bytes)
    await expect(getHttpStream(`${host.origin}/b`, options)).rejects.toMatchObject({ output: { statusCode: 404 } })
    await expect(getHttpStream(`${host.origin}/a`)).rejects.toMatchObject({ code: 'private-address-refused' })
  })
})
