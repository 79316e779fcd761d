import type { Phone } from '@kurir/simulator'
import type { BaileysEventMap, proto, UserFacingSocketConfig, WAMessage } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { type World, worldForEachTest } from './support/world.js'

type HistorySet = BaileysEventMap['messaging-history.set']

const eventsOf = <Name extends keyof BaileysEventMap>(client: KurirClient, name: Name): BaileysEventMap[Name][] =>
  client.events.flatMap(event => (event.name === name ? [event.data as BaileysEventMap[Name]] : []))
const sets = (client: KurirClient): HistorySet[] => eventsOf(client, 'messaging-history.set')
const messagesOf = (history: readonly HistorySet[]): WAMessage[] => history.flatMap(({ messages }) => messages)
const ids = (messages: readonly WAMessage[]): string[] => messages.map(({ key }) => `${key.remoteJid} ${key.id}`)

const onMediaHost = (world: World): Partial<UserFacingSocketConfig> => ({
  mediaOrigins: [world.service.media.plainOrigin],
})

const linked = (world: World, phone: Phone, config: Partial<UserFacingSocketConfig> = {}) =>
  world.linked(phone, { config: { ...onMediaHost(world), ...config } })

const complete = (client: KurirClient) =>
  client.waitFor(
    () =>
      eventsOf(client, 'messaging-history.status').some(
        ({ syncType, status }) => syncType === 3 && status === 'complete',
      ),
    'recent history',
  )

/** Pieces that were announced and are not taken in yet. */
const waiting = async ({ auth }: KurirClient): Promise<number> =>
  (await auth.keys.get('history-sync', ['pending'])).pending?.waiting.length ?? 0

const invented = { chats: 12, messagesPerChat: 30, groups: 0.25, statuses: 3 }

describe('history after linking (docs/protocol/03, 9)', () => {
  const world = worldForEachTest()

  it('comes complete and in order, inline and from the media host', async () => {
    const alice = await world().phone('Alice', { history: { invented, inline: true, messagesPerChunk: 100 } })
    const bot = await linked(world(), alice)
    await complete(bot)
    const history = sets(bot)
    const recent = messagesOf(history)
    expect(new Set(ids(recent)).size).toBe(invented.chats * invented.messagesPerChat)
    expect(history.filter(({ isLatest }) => isLatest === true)).toHaveLength(1)
    expect(history.flatMap(({ contacts }) => contacts).some(({ notify }) => notify)).toBe(true)
    // Every piece is noted as processed, and none is left.
    expect(bot.auth.creds.processedHistoryMessages.length).toBeGreaterThan(2)
    while ((await waiting(bot)) > 0) await new Promise(resolve => setImmediate(resolve))
  })

  it('may come backwards and twice', async () => {
    const options = { invented, order: 'reversed', twice: true, messagesPerChunk: 100 } as const
    const alice = await world().phone('Alice', { history: options })
    const bot = await linked(world(), alice)
    await complete(bot)
    await bot.waitFor(
      () => new Set(ids(messagesOf(sets(bot)))).size === invented.chats * invented.messagesPerChat,
      'all messages',
    )
  })

  it('goes on after a crash in the middle', async () => {
    const alice = await world().phone('Alice', { history: { invented, messagesPerChunk: 50 } })
    const bot = await linked(world(), alice, { mediaOrigins: ['http://127.0.0.1:9'] })
    while ((await waiting(bot)) < 3) await new Promise(resolve => setImmediate(resolve))
    await bot.end()
    await bot.reconnect(onMediaHost(world()))
    await bot.waitFor(
      () => new Set(ids(messagesOf(sets(bot)))).size === invented.chats * invented.messagesPerChat,
      'all messages',
    )
  })

  it('of a kind that the program does not want is confirmed only', async () => {
    const alice = await world().phone('Alice', { history: { invented } })
    const offered: proto.Message.IHistorySyncNotification[] = []
    const confirmed: unknown[] = []
    world().service.onStanza(({ direction, node: { tag, attrs } }) => {
      if (direction === 'from-client' && tag === 'receipt' && attrs['type'] === 'hist_sync') confirmed.push(attrs['id'])
    })
    const bot = await linked(world(), alice, {
      shouldSyncHistoryMessage: notification => {
        // Before any piece comes it is asked whether recent history is wanted at all.
        if (notification.mediaKey ?? notification.initialHistBootstrapInlinePayload) offered.push(notification)
        return false
      },
    })
    const isLast = ({ syncType, progress }: proto.Message.IHistorySyncNotification) =>
      syncType === 3 && progress === 100
    await bot.waitFor(() => offered.some(isLast) && confirmed.length === offered.length, 'the last piece')
    await alice.settled()
    expect(sets(bot)).toEqual([])
    expect(await waiting(bot)).toBe(0)
  })
})

