import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import type { Phone } from '@kurir/simulator'
import { type AnyMediaMessageContent, downloadMediaMessage, silentLogger, toBuffer, type WAMessage } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { type World, worldForEachTest } from './support/world.js'

const world = worldForEachTest()
const file = Buffer.from('The quick brown fox jumps over the lazy dog')

async function chat(options: Parameters<World['linked']>[1] = {}) {
  const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
  const bot = await world().linked(alice, options)
  return { alice, bob, bot, media: world().service.media }
}

/** Sends media and gives what the phone of the other side reads. */
async function delivered(bot: KurirClient, to: Phone, content: AnyMediaMessageContent) {
  const sent = await bot.socket.sendMessage(to.jid, content)
  const { message } = await to.waitForMessage(({ id }) => id === sent?.key.id)
  return message
}

function received(bot: KurirClient, id: string): Promise<WAMessage> {
  return bot.waitFor(() => bot.readable.find(({ key }) => key.id === id), id)
}

/** Files of Kurir in the folder for temporary files. */
const leftOver = () => readdirSync(tmpdir()).filter(name => /^kurir-(encrypted|original|plain)-/.test(name))

describe('sent media', () => {
  const kinds: [string, AnyMediaMessageContent, string][] = [
    ['image', { image: file, caption: 'fox' }, 'image'],
    ['video', { video: file }, 'video'],
    ['GIF', { video: file, gifPlayback: true }, 'gif'],
    ['video note', { video: file, ptv: true }, 'ptv'],
    ['audio', { audio: file, seconds: 1, mimetype: 'audio/mp4' }, 'audio'],
    ['voice note', { audio: file, seconds: 1, ptt: true, waveform: new Uint8Array(64) }, 'ptt'],
    ['document', { document: file, mimetype: 'text/plain', fileName: 'fox.txt' }, 'document'],
    ['sticker', { sticker: file }, 'sticker'],
    ['picture to be seen once', { image: file, viewOnce: true }, 'image'],
  ]

  it.each(kinds)('%s: the other side gets the file', async (_, content, type) => {
    const { bot, bob, media } = await chat()
    expect((await bob.download(await delivered(bot, bob, content))).equals(file)).toBe(true)
    expect(media.files.map(({ kind }) => kind)).toMatchObject([{ type, encrypted: true }])
    expect(leftOver()).toEqual([])
  })

  it.each([1, 65_535, 65_536, 65_537, 5_000_000])(
    'of %d bytes, there and back, as stream and as bytes',
    async length => {
      const { alice, bot, bob } = await chat()
      const bytes = randomBytes(length)
      const steps: number[] = []
      const document = { stream: Readable.from([bytes]) }
      const sent = await bot.socket.sendMessage(
        bob.jid,
        { document, mimetype: 'application/octet-stream' },
        { onUploadProgress: ({ sent }) => steps.push(sent) },
      )
      const { message } = await bob.waitForMessage(({ id }) => id === sent?.key.id)
      expect((await bob.download(message)).equals(bytes)).toBe(true)
      expect(steps.at(-1)).toBe(Math.floor(length / 16) * 16 + 26)
      const id = await bob.send(alice.jid, { message })
      const back = await received(bot, id)
      expect((await bot.socket.downloadMedia(back, 'buffer')).equals(bytes)).toBe(true)
      expect((await toBuffer(await bot.socket.downloadMedia(back, 'stream'))).equals(bytes)).toBe(true)
      const part = await bot.socket.downloadMedia(back, 'buffer', { startByte: length - 1 })
      expect(part.equals(bytes.subarray(length - 1))).toBe(true)
    },
  )

  it('goes on where an upload was cut, and to the fallback host when it cannot', async () => {
    const { bot, bob, media } = await chat()
    const bytes = randomBytes(6 * 1024 * 1024)
    media.faults.add({ operation: 'upload', times: 1, action: { kind: 'cut', afterBytes: 3_000_000 } })
    const document: AnyMediaMessageContent = { document: bytes, mimetype: 'application/octet-stream' }
    expect((await bob.download(await delivered(bot, bob, document))).equals(bytes)).toBe(true)
    media.faults.add({ operation: 'upload', match: { host: 'primary' }, action: { kind: 'status', code: 404 } })
    expect((await bob.download(await delivered(bot, bob, { image: file }))).equals(file)).toBe(true)
  })

  it('gets a new permission when the old one is refused', async () => {
    const { bot, bob, media } = await chat()
    const { auth, hosts } = await bot.socket.refreshMediaConn()
    expect((await bot.socket.refreshMediaConn()).auth).toBe(auth)
    expect(bot.socket.getMediaHost()).toBe(hosts[0]?.hostname)
    media.expireAuth()
    expect((await bob.download(await delivered(bot, bob, { image: file }))).equals(file)).toBe(true)
    expect((await bot.socket.refreshMediaConn()).auth).not.toBe(auth)
  })

  it('is not sent when it cannot be uploaded', async () => {
    const { bot, bob, media } = await chat()
    media.faults.add({ operation: 'upload', action: { kind: 'status', code: 400 } })
    await expect(bot.socket.sendMessage(bob.jid, { image: file })).rejects.toMatchObject({
      code: 'media-upload-failed',
    })
    const signal = AbortSignal.abort()
    await expect(bot.socket.sendMessage(bob.jid, { image: file }, { signal })).rejects.toMatchObject({
      code: 'aborted',
    })
    expect(bob.messages).toEqual([])
    expect(leftOver()).toEqual([])
  })

  it('goes over TLS to a host that the agent trusts', async () => {
    const { media } = world().service
    const fetchAgent = new Agent({ ca: media.certificateAuthority })
    const { alice, bot, bob } = await chat({ config: { fetchAgent, mediaOrigins: [media.origin] } })
    expect((await bob.download(await delivered(bot, bob, { image: file }))).equals(file)).toBe(true)
    const back = await received(bot, await bob.send(alice.jid, { media: 'audio', file }))
    expect((await bot.socket.downloadMedia(back, 'buffer')).equals(file)).toBe(true)
    fetchAgent.destroy()
  })
})

