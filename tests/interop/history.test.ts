import { type Phone, type PhoneOptions, Simulator } from '@kurir/simulator'
import type { BaileysEventMap, WAMessage, WAMessageKey } from 'baileys'
import { downloadMediaMessage, proto } from 'baileys'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BaileysClient } from './support/baileys-client.js'
import { baileysMediaConfig } from './support/media-trust.js'

type HistorySet = BaileysEventMap['messaging-history.set']
const { HistorySyncType } = proto.HistorySync
const PLAIN = Buffer.from('The quick brown fox jumps over the lazy dog. '.repeat(50))

describe('what an unmodified Baileys takes and asks from its phone', () => {
  let wa: Simulator
  let bob: Phone
  const clients: BaileysClient[] = []

  const violations = () => wa.violations.map(({ kind, message }) => `${kind}: ${message}`)

  /** A client with what it was told of the past, all connections together. */
  const linked = async (phone: Phone, config = {}) => {
    const sets: HistorySet[] = []
    const client = new BaileysClient(wa.url, { config: { ...baileysMediaConfig(wa), ...config } })
    clients.push(client)
    const connect = () => {
      client.connect()
      client.socket.ev.on('messaging-history.set', set => sets.push(set))
    }
    connect()
    await phone.scan(await client.qr())
    await client.closed()
    connect()
    await client.open()
    return { client, sets }
  }

  const messagesOf = (sets: readonly HistorySet[]) => sets.flatMap(({ messages }) => messages)
  const ids = (sets: readonly HistorySet[]) => new Set(messagesOf(sets).map(({ key }) => key.id))

  const alice = (options: PhoneOptions = {}) => wa.phone('6281110001', { pushName: 'Alice', ...options })

  beforeEach(async () => {
    wa = await Simulator.start({ seed: 'interop history', validation: 'lenient' })
    bob = await wa.phone('6281110002', { pushName: 'Bob' })
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) client.dispose()
    await wa.stop()
  })

  it.each([{ inline: true }, { inline: false }, { order: 'reversed' }, { twice: true }] as const)(
    'history after linking, with %j',
    async options => {
      const invented = { chats: 12, messagesPerChat: 60, statuses: 2 }
      const phone = await alice({ history: { invented, recentMessages: 30, messagesPerChunk: 100, ...options } })
      const id = await bob.send(phone.jid, { text: 'before the companion' })
      await phone.waitForMessage(message => message.id === id)
      const { sets } = await linked(phone)
      await expect.poll(() => ids(sets).size, { timeout: 20_000 }).toBe(12 * 30 + 1)
      expect(ids(sets)).toContain(id)
      expect(violations()).toEqual([])
      expect(phone.problems).toEqual([])
    },
  )

  it('all of the history, when it asks for it', async () => {
    const phone = await alice({ history: { invented: { chats: 5, messagesPerChat: 200 }, messagesPerChunk: 300 } })
    const { sets } = await linked(phone, { syncFullHistory: true, shouldSyncHistoryMessage: () => true })
    await expect.poll(() => ids(sets).size, { timeout: 20_000 }).toBe(1000)
    expect(violations()).toEqual([])
  })

  it('earlier messages on demand', async () => {
    const phone = await alice({ history: { invented: { chats: 3, messagesPerChat: 100 }, recentMessages: 10 } })
    const { client, sets } = await linked(phone)
    await expect.poll(() => ids(sets).size, { timeout: 20_000 }).toBe(30)
    const [oldest] = messagesOf(sets).sort((a, b) => Number(a.messageTimestamp) - Number(b.messageTimestamp))
    const session = await client.socket.fetchMessageHistory(20, oldest!.key, Number(oldest!.messageTimestamp))
    await expect.poll(() => ids(sets).size, { timeout: 20_000 }).toBe(50)
    const answer = sets.at(-1)
    expect(answer?.syncType).toBe(HistorySyncType.ON_DEMAND)
    expect(answer?.peerDataRequestSessionId).toBe(session)
    expect(violations()).toEqual([])
  })

  it('a message that it has only a placeholder of', async () => {
    const phone = await alice()
    const { client } = await linked(phone)
    const id = await bob.send(phone.jid, { text: 'once more' })
    const { key } = (await client.waitFor(
      () => client.readable.find(each => each.key.id === id),
      'message',
    )) as WAMessage
    await client.socket.requestPlaceholderResend(key as WAMessageKey)
    const again = () => client.readable.filter(each => each.key.id === id).length > 1
    await client.waitFor(again, 'resent message')
    expect(violations()).toEqual([])
  })

  it('a file that is gone from the media host', async () => {
    const phone = await alice()
    const { client } = await linked(phone)
    const id = await bob.send(phone.jid, { media: 'document', file: PLAIN })
    const message = (await client.waitFor(() => client.readable.find(each => each.key.id === id), 'file')) as WAMessage
    const first = message.message?.documentMessage?.directPath ?? ''
    wa.media.expire(first, 410)
    const updated = await client.socket.updateMediaMessage(message)
    expect(updated.message?.documentMessage?.directPath).not.toBe(first)
    const content = await downloadMediaMessage(updated, 'buffer', { options: baileysMediaConfig(wa).options })
    expect(content.equals(PLAIN)).toBe(true)
    phone.mediaRetry.answer = 'not-found'
    await expect(client.socket.updateMediaMessage(message)).rejects.toThrow()
    expect(violations()).toEqual([])
  })
})
