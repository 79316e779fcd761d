import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { randomBytes } from '../crypto/random.js'
import { silentLogger } from '../logger/index.js'
import type { MediaConnInfo, MediaUploadOptions } from './media-types.js'
import { answerJson, type HttpHost, hostOf, readBody } from './testing/http-host.js'
import { mediaVectors } from './testing/media-vectors.js'
import { encodeBase64EncodedStringForUpload, getWAUploadToServer, resumeFrom, uploadWithNodeHttp } from './upload.js'

let folder = ''
const small = randomBytes(100_000)
const large = randomBytes(resumeFrom + 100_000)
const pathOf = (bytes: Buffer) => join(folder, bytes === small ? 'small' : 'large')
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kurir-upload-test-'))
  for (const bytes of [small, large]) await writeFile(pathOf(bytes), bytes)
})
afterAll(() => rm(folder, { recursive: true }))

const answer = { url: 'https://mmg.whatsapp.net/o1/x', direct_path: '/o1/x', ts: 1, handle: 'h', fbid: '7', n: null }
const uploaded = { mediaUrl: answer.url, directPath: answer.direct_path, ts: 1, handle: 'h', fbid: 7 }

const originOf = (host: string) => `http://${host}`

/** Uploads to these hosts and says how often the permission was fetched. */
async function upload(
  to: readonly HttpHost[],
  bytes: Buffer,
  options: Partial<MediaUploadOptions> = {},
  config: { readonly customUploadHosts?: MediaConnInfo['hosts'] } = {},
) {
  const { customUploadHosts = [] } = config
  const refreshes: boolean[] = []
  const refresh = async (force: boolean): Promise<MediaConnInfo> => {
    refreshes.push(force)
    const names = to.map(({ host }) => ({ hostname: host, maxContentLengthBytes: Number.NaN }))
    return { auth: `auth ${refreshes.length}`, ttl: 300, hosts: names, fetchDate: new Date() }
  }
  const send = getWAUploadToServer(
    {
      customUploadHosts,
      options: { headers: { 'X-Own': 'yes' } },
      logger: silentLogger,
      mediaOrigins: [...to.map(({ host }) => host), ...customUploadHosts.map(each => each.hostname)].map(originOf),
      mediaRetryDelayMs: 1,
    },
    refresh,
  )
  const fileEncSha256B64 = createHash('sha256').update(bytes).digest('base64')
  const result = await send(pathOf(bytes), { fileEncSha256B64, mediaType: 'image', ...options })
  return { result, refreshes, token: encodeBase64EncodedStringForUpload(fileEncSha256B64) }
}

const takes: Parameters<typeof hostOf>[0] = async (seen, response, incoming) => {
  await readBody(seen, incoming)
  answerJson(response, 200, answer)
}

describe('upload tokens (docs/protocol/03, 7.6)', () => {
  it.each(mediaVectors.files)('are URL-safe base64 without padding: $mediaType $plaintextLength', vector => {
    const base64 = Buffer.from(vector.fileEncSha256, 'hex').toString('base64')
    expect(encodeBase64EncodedStringForUpload(base64)).toBe(vector.uploadToken)
  })
})

