import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import type { Phone } from '@kurir/simulator'
import {
  type BaileysEventMap,
  EventManager,
  isJidGroup,
  KurirError,
  silentLogger,
  type WAMessage,
  type WASocket,
} from 'kurir'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rejection, textOf } from './support/kurir-client.js'
import { GatewayScene, until } from './support/socket-mode.js'
import { type World, worldForEachTest } from './support/world.js'

/** How a program gets its socket. */
interface Mode {
  readonly name: string
  open(world: World, owner: Phone): Promise<{ readonly sock: WASocket; end(): Promise<unknown> }>
}

const direct: Mode = {
  name: 'direct',
  open: async (world, owner) => {
    const { socket } = await world.linked(owner)
    return { sock: socket, end: () => socket.end(undefined) }
  },
}

const remote: Mode = {
  name: 'remote',
  open: async (world, owner) => {
    const scene = await new GatewayScene(world.service).start()
    await scene.link(owner)
    return { sock: await scene.attach(), end: () => scene.end() }
  },
}

const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
/** Larger than what stands inside a frame. */
const file = Buffer.alloc(700_000, 'Kurir ')

/** Collects what an event brings. */
function seen<Event extends keyof BaileysEventMap>(sock: WASocket, event: Event): BaileysEventMap[Event][] {
  const payloads: BaileysEventMap[Event][] = []
  sock.ev.on(event, payload => {
    payloads.push(payload)
  })
  return payloads
}

const messagesOf = (upserts: readonly BaileysEventMap['messages.upsert'][]): WAMessage[] =>
  upserts.flatMap(({ messages }) => messages)