describe('what only the phone has (docs/protocol/03, 4.10 and 9.6)', () => {
  const world = worldForEachTest()

  it('older messages of a chat, on request', async () => {
    const alice = await world().phone('Alice', { history: { invented, recentMessages: 5 } })
    const bot = await linked(world(), alice)
    await complete(bot)
    const chat = sets(bot)
      .flatMap(({ chats }) => chats)
      .find(({ id }) => id.endsWith('@lid'))
    const known = messagesOf(sets(bot)).filter(({ key }) => key.remoteJid === chat?.id)
    const oldest = known.at(-1)
    if (!oldest) throw new Error('no message')
    const request = await bot.socket.fetchMessageHistory(50, oldest.key, Number(oldest.messageTimestamp))
    const answer = await bot.waitFor(
      () => sets(bot).find(({ peerDataRequestSessionId }) => peerDataRequestSessionId === request),
      'older messages',
    )
    expect(answer).toMatchObject({ syncType: 6, isLatest: undefined })
    expect(answer.messages.length).toBeGreaterThan(0)
    expect(ids(answer.messages).filter(id => ids(known).includes(id))).toEqual([])
  })

  it('a message that came without content, asked for by itself', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await linked(world(), alice)
    // The ciphertext stays unreadable, and its sender does not answer.
    const corruption = { tag: 'message', device: bot.jid }
    world().service.faults.add({ direction: 'to-client', match: corruption, times: 1, action: { kind: 'corrupt' } })
    world().service.faults.add({
      direction: 'from-client',
      match: { tag: 'receipt', device: bot.jid, type: 'retry' },
      action: { kind: 'drop' },
    })
    const id = await bob.send(alice.jid, { text: 'only the phone has it' })
    const message = await bot.text('only the phone has it')
    expect(message.key).toMatchObject({ id, fromMe: false })
    const upsert = eventsOf(bot, 'messages.upsert').find(({ requestId }) => requestId !== undefined)
    expect(upsert?.messages[0]?.key.id).toBe(id)
    expect(bot.unreadable).toHaveLength(1)
  })

  /** The next message comes without its ciphertext. */
  const withoutContent = (bot: KurirClient, attrs: Record<string, string>) =>
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: bot.jid },
      times: 1,
      action: { kind: 'alter', alter: node => ({ ...node, content: [{ tag: 'unavailable', attrs }] }) },
    })

  it('a message that was not encrypted for this device, with the request told first', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await linked(world(), alice)
    withoutContent(bot, {})
    const id = await bob.send(alice.jid, { text: 'for the phone only' })
    await bot.text('for the phone only')
    const [placeholder] = bot.unreadable
    expect(placeholder).toMatchObject({ key: { id }, messageStubParameters: ['Message absent from node'] })
    const upsert = eventsOf(bot, 'messages.upsert').find(({ requestId }) => requestId !== undefined)
    const told = eventsOf(bot, 'messages.update').flat()
    // The placeholder learns under which request its content comes.
    expect(told).toContainEqual({
      key: expect.objectContaining({ id }),
      update: { messageStubParameters: ['Message absent from node', upsert?.requestId] },
    })
    // What is known of the message from its stanza stays.
    expect(upsert?.messages[0]).toMatchObject({ pushName: 'Bob', message: { conversation: 'for the phone only' } })
  })

  it('not a view-once message: only the phone may show it', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await linked(world(), alice)
    withoutContent(bot, { type: 'view_once' })
    const id = await bob.send(alice.jid, { text: 'once' })
    const placeholder = await bot.waitFor(() => bot.messages.find(({ key }) => key.id === id), 'placeholder')
    expect(placeholder.key).toMatchObject({ isViewOnce: true, fromMe: false })
    expect(placeholder.message ?? null).toBeNull()
    expect(alice.problems).toEqual([])
  })

  it('a message that the program asks for', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const id = await bob.send(alice.jid, { text: 'before the linking' })
    await alice.waitForMessage(message => message.id === id)
    const bot = await linked(world(), alice, { shouldSyncHistoryMessage: () => false })
    const requestId = await bot.socket.requestPlaceholderResend({ remoteJid: bob.jid, fromMe: false, id })
    await bot.text('before the linking')
    expect(eventsOf(bot, 'messages.upsert').find(upsert => upsert.requestId)).toMatchObject({ requestId })
  })
})
