import { createDecipheriv } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import sharp from 'sharp'
import { afterEach, describe, expect, it } from 'vitest'
import { expandMediaKey } from '../media/media-keys.js'
import { getUrlInfo, type URLGenerationOptions } from './url-info.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise(resolve => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const page = (head: string) => `<!doctype html><html><head>${head}</head><body>${'x'.repeat(100_000)}</body></html>`
const html =
  (body: string, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(body)
  }

const options: URLGenerationOptions = {
  thumbnailWidth: 192,
  fetchOpts: { timeout: 3_000 },
  allowPrivateAddresses: true,
}

describe('the preview of a link (docs/protocol/03, 7.12)', () => {
  it('has what the head of the page says', async () => {
    const url = await serve(html(page('<title>Title</title><meta name=description content="About it">')))
    expect(await getUrlInfo(`${url}/a`, options)).toEqual({
      'canonical-url': `${url}/a`,
      'matched-text': `${url}/a`,
      title: 'Title',
      description: 'About it',
    })
  })

  it('has a small picture of the given width, and a large one where it may be uploaded', async () => {
    const picture = await sharp({ create: { width: 400, height: 200, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    const url = await serve((request, response) => {
      if (request.url === '/pic.png') response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
      else
        html(page('<meta property="og:title" content="T"><meta property="og:image" content="pic.png">'))(
          request,
          response,
        )
    })
    const uploaded: { file: Buffer; mediaType: string }[] = []
    const info = await getUrlInfo(`${url}/a`, {
      ...options,
      uploadImage: async (path, { mediaType }) => {
        uploaded.push({ file: await readFile(path), mediaType })
        return { mediaUrl: 'https://mmg.whatsapp.net/x', directPath: '/x' }
      },
    })
    expect(info?.originalThumbnailUrl).toBe(`${url}/pic.png`)
    expect(await sharp(info?.jpegThumbnail as Buffer).metadata()).toMatchObject({
      format: 'jpeg',
      width: 192,
      height: 96,
    })
    const { mediaKey, ...large } = info?.highQualityThumbnail ?? {}
    expect(large).toMatchObject({ directPath: '/x', width: 400, height: 200, fileLength: picture.length })
    expect(uploaded.map(({ mediaType }) => mediaType)).toEqual(['thumbnail-link'])
    const { cipherKey, iv } = expandMediaKey(mediaKey ?? Buffer.alloc(32), 'thumbnail-link')
    const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv)
    const ciphertext = uploaded[0]?.file.subarray(0, -10) ?? Buffer.alloc(0)
    expect(Buffer.concat([decipher.update(ciphertext), decipher.final()])).toEqual(picture)
  })

  it('goes without a picture that cannot be had', async () => {
    const tags = '<title>T</title><meta property="og:image" content="/none.png">'
    const url = await serve((request, response) =>
      html(request.url === '/none.png' ? '' : page(tags), request.url === '/none.png' ? 404 : 200)(request, response),
    )
    expect(await getUrlInfo(url, options)).toMatchObject({ title: 'T', originalThumbnailUrl: `${url}/none.png` })
  })

  it('is none for what is no URL, no page, no success or has no title', async () => {
    for (const text of [
      '',
      'https://',
      'ftp://example.com/',
      'https://user:secret@example.com/',
      'javascript:alert(1)',
    ]) {
      expect(await getUrlInfo(text, options)).toBeUndefined()
    }
    const untitled = await serve(html(page('')))
    const missing = await serve(html(page('<title>404</title>'), 404))
    const json = await serve((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    )
    for (const url of [untitled, missing, json]) expect(await getUrlInfo(url, options)).toBeUndefined()
  })

  it('follows redirects, five at most', async () => {
    const url = await serve((request, response) => {
      const left = Number(request.url?.slice(1))
      if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end()
      else html(page('<title>There</title>'))(request, response)
    })
    expect(await getUrlInfo(`${url}/5`, options)).toMatchObject({ title: 'There', 'canonical-url': `${url}/0` })
    await expect(getUrlInfo(`${url}/6`, options)).rejects.toMatchObject({ code: 'too-many-redirects' })
  })

  it('reads the beginning of a page that never ends', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.write('<head><title>Endless</title>')
      const more = () => {
        while (response.write('<meta name="a" content="b">'.repeat(1_000)) && !response.destroyed);
      }
      response.on('drain', more)
      more()
    })
    expect(await getUrlInfo(url, options)).toMatchObject({ title: 'Endless' })
  })

  it('gives up a page that does not come', async () => {
    const url = await serve(() => {})
    const impatient = { ...options, fetchOpts: { timeout: 50 } }
    await expect(getUrlInfo(url, impatient)).rejects.toMatchObject({ output: { statusCode: expect.any(Number) } })
  })
})

it('a proxy that would not be used is refused', async () => {
  const fetchOpts = { timeout: 1_000, proxyUrl: 'http://proxy.example' }
  await expect(getUrlInfo('https://a.example', { ...options, fetchOpts })).rejects.toMatchObject({
    code: 'invalid-config',
  })
})

describe('private networks (docs/decisions/0020)', () => {
  const guarded = { ...options, allowPrivateAddresses: false }

  it('are not looked into', async () => {
    const url = await serve(html(page('<title>Secret</title>')))
    await expect(getUrlInfo(url, guarded)).rejects.toMatchObject({ code: 'private-address-refused' })
    await expect(getUrlInfo('http://[::ffff:127.0.0.1]/', guarded)).rejects.toMatchObject({
      code: 'private-address-refused',
    })
    await expect(getUrlInfo('http://localhost/', guarded)).rejects.toMatchObject({ code: 'private-address-refused' })
  })

  it('nor by way of redirects', async () => {
    const url = await serve((_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end())
    await expect(getUrlInfo(url, options)).rejects.toMatchObject({ code: 'link-refused' })
  })
})
