import { type Phone, Simulator } from '@kurir/simulator'
import { type AnyMessageContent, downloadMediaMessage, type WAMessage } from 'baileys'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BaileysClient } from './support/baileys-client.js'
import { baileysMediaConfig } from './support/media-trust.js'

const PLAIN = Buffer.from('The quick brown fox jumps over the lazy dog. '.repeat(5000))

describe('unmodified Baileys clients and the media host', () => {
  let wa: Simulator
  let alice: Phone
  let bob: Phone
  const clients: BaileysClient[] = []

  const violations = () => wa.violations.map(({ kind, message }) => `${kind}: ${message}`)

  const linked = async (phone: Phone) => {
    const client = new BaileysClient(wa.url, { config: baileysMediaConfig(wa) }).connect()
    clients.push(client)
    await phone.scan(await client.qr())
    await client.closed()
    client.connect()
    await client.open()
    return client
  }

  const download = (client: BaileysClient, message: WAMessage) =>
    downloadMediaMessage(
      message,
      'buffer',
      { options: baileysMediaConfig(wa).options },
      {
        reuploadRequest: client.socket.updateMediaMessage,
        logger: client.socket.logger,
      },
    )

  beforeEach(async () => {
    wa = await Simulator.start({ seed: 'interop media', validation: 'lenient' })
    alice = await wa.phone('6281110001', { pushName: 'Alice' })
    bob = await wa.phone('6281110002', { pushName: 'Bob' })
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) client.dispose()
    await wa.stop()
  })

  it.each<[string, AnyMessageContent]>([
    ['a document', { document: PLAIN, mimetype: 'text/plain', fileName: 'fox.txt' }],
    ['a voice note', { audio: PLAIN, ptt: true, seconds: 3, waveform: new Uint8Array(64) } as AnyMessageContent],
    ['a video', { video: PLAIN, jpegThumbnail: '' } as AnyMessageContent],
    ['a sticker', { sticker: PLAIN }],
  ])('carry %s to another client', async (_, content) => {
    const [sender, receiver] = [await linked(alice), await linked(bob)]
    const sent = await sender.socket.sendMessage(bob.jid, content)
    const received = await receiver.waitFor(
      () => receiver.readable.find(({ key }) => key.id === sent?.key.id),
      'media message',
    )
    expect((await download(receiver, received as WAMessage)).equals(PLAIN)).toBe(true)
    expect(wa.media.files).toHaveLength(1)
    expect(violations()).toEqual([])
  })

  it.each(['image', 'video', 'ptv', 'ptt', 'document', 'sticker'] as const)(
    'open what a phone sends: %s',
    async media => {
      const receiver = await linked(bob)
      const id = await alice.send(bob.jid, { media, file: PLAIN })
      const received = await receiver.waitFor(() => receiver.readable.find(({ key }) => key.id === id), 'media message')
      expect((await download(receiver, received as WAMessage)).equals(PLAIN)).toBe(true)
      expect(violations()).toEqual([])
    },
  )

  it.each<[string, AnyMessageContent]>([
    ['a document', { document: PLAIN, mimetype: 'text/plain' }],
    ['a voice note', { audio: PLAIN, ptt: true, seconds: 1, waveform: new Uint8Array(64) } as AnyMessageContent],
    ['a sticker', { sticker: PLAIN }],
  ])('send what a phone can open: %s', async (_, content) => {
    const sender = await linked(alice)
    const sent = await sender.socket.sendMessage(bob.jid, content)
    const { message } = await bob.waitForMessage(({ id }) => id === sent?.key.id)
    expect((await bob.download(message)).equals(PLAIN)).toBe(true)
    expect(violations()).toEqual([])
  })

  it('try the fallback host when the first one refuses', async () => {
    const sender = await linked(alice)
    const match = { host: 'primary' } as const
    const refusal = wa.media.faults.add({ operation: 'upload', match, action: { kind: 'status', code: 500 } })
    const sent = await sender.socket.sendMessage(bob.jid, { document: PLAIN, mimetype: 'text/plain' })
    expect(refusal.hits).toBe(1)
    expect(sent?.message?.documentMessage?.directPath).toBe(wa.media.files[0]?.directPath)
    expect(violations()).toEqual([])
  })
})
