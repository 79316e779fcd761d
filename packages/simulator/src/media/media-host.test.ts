import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Phone } from '../phone/phone.js'
import { SERVICE } from '../router/stanzas.js'
import { Simulator } from '../simulator.js'
import { Companion } from '../testing/companion.js'

let wa: Simulator
let alice: Phone
let bot: Companion

interface Answer {
  readonly status: number
  readonly body: Buffer
  readonly headers: IncomingMessage['headers']
}

const call = (
  method: string,
  path: string,
  options: { body?: Uint8Array | Readable; headers?: Record<string, string>; length?: number; origin?: string } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { body, headers = {}, length } = options
    const size = length ?? (body instanceof Uint8Array ? body.length : 0)
    const outgoing = request(
      new URL(path, options.origin ?? wa.media.origin),
      {
        method,
        ca: wa.media.certificateAuthority,
        headers: {
          origin: 'https://web.whatsapp.com',
          ...(method === 'POST' ? { 'content-length': size } : {}),
          ...headers,
        },
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const complete = response.complete
          if (!complete) reject(new Error('the answer broke off'))
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks), headers: response.headers })
        })
      },
    )
    outgoing.on('error', reject)
    if (body instanceof Readable) pipeline(body, outgoing).catch(reject)
    else outgoing.end(body)
  })

const tokenOf = (file: Uint8Array) => createHash('sha256').update(file).digest('base64url')
const violations = () => wa.violations.map(({ message }) => message)

/** An encrypted file as far as the host can tell: whole blocks and ten bytes. */
const encryptedFile = (blocks: number) => Buffer.alloc(blocks * 16 + 10, 'x')

const mediaConnection = async () => {
  const answer = await bot.query({ xmlns: 'w:m', type: 'set', to: SERVICE }, [{ tag: 'media_conn', attrs: {} }])
  const [connection] = answer.content as {
    attrs: Record<string, string>
    content: { attrs: Record<string, string> }[]
  }[]
  return connection!
}

const uploadPath = (auth: string, token: string, type = '/mms/image', extra = '') =>
  `${type}/${token}?auth=${encodeURIComponent(auth)}&token=${token}${extra}`

const upload = async (file: Buffer, type?: string, extra?: string) => {
  const { attrs } = await mediaConnection()
  const answer = await call('POST', uploadPath(attrs['auth'] ?? '', tokenOf(file), type, extra), { body: file })
  return { status: answer.status, body: JSON.parse(answer.body.toString()) as Record<string, string> }
}

let folder: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kurir-media-test-'))
  vi.stubEnv('TMPDIR', folder)
  wa = await Simulator.start({ seed: 'media' })
  alice = await wa.phone('6281110001')
  bot = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, alice)
})

