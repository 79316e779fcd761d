import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encryptedStream, getRawMediaUploadData } from './baileys-names.js'
import { copyMedia, encryptMedia } from './encrypt-media.js'
import { MediaDecryptor } from './media-decryptor.js'
import { expandMediaKey } from './media-keys.js'
import { getStream, toBuffer, toReadable } from './media-source.js'
import type { WAMediaUpload } from './media-types.js'
import { HttpHost } from './testing/http-host.js'
import { mediaVectors, plaintextOf, vectorMediaKey } from './testing/media-vectors.js'

const plaintext = plaintextOf(700_000)
let folder = ''
let path = ''
let host: HttpHost
const before = process.env['TMPDIR']

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kurir-media-test-'))
  path = join(folder, 'plain file')
  await writeFile(path, plaintext)
  host = await HttpHost.start(({ path: asked }, response) => {
    if (asked === '/file') response.end(plaintext)
    else if (asked === '/cut') response.write(plaintext, () => response.destroy())
    else response.writeHead(404).end()
  })
})
afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true })
})

/** Temporary files go where they can be counted. */
let temporary = ''
beforeEach(async () => {
  temporary = await mkdtemp(join(folder, 'tmp-'))
  process.env['TMPDIR'] = temporary
})
afterEach(() => {
  process.env['TMPDIR'] = before
  if (before === undefined) delete process.env['TMPDIR']
})
const leftOver = () => readdirSync(temporary)

const sources: [string, () => WAMediaUpload][] = [
  ['bytes', () => plaintext],
  ['a stream', () => ({ stream: Readable.from([plaintext.subarray(0, 5), plaintext.subarray(5)]) })],
  ['a path', () => ({ url: path })],
  ['a file URL', () => ({ url: pathToFileURL(path) })],
  ['a data URL', () => ({ url: `data:image/png;base64,${plaintext.toString('base64')}` })],
  ['an http URL', () => ({ url: `${host.origin}/file` })],
]
const local = { allowPrivateAddresses: true }