describe.each([direct, remote])('a $name socket', ({ open }) => {
  const world = worldForEachTest()
  let owner: Phone
  let friend: Phone
  let sock: WASocket
  let folder: string
  let end: () => Promise<unknown>

  beforeEach(async () => {
    owner = await world().phone('Owner')
    friend = await world().phone('Friend')
    folder = await mkdtemp(join(tmpdir(), 'kurir-conformance-'))
    const opened = await open(world(), owner)
    sock = opened.sock
    end = opened.end
  })
  afterEach(async () => {
    await end()
    await rm(folder, { recursive: true })
  })

  it('is no promise', async () => {
    expect('then' in sock).toBe(false)
    expect(await Promise.resolve(sock)).toBe(sock)
  })

  it('knows who it is', () => {
    expect(sock.type).toBe('md')
    expect(sock.user?.id).toMatch(/^\d+:\d+@s\.whatsapp\.net$/)
    expect(sock.user?.lid).toMatch(/@lid$/)
    expect(sock.authState.creds.me?.id).toBe(sock.user?.id)
    expect(sock.generateMessageTag()).not.toBe(sock.generateMessageTag())
  })

  it('sends a text, and hears what became of it', async () => {
    const updates = seen(sock, 'messages.update')
    const sent = await sock.sendMessage(friend.jid, { text: 'hello' })
    expect(sent).toMatchObject({
      key: { remoteJid: friend.jid, fromMe: true },
      message: { extendedTextMessage: { text: 'hello' } },
    })
    expect(sent?.status).toBe(1)
    const id = sent?.key.id ?? ''
    expect((await friend.waitForMessage(({ text }) => text === 'hello')).id).toBe(id)
    friend.read(id)
    const status = () =>
      updates
        .flat()
        .filter(({ key }) => key.id === id)
        .map(({ update }) => update.status)
    await until(() => status().includes(4), 'read tick')
    // In the direct socket the answer of the server may be merged with what follows.
    expect(Math.max(...status().map(Number))).toBe(4)
  })

  it('sends a message under the id that it is given, once', async () => {
    const options = { messageId: '3EB0AABBCCDDEEFF001122' }
    const [first, second] = [
      await sock.sendMessage(friend.jid, { text: 'once' }, options),
      await sock.sendMessage(friend.jid, { text: 'once' }, options),
    ]
    expect([first?.key.id, second?.key.id]).toEqual([options.messageId, options.messageId])
    await friend.waitForMessage(({ id }) => id === options.messageId)
    await sock.sendMessage(friend.jid, { text: 'afterwards' })
    await friend.waitForMessage(({ text }) => text === 'afterwards')
    expect(friend.messages.filter(({ text }) => text === 'once')).toHaveLength(1)
  })

  it('hands messages over, to listeners and to process handlers', async () => {
    const upserts = seen(sock, 'messages.upsert')
    const processed: string[] = []
    sock.ev.process(async events => {
      await Promise.resolve()
      for (const message of events['messages.upsert']?.messages ?? []) {
        const text = textOf(message)
        if (text) processed.push(text)
      }
    })
    const texts = ['one', 'two', 'three', 'four', 'five']
    for (const text of texts) await friend.send(owner.jid, { text })
    await until(() => processed.length >= texts.length, 'all texts')
    expect(processed).toEqual(texts)
    const messages = messagesOf(upserts).filter(textOf)
    expect(messages.map(textOf)).toEqual(texts)
    expect(messages[0]).toMatchObject({ key: { fromMe: false }, pushName: 'Friend' })
    expect(Number(messages[0]?.messageTimestamp)).toBeGreaterThan(1_600_000_000)
    expect(messages.every(({ redelivered }) => redelivered === undefined)).toBe(true)
  })

  it('quotes what it was sent, and tells that it was read', async () => {
    const upserts = seen(sock, 'messages.upsert')
    const id = await friend.send(owner.jid, { text: 'a question' })
    const question = await until(() => messagesOf(upserts).find(({ key }) => key.id === id), 'the question')
    await sock.readMessages([question.key])
    await friend.waitForReceipt(receipt => receipt.type === 'read' && receipt.ids.includes(id))
    await sock.sendMessage(friend.jid, { text: 'an answer' }, { quoted: question })
    const answer = await friend.waitForMessage(({ text }) => text === 'an answer')
    expect(answer.message?.extendedTextMessage?.contextInfo?.stanzaId).toBe(id)
  })

  it.each([
    ['bytes', () => file],
    ['a stream', () => ({ stream: Readable.from([file.subarray(0, 100_000), file.subarray(100_000)]) })],
    ['a path', (path: string) => ({ url: path })],
    ['a file URL', (path: string) => ({ url: pathToFileURL(path) })],
  ])('sends a file given as %s', async (_, source) => {
    const path = join(folder, 'file.bin')
    await writeFile(path, file)
    const sent = await sock.sendMessage(friend.jid, {
      document: source(path),
      mimetype: 'application/octet-stream',
      fileName: 'file.bin',
    })
    const arrived = await friend.waitForMessage(({ id }) => id === sent?.key.id)
    expect((await friend.download(arrived.message ?? {})).equals(file)).toBe(true)
  })

  it('downloads a file, whole and as a stream', async () => {
    const upserts = seen(sock, 'messages.upsert')
    const id = await friend.send(owner.jid, { media: 'image', file: picture })
    const received = await until(() => messagesOf(upserts).find(({ key }) => key.id === id), 'the picture')
    expect(await sock.downloadMedia(received, 'buffer')).toEqual(picture)
    const chunks: Buffer[] = []
    for await (const chunk of await sock.downloadMedia(received, 'stream')) chunks.push(chunk)
    expect(Buffer.concat(chunks)).toEqual(picture)
  })

  it('asks questions', async () => {
    const [found] = (await sock.onWhatsApp(friend.jid)) ?? []
    expect(found).toMatchObject({ jid: friend.jid, exists: true })
    expect(await sock.fetchBlocklist()).toEqual([])
    expect(await sock.fetchPrivacySettings()).toMatchObject({ readreceipts: 'all' })
  })

  it('knows a group, and writes to it', async () => {
    const group = await owner.createGroup('All of us', [friend.jid])
    expect(isJidGroup(group)).toBe(true)
    expect(await sock.groupMetadata(group)).toMatchObject({ id: group, subject: 'All of us' })
    await sock.sendMessage(group, { text: 'to all' })
    expect((await friend.waitForMessage(({ text }) => text === 'to all')).chat).toBe(group)
  })

  it('hears of presence', async () => {
    const presences = seen(sock, 'presence.update')
    await friend.type(owner.jid, 'composing')
    const composing = ({ presences }: BaileysEventMap['presence.update']) =>
      Object.values(presences).some(({ lastKnownPresence }) => lastKnownPresence === 'composing')
    await until(() => presences.find(composing), 'composing')
  })

  it('rejects with typed errors', async () => {
    const invalid = await rejection(sock.sendMessage('nobody', { text: 'x' }))
    expect(invalid).toMatchObject({ code: 'invalid-jid', retryable: false, output: { statusCode: 400 } })
    expect(invalid.data).toMatchObject({ field: 'jid' })
    const content = await rejection(sock.sendMessage(friend.jid, { poll: { name: '', values: [] } }))
    expect(content).toMatchObject({ code: 'invalid-content', output: { statusCode: 400 } })
    const refusal = await rejection(sock.groupMetadata('1234567890@g.us'))
    expect(refusal).toBeInstanceOf(Error)
    expect(refusal).toMatchObject({ code: 'server-refused', name: 'ServerRefusal', isBoom: true })
    expect(refusal.output.statusCode).toBe(refusal.data)
    expect(KurirError.is(refusal)).toBe(true)
  })

  it('does many things at a time', async () => {
    const texts = Array.from({ length: 60 }, (_, index) => `text ${index}`)
    const ids = await Promise.all(texts.map(async text => (await sock.sendMessage(friend.jid, { text }))?.key.id))
    expect(new Set(ids).size).toBe(texts.length)
    await until(() => texts.every(text => friend.messages.some(message => message.text === text)), 'all texts')
  })

  it('serves named handlers', async () => {
    const manager = new EventManager(sock.ev, { logger: silentLogger })
    const answered: string[] = []
    manager.add('ping', 'message:text', async ({ chat, text }) => {
      await sock.sendMessage(chat, { text: 'pong' })
      answered.push(text)
    })
    await friend.send(owner.jid, { text: 'ping' })
    await friend.waitForMessage(({ text }) => text === 'pong')
    await until(() => answered.length === 1, 'the handler')
    manager.clear()
  })

  it('ends, and says so once', async () => {
    const updates = seen(sock, 'connection.update')
    const ends: unknown[] = []
    sock.registerSocketEndHandler(error => {
      ends.push(error)
    })
    await sock.end(undefined)
    await until(() => updates.some(({ connection }) => connection === 'close'), 'close')
    expect(ends).toHaveLength(1)
    const refusal = await rejection(sock.sendMessage(friend.jid, { text: 'too late' }))
    expect(refusal.output.statusCode).toBe(428)
  })
})