afterEach(async () => {
  await bot.close()
  await wa.stop()
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

describe('the media host', () => {
  it('is announced with a token, a primary and a fallback host', async () => {
    const { attrs, content } = await mediaConnection()
    expect(attrs).toMatchObject({ ttl: '300', auth_ttl: '21600' })
    expect(`https://${content[0]?.attrs['hostname']}`).toBe(wa.media.origin)
    expect(content.map(host => host.attrs['type'])).toEqual(['primary', 'fallback'])
    const fallback = await call('GET', '/nothing', { origin: `https://${content[1]?.attrs['hostname']}` })
    expect(fallback.status).toBe(404)
  })

  it('keeps an upload and gives it out again, whole and in ranges', async () => {
    const file = encryptedFile(10)
    const { status, body } = await upload(file)
    expect(status).toBe(200)
    expect(body['url']).toBe(`${wa.media.origin}${body['direct_path']}&mms3=true`)
    const path = body['direct_path'] ?? ''
    const whole = await call('GET', path)
    expect(whole.body.equals(file)).toBe(true)
    const range = await call('GET', `${path}&hash=${tokenOf(file)}=&mms-type=image&__wa-mms=`, {
      headers: { range: 'bytes=16-31' },
    })
    expect(range.status).toBe(206)
    expect(range.headers['content-range']).toBe(`bytes 16-31/${file.length}`)
    expect(range.body.equals(file.subarray(16, 32))).toBe(true)
    const rest = await call('GET', path, { headers: { range: 'bytes=160-' } })
    expect(rest.body.length).toBe(10)
    expect((await call('GET', path, { headers: { range: 'bytes=170-' } })).status).toBe(416)
    expect((await upload(file)).body['direct_path']).toBe(path)
    expect(violations()).toEqual([])
  })

  it('answers plain HTTP on the same port', async () => {
    const { directPath } = await wa.media.put('image', encryptedFile(2))
    const answer = await fetch(`${wa.media.plainOrigin}${directPath}`)
    expect(Buffer.from(await answer.arrayBuffer()).equals(encryptedFile(2))).toBe(true)
  })

  it('gives channels a handle', async () => {
    const { body } = await upload(Buffer.from('plain'), '/newsletter/newsletter-image', '&media_id=4711')
    expect(body['handle']).toMatch(/^[\w-]{32}$/)
    expect(violations()).toEqual([])
  })

  it('refuses an unknown token, an unknown path and a file that is not what its name says', async () => {
    const file = encryptedFile(1)
    expect((await call('POST', uploadPath('wrong', tokenOf(file)), { body: file })).status).toBe(401)
    expect(violations()).toEqual([])
    const { attrs } = await mediaConnection()
    const auth = attrs['auth'] ?? ''
    expect((await call('POST', uploadPath(auth, tokenOf(file), '/mms/nothing'), { body: file })).status).toBe(404)
    const other = uploadPath(auth, tokenOf(Buffer.from('another')))
    expect((await call('POST', other, { body: file })).status).toBe(400)
    await upload(Buffer.from('not whole blocks'))
    expect(violations()).toEqual([
      expect.stringContaining('nothing is uploaded to /mms/nothing/'),
      'the token is the SHA-256 of the uploaded file',
      'an encrypted file is whole blocks and a MAC of 10 bytes',
    ])
    wa.media.expireAuth()
    expect((await call('POST', uploadPath(auth, tokenOf(file)), { body: file })).status).toBe(401)
  })

  it('lets a broken upload go on where it stopped', async () => {
    const file = encryptedFile(20_000)
    const { attrs } = await mediaConnection()
    const path = (extra: string) => uploadPath(attrs['auth'] ?? '', tokenOf(file), '/mms/video', extra)
    const resume = async () => JSON.parse((await call('POST', path('&resume=1'))).body.toString()) as object
    expect(await resume()).toEqual({ resume: '0' })
    wa.media.faults.add({ operation: 'upload', times: 1, action: { kind: 'cut', afterBytes: 100_000 } })
    await expect(call('POST', path(''), { body: file })).rejects.toThrow()
    await expect.poll(resume).toEqual({ resume: '100000' })
    const rest = await call('POST', path('&file_offset=100000'), { body: file.subarray(100_000) })
    expect(rest.status).toBe(200)
    expect(await resume()).toMatchObject({ resume: 'complete', direct_path: expect.stringMatching(/^\/v\//) })
    const { direct_path } = JSON.parse(rest.body.toString()) as { direct_path: string }
    expect((await call('GET', direct_path)).body.equals(file)).toBe(true)
    expect(violations()).toEqual([])
  })

  it('answers 404 or 410 for files that are gone, and 403 without the signature', async () => {
    const { body } = await upload(encryptedFile(1))
    const path = body['direct_path'] ?? ''
    expect((await call('GET', path.replace(/\?.*/, ''))).status).toBe(403)
    wa.media.expire(path, 410)
    expect((await call('GET', path)).status).toBe(410)
    expect((await call('GET', '/v/t62.7118-24/nothing?oh=1')).status).toBe(404)
    expect(() => wa.media.expire('/nothing')).toThrow()
  })

  it('spoils downloads as rules say', async () => {
    const file = encryptedFile(1000)
    const path = (await upload(file)).body['direct_path'] ?? ''
    const spoil = (action: Parameters<typeof wa.media.faults.add>[0]['action']) =>
      wa.media.faults.add({ operation: 'download', match: { directPath: path, type: 'image' }, times: 1, action })
    spoil({ kind: 'status', code: 500, retryAfterSeconds: 2 })
    const refused = await call('GET', path)
    expect([refused.status, refused.headers['retry-after']]).toEqual([500, '2'])
    spoil({ kind: 'corrupt' })
    const damaged = (await call('GET', path)).body
    expect(damaged.filter((byte, index) => byte !== file[index])).toHaveLength(1)
    spoil({ kind: 'length', difference: -100 })
    expect((await call('GET', path)).body.equals(file.subarray(0, -100))).toBe(true)
    spoil({ kind: 'length', difference: 7 })
    expect((await call('GET', path)).body.length).toBe(file.length + 7)
    spoil({ kind: 'cut', afterBytes: 1000 })
    await expect(call('GET', path)).rejects.toThrow()
    spoil({ kind: 'slow', delayMs: 10, bytesPerSecond: 1_000_000 })
    expect((await call('GET', path)).body.equals(file)).toBe(true)
    expect((await call('GET', path)).status).toBe(200)
    wa.faults.clear()
    expect(wa.media.faults.rules).toEqual([])
  })

  it('answers an upload with garbage or a status when a rule says so', async () => {
    const file = encryptedFile(1)
    const { attrs } = await mediaConnection()
    const path = uploadPath(attrs['auth'] ?? '', tokenOf(file))
    wa.media.faults.add({
      operation: 'upload',
      match: { device: '6281110001', host: 'primary' },
      times: 1,
      action: { kind: 'garbage' },
    })
    expect((await call('POST', path, { body: file })).body.toString()).toContain('<html>')
    wa.media.faults.add({ operation: 'upload', match: { device: '6281110009' }, action: { kind: 'status', code: 500 } })
    expect((await call('POST', path, { body: file })).status).toBe(200)
  })

  it('deletes a file for its owner', async () => {
    const file = encryptedFile(1)
    const { body } = await upload(file, '/mms/md-msg-hist')
    const { attrs } = await mediaConnection()
    const path = uploadPath(attrs['auth'] ?? '', tokenOf(file), '/mms/md-msg-hist')
    expect((await call('DELETE', path)).status).toBe(200)
    expect((await call('GET', body['direct_path'] ?? '')).status).toBe(404)
  })

  it('takes a large file without keeping it in memory, and leaves nothing behind', async () => {
    const block = Buffer.alloc(1024 * 1024, 7)
    const blocks = 200
    const end = Buffer.alloc(10, 7)
    const hash = createHash('sha256')
    for (let index = 0; index < blocks; index += 1) hash.update(block)
    const token = hash.update(end).digest('base64url')
    const { attrs } = await mediaConnection()
    const length = blocks * block.length + end.length
    const source = Readable.from(
      (function* () {
        for (let index = 0; index < blocks; index += 1) yield block
        yield end
      })(),
      { objectMode: false },
    )
    global.gc?.()
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }, 5)
    const answer = await call('POST', uploadPath(attrs['auth'] ?? '', token, '/mms/document'), { body: source, length })
    clearInterval(watch)
    expect(answer.status).toBe(200)
    expect(most).toBeLessThan(100 * 1024 * 1024)
    expect(readdirSync(folder)).toHaveLength(1)
    await wa.stop()
    expect(readdirSync(folder)).toEqual([])
    wa = await Simulator.start()
  })
})