describe('encryptMedia', () => {
  it.each(sources)('encrypts %s into a temporary file', async (_, source) => {
    const file = await encryptMedia(source(), 'video', { ...local, keepOriginal: true, sidecar: true })
    expect(file.fileLength).toBe(plaintext.byteLength)
    const decryptor = new MediaDecryptor(expandMediaKey(file.mediaKey, 'video'), file)
    const content = decryptor.update(await readFile(file.path))
    expect(Buffer.concat([...content, decryptor.finish()]).equals(plaintext)).toBe(true)
    expect(readFileSync(file.originalPath ?? '').equals(plaintext)).toBe(true)
    expect(file.streamingSidecar?.byteLength).toBe(110)
    await file.discard()
    await file.discard()
    expect(leftOver()).toEqual([])
    expect(readFileSync(path).equals(plaintext)).toBe(true)
  })

  it('makes files that nobody else may read', async () => {
    const file = await encryptMedia(plaintext, 'image')
    const { mode } = await import('node:fs/promises').then(({ stat }) => stat(file.path))
    expect(mode & 0o077).toBe(0)
    expect(file.originalPath).toBeUndefined()
    await file.discard()
  })

  it.each([0, 1, 65_535, 65_536, 65_537, 262_144])('encrypts %d bytes as the vectors do', async length => {
    const file = await encryptMedia(plaintextOf(length), 'video', { mediaKey: vectorMediaKey, sidecar: true })
    const vector = mediaVectors.files.find(
      ({ mediaType, plaintextLength }) => mediaType === 'video' && plaintextLength === length,
    )
    if (vector !== undefined) {
      expect(file.fileEncSha256.toString('hex')).toBe(vector.fileEncSha256)
      expect(file.streamingSidecar?.toString('hex')).toBe(vector.streamingSidecar)
    }
    expect((await readFile(file.path)).byteLength).toBe(Math.floor(length / 16) * 16 + 26)
    await file.discard()
  })

  const failing: [string, () => WAMediaUpload, object, string][] = [
    ['a missing file', () => ({ url: join(folder, 'none') }), {}, 'media-unreadable'],
    ['a folder', () => ({ url: folder }), {}, 'media-unreadable'],
    ['a scheme that is not read', () => ({ url: 'ftp://example.com/x' }), {}, 'invalid-media-source'],
    ['nothing', () => ({ url: '' }), {}, 'media-unreadable'],
    ['something else', () => 5 as unknown as WAMediaUpload, {}, 'invalid-media-source'],
    ['a malformed data URL', () => ({ url: 'data:x' }), {}, 'invalid-media-source'],
    ['a stream of objects', () => ({ stream: Readable.from([{}]) }), {}, 'invalid-media-source'],
    ['a transfer that is cut', () => ({ url: `${host.origin}/cut` }), local, 'http-failed'],
    ['a missing page', () => ({ url: `${host.origin}/none` }), local, 'media-download-failed'],
    ['a private address', () => ({ url: `${host.origin}/file` }), {}, 'private-address-refused'],
    ['bytes beyond a limit', () => plaintext, { maxLength: 699_999 }, 'media-too-large'],
    ['a page beyond a limit', () => ({ url: `${host.origin}/file` }), { ...local, maxLength: 9 }, 'media-too-large'],
    ['what was aborted', () => ({ url: path }), { signal: AbortSignal.abort() }, 'aborted'],
  ]

  it.each(failing)('leaves nothing behind for %s', async (_, source, options, code) => {
    await expect(encryptMedia(source(), 'image', { keepOriginal: true, ...options })).rejects.toMatchObject({ code })
    await expect(copyMedia(source(), options)).rejects.toMatchObject({ code })
    expect(leftOver()).toEqual([])
  })

  it('passes on what a stream fails with', async () => {
    const stream = Readable.from(
      (async function* () {
        yield Buffer.alloc(10)
        throw new Error('the disk is on fire')
      })(),
    )
    await expect(encryptMedia({ stream }, 'image')).rejects.toThrow('the disk is on fire')
    expect(leftOver()).toEqual([])
    expect(stream.destroyed).toBe(true)
  })
})

describe('Baileys’ names', () => {
  it('encryptedStream gives paths, hashes and the key', async () => {
    const result = await encryptedStream({ url: path }, 'audio', { saveOriginalFileIfRequired: true })
    expect(result.originalFilePath).toBe(path)
    const decryptor = new MediaDecryptor(expandMediaKey(result.mediaKey, 'audio'), result)
    const file = await readFile(result.encFilePath)
    expect(file.subarray(-10)).toEqual(result.mac)
    expect(Buffer.concat([...decryptor.update(file), decryptor.finish()]).equals(plaintext)).toBe(true)
  })

  it('getRawMediaUploadData copies a file and says what it is', async () => {
    const { filePath, fileSha256, fileLength } = await getRawMediaUploadData({ url: path }, 'image')
    expect((await readFile(filePath)).equals(plaintext)).toBe(true)
    expect(fileLength).toBe(plaintext.byteLength)
    const { fileSha256: known } = await copyMedia(plaintext)
    expect(fileSha256).toEqual(known)
  })

  it.each([
    ['bytes', 'buffer'],
    ['a stream', 'readable'],
    ['a path', 'file'],
    ['a data URL', 'buffer'],
    ['an http URL', 'remote'],
  ])('getStream reads %s and calls it %s', async (name, type) => {
    const source = sources.find(([other]) => other === name)?.[1]() ?? plaintext
    const opened = await getStream(source, local)
    expect(opened.type).toBe(type)
    expect((await toBuffer(opened.stream)).equals(plaintext)).toBe(true)
  })

  it('toReadable and toBuffer are inverse', async () => {
    const stream = toReadable(plaintext)
    expect((await toBuffer(stream)).equals(plaintext)).toBe(true)
    expect(stream.destroyed).toBe(true)
  })
})