describe('uploads (docs/protocol/03, 7.6)', () => {
  it('send the file with its token and permission, and tell how far they are', async () => {
    const host = await hostOf(takes)
    const steps: number[] = []
    const { result, token, refreshes } = await upload([host], small, {
      onProgress: ({ sent, total }) => {
        expect(total).toBe(small.byteLength)
        steps.push(sent)
      },
    })
    expect(result).toEqual(uploaded)
    expect(refreshes).toEqual([false])
    expect(steps.at(-1)).toBe(small.byteLength)
    const [seen] = host.seen
    expect(seen).toMatchObject({
      method: 'POST',
      path: `/mms/image/${token}`,
      headers: {
        origin: 'https://web.whatsapp.com',
        'content-type': 'application/octet-stream',
        'content-length': String(small.byteLength),
        'x-own': 'yes',
      },
    })
    expect(Object.fromEntries(seen?.query ?? [])).toEqual({ auth: 'auth 1', token })
    expect(seen?.body.equals(small)).toBe(true)
  })

  it('to channels go to their own path with a media id (docs/protocol/03, 7.6, newsletters)', async () => {
    const host = await hostOf(takes)
    const { token } = await upload([host], small, { newsletter: true, mediaType: 'ptt' })
    expect(host.seen[0]?.path).toBe(`/newsletter/newsletter-ptt/${token}`)
    expect(Number(host.seen[0]?.query.get('media_id'))).toBeLessThan(2 ** 48)
  })

  it('go to the hosts of the config first, and to the next one when a host fails', async () => {
    const first = await hostOf((_, response) => void response.writeHead(500).end())
    const second = await hostOf((_, response) => void response.end('not JSON'))
    const third = await hostOf(takes)
    const customUploadHosts = [{ hostname: first.host, maxContentLengthBytes: 0 }]
    const { result } = await upload([second, third], small, {}, { customUploadHosts })
    expect(result).toEqual(uploaded)
    // Each host has three chances.
    expect([first.seen.length, second.seen.length, third.seen.length]).toEqual([3, 3, 1])
  })

  it('pass hosts by that do not take files of this size', async () => {
    const first = await hostOf(takes)
    const second = await hostOf(takes)
    const customUploadHosts = [{ hostname: first.host, maxContentLengthBytes: 99_999 }]
    await upload([second], small, {}, { customUploadHosts })
    expect([first.seen.length, second.seen.length]).toEqual([0, 1])
    await expect(upload([], small, {}, { customUploadHosts })).rejects.toMatchObject({
      code: 'media-too-large',
      data: { limit: 99_999 },
    })
  })

  it.each([401, 403])('renew the permission once after %d', async status => {
    const host = await hostOf(async (seen, response, incoming) => {
      if (seen.query.get('auth') === 'auth 2') await takes(seen, response, incoming)
      else response.writeHead(status).end()
    })
    const { result, refreshes } = await upload([host], small)
    expect(result).toEqual(uploaded)
    expect(refreshes).toEqual([false, true])
    host.answer = (_, response) => void response.writeHead(status).end()
    await expect(upload([host], small)).rejects.toMatchObject({
      code: 'media-upload-failed',
      cause: { code: 'media-upload-refused', status },
    })
  })

  it('go on where they were cut, when the file is large', async () => {
    let kept = Buffer.alloc(0)
    let requests = 0
    const host = await hostOf(async (seen, response, incoming) => {
      requests += 1
      if (seen.query.get('resume') === '1') {
        answerJson(response, 200, { resume: String(kept.byteLength) })
        return
      }
      expect(Number(seen.query.get('file_offset') ?? 0)).toBe(kept.byteLength)
      kept = Buffer.concat([kept, await readBody(seen, incoming, requests < 6 ? 2_000_000 : Infinity)])
      if (requests < 6) response.destroy()
      else answerJson(response, 200, answer)
    })
    const { result } = await upload([host], large)
    expect(result).toEqual(uploaded)
    expect(kept.equals(large)).toBe(true)
    expect(requests).toBe(6)
  })

  it('send nothing that is there already', async () => {
    const host = await hostOf((_, response) => answerJson(response, 200, { resume: 'complete', ...answer }))
    expect((await upload([host], large)).result).toEqual(uploaded)
    expect(host.seen).toHaveLength(1)
    expect(host.seen[0]?.headers['content-length']).toBe('0')
  })

  it.each([{ resume: 'later' }, { resume: '-5' }, { resume: String(2 ** 60) }, { resume: 'complete' }, [], 'x', null])(
    'start over when what is there is not clear: %j',
    async resume => {
      const host = await hostOf(async (seen, response, incoming) => {
        if (seen.query.get('resume') === '1') answerJson(response, 200, resume)
        else await takes(seen, response, incoming)
      })
      await upload([host], large)
      expect(host.seen[1]?.query.has('file_offset')).toBe(false)
      expect(host.seen[1]?.body.equals(large)).toBe(true)
    },
  )

  it('fall back to another host when one keeps cutting them', async () => {
    const cutting = await hostOf((seen, response, incoming) => {
      incoming.once('data', () => response.destroy())
      seen.body = Buffer.alloc(0)
    })
    const good = await hostOf(takes)
    expect((await upload([cutting, good], small)).result).toEqual(uploaded)
    expect(cutting.seen.length).toBe(3)
  })

  it('end when nothing moves, and when aborted', async () => {
    const silent = await hostOf(() => {})
    await expect(upload([silent], small, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'media-upload-failed',
      output: { statusCode: 500 },
      cause: { code: 'timed-out' },
    })
    const controller = new AbortController()
    const running = upload([silent], small, { signal: controller.signal })
    setTimeout(() => controller.abort(), 20)
    await expect(running).rejects.toMatchObject({ code: 'aborted' })
  })

  it('follow redirects with the whole file', async () => {
    const host = await hostOf(async (seen, response, incoming) => {
      if (seen.path.startsWith('/moved')) await takes(seen, response, incoming)
      else response.writeHead(307, { location: '/moved' }).end()
    })
    await upload([host], small)
    expect(host.seen[1]?.body.equals(small)).toBe(true)
  })

  it('do not believe endless answers', async () => {
    const host = await hostOf((_, response) => void response.end(Buffer.alloc(100_000, ' ')))
    await expect(upload([host], small)).rejects.toMatchObject({ cause: { code: 'answer-too-large' } })
  })
})

describe('uploadWithNodeHttp', () => {
  it('sends a file anywhere and gives the answer as it is', async () => {
    const host = await hostOf(takes)
    const parameters = { url: `${host.origin}/x`, filePath: pathOf(small), headers: { 'x-own': '1' } }
    expect(await uploadWithNodeHttp(parameters)).toEqual({ ...answerWithout('n'), fbid: 7 })
    expect(host.seen[0]).toMatchObject({ method: 'POST', headers: { 'x-own': '1' } })
    expect(host.seen[0]?.body.equals(small)).toBe(true)
    host.answer = (_, response) => void response.end('?')
    expect(await uploadWithNodeHttp(parameters)).toBeUndefined()
    host.answer = (_, response) => void response.writeHead(302, { location: '/' }).end()
    await expect(uploadWithNodeHttp(parameters, 3)).rejects.toMatchObject({ code: 'too-many-redirects' })
    expect(host.seen).toHaveLength(5)
    await expect(uploadWithNodeHttp({ ...parameters, url: 'file:///x' })).rejects.toMatchObject({
      code: 'media-url-refused',
    })
  })
})

function answerWithout(name: string): object {
  return Object.fromEntries(Object.entries(answer).filter(([key]) => key !== name))
}