describe('received media', () => {
  const kinds = ['image', 'video', 'gif', 'ptv', 'audio', 'ptt', 'document', 'sticker'] as const

  it.each(kinds)('%s: is what the phone sent', async media => {
    const { alice, bot, bob } = await chat()
    const message = await received(bot, await bob.send(alice.jid, { media, file }))
    expect((await bot.socket.downloadMedia(message, 'buffer')).equals(file)).toBe(true)
  })

  it('is refused when a byte was changed or the length is wrong, whichever form is asked for', async () => {
    const { alice, bot, bob, media } = await chat()
    const message = await received(bot, await bob.send(alice.jid, { media: 'image', file }))
    for (const action of [{ kind: 'corrupt' }, { kind: 'length', difference: 16 }] as const) {
      media.faults.add({ operation: 'download', times: 2, action })
      await expect(bot.socket.downloadMedia(message, 'buffer')).rejects.toMatchObject({
        code: 'media-integrity-failed',
      })
      const stream = await bot.socket.downloadMedia(message, 'stream')
      await expect(toBuffer(stream)).rejects.toMatchObject({ code: 'media-integrity-failed' })
    }
    expect((await bot.socket.downloadMedia(message, 'buffer')).equals(file)).toBe(true)
  })

  it('goes on where it was cut, and waits when the host is busy', async () => {
    const { alice, bot, bob, media } = await chat()
    const bytes = randomBytes(1_000_000)
    const message = await received(bot, await bob.send(alice.jid, { media: 'video', file: bytes }))
    media.faults.add({ operation: 'download', times: 1, action: { kind: 'cut', afterBytes: 400_000 } })
    media.faults.add({ operation: 'download', times: 2, skip: 1, action: { kind: 'status', code: 503 } })
    const options = { retryDelayMs: 1 }
    expect((await bot.socket.downloadMedia(message, 'buffer', options)).equals(bytes)).toBe(true)
  })
})

describe('media that the host no longer has', () => {
  async function expired(status: number) {
    const { alice, bob, bot, media } = await chat()
    const message = await received(bot, await bob.send(alice.jid, { media: 'image', file }))
    media.expire(directPathOf(message), status)
    return { alice, bob, bot, media, message, old: directPathOf(message) }
  }

  it.each([404, 410])('comes back when the phone has uploaded it again (%d)', async status => {
    const { bot, message, old } = await expired(status)
    expect((await bot.socket.downloadMedia(message, 'buffer')).equals(file)).toBe(true)
    expect(directPathOf(message)).not.toBe(old)
    const update = await bot.waitFor(() => updatesOf(bot, message)[0], 'messages.update')
    expect(update.message?.imageMessage?.directPath).toBe(directPathOf(message))
    expect(bot.events.filter(({ name }) => name === 'messages.media-update')).toHaveLength(1)
  })

  it('comes back with the free function too', async () => {
    const { bot, message, media } = await expired(410)
    const context = { logger: silentLogger, reuploadRequest: bot.socket.updateMediaMessage }
    const options = { mediaOrigins: [media.plainOrigin] }
    expect((await downloadMediaMessage(message, 'buffer', options, context)).equals(file)).toBe(true)
  })

  it('is asked for once, however many want it', async () => {
    const { bot, message } = await expired(404)
    const copies = await Promise.all([1, 2, 3].map(() => bot.socket.downloadMedia(message, 'buffer')))
    expect(copies.every(copy => copy.equals(file))).toBe(true)
    expect(bot.events.filter(({ name }) => name === 'messages.media-update')).toHaveLength(1)
  })

  it.each([
    ['not-found', 404],
    ['decryption-error', 412],
    ['general-error', 418],
  ] as const)('is lost when the phone says %s', async (answer, statusCode) => {
    const { alice, bot, message } = await expired(404)
    alice.mediaRetry.answer = answer
    await expect(bot.socket.downloadMedia(message, 'buffer')).rejects.toMatchObject({
      code: 'media-retry-refused',
      output: { statusCode },
    })
  })

  it('is waited for until the connection ends', async () => {
    const { alice, bot, message } = await expired(404)
    alice.mediaRetry.answer = 'nothing'
    const waiting = bot.socket.updateMediaMessage(message)
    await Promise.all([expect(waiting).rejects.toMatchObject({ output: { statusCode: 428 } }), bot.end()])
  })
})

function directPathOf({ message }: WAMessage): string {
  return message?.imageMessage?.directPath ?? ''
}

function updatesOf(bot: KurirClient, { key }: WAMessage): Partial<WAMessage>[] {
  return bot.events.flatMap(({ name, data }) =>
    name === 'messages.update'
      ? (data as { key: { id?: string }; update: Partial<WAMessage> }[]).flatMap(update =>
          update.key.id === key.id && update.update.message ? [update.update] : [],
        )
      : [],
  )
}
