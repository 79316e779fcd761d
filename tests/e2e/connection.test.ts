import { type BinaryNode, useMultiFileAuthState } from 'kurir'
import { describe, expect, it, vi } from 'vitest'
import { linkedAuth } from './support/linked-credentials.js'
import { node, scriptedServices } from './support/scripted-services.js'
import { worldForEachTest } from './support/world.js'

const { atEnd, clientOf, scripted, temporaryFolder } = scriptedServices()

describe('the handshake over several connections (docs/protocol/01 §2.4 to §2.6)', () => {
  it('is the full one first, resumes with IK after that, and falls back to XX when the server has a new key', async () => {
    const auth = linkedAuth()
    const service = await scripted()
    const client = clientOf(service, { auth })
    await client.reconnect()
    expect(service.connections[0]?.handshake).toBe('full')
    expect(auth.creds.serverIdentity?.key).toEqual(Buffer.from(service.serverKey.public))
    await client.end()
    await client.reconnect()
    expect(service.connections[1]?.handshake).toBe('resumed')
    await client.end()
    const moved = await scripted({ root: service.root })
    const elsewhere = clientOf(moved, { auth })
    await elsewhere.reconnect()
    expect(moved.connections[0]?.handshake).toBe('fallback')
    expect(auth.creds.serverIdentity?.key).toEqual(Buffer.from(moved.serverKey.public))
    await elsewhere.end()
    await elsewhere.reconnect()
    expect(moved.connections[1]?.handshake).toBe('resumed')
  })

  it('falls back when the server refuses to resume', async () => {
    const auth = linkedAuth()
    const first = await scripted()
    await (await clientOf(first, { auth }).reconnect()).end()
    const second = await scripted({ root: first.root, serverKey: first.serverKey, resumption: 'refuse' })
    await clientOf(second, { auth }).reconnect()
    expect(second.connections[0]?.handshake).toBe('fallback')
  })

  it('does not resume with a key that was verified against another root', async () => {
    const auth = linkedAuth()
    const first = await scripted()
    await (await clientOf(first, { auth }).reconnect()).end()
    const other = await scripted({ serverKey: first.serverKey })
    await clientOf(other, { auth }).reconnect()
    expect(other.connections[0]?.handshake).toBe('full')
  })

  it('does not resume when the certificates have run out meanwhile', async () => {
    const auth = linkedAuth()
    const service = await scripted()
    await (await clientOf(service, { auth }).reconnect()).end()
    const notAfter = auth.creds.serverIdentity?.notAfter ?? 0
    const close = await clientOf(service, { auth, config: { clock: () => (notAfter + 7 * 86_400) * 1000 } })
      .connect()
      .closed()
    expect(close).toMatchObject({ code: 'noise-certificate-expired', statusCode: 400 })
  })

  it('logs in with the JID of the device and shows the routing info of the last connection', async () => {
    const service = await scripted()
    const client = await clientOf(service).reconnect()
    const [first] = service.connections
    expect(first?.payload).toMatchObject({ device: 1, passive: true })
    expect(String(first?.payload?.username)).toBe('6281110099')
    expect(first?.routingInfo).toBeUndefined()
    const info = { tag: 'routing_info', attrs: {}, content: Buffer.from('08031200', 'hex') }
    first?.send(node('ib', { from: '@s.whatsapp.net' }, [node('edge_routing', {}, [info])]))
    await client.waitFor(() => client.auth.creds.routingInfo, 'routing info')
    await client.end()
    await client.reconnect()
    expect(service.connections[1]?.routingInfo?.toString('hex')).toBe('08031200')
  })
})

describe('life of a connection', () => {
  const world = worldForEachTest()

  it('delivers what waited in order, then says that it is through', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    await bob.send(alice.jid, { text: 'hello' })
    await bot.text('hello')
    await bot.end()
    const texts = Array.from({ length: 150 }, (_, index) => `queued ${index}`)
    for (const text of texts) await bob.send(alice.jid, { text })
    const before = bot.events.length
    await bot.reconnect()
    const since = bot.events.slice(before)
    expect(bot.texts()).toEqual(['hello', ...texts])
    const types = since.flatMap(({ name, data }) =>
      name === 'messages.upsert' ? [(data as { type: string }).type] : [],
    )
    expect(new Set(types)).toEqual(new Set(['append']))
    const lastMessage = since.findLastIndex(({ name }) => name === 'messages.upsert')
    const through = since.findIndex(
      ({ data }) =>
        'receivedPendingNotifications' in (data as object) &&
        (data as { receivedPendingNotifications: boolean }).receivedPendingNotifications,
    )
    expect(lastMessage).toBeLessThan(through)
    await bot.waitFor(() => world().service.unconfirmed(bot.jid) === 0, 'receipts for everything')
    await bob.send(alice.jid, { text: 'live' })
    await bot.text('live')
    const upserts = bot.events.flatMap(({ name, data }) => (name === 'messages.upsert' ? [data] : []))
    expect(upserts.at(-1)).toMatchObject({ type: 'notify' })
  })

  it('keeps its state in a folder over connections of new auth states', async () => {
    const folder = await temporaryFolder()
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const first = await useMultiFileAuthState(folder)
    const bot = await world().linked(alice, { auth: first.state })
    await bob.send(alice.jid, { text: 'before' })
    await bot.text('before')
    await bot.sendText(bob.jid, 'answer')
    await bob.waitForMessage(({ text }) => text === 'answer')
    await bot.end()
    await first.close()
    const second = await useMultiFileAuthState(folder)
    atEnd(() => second.close())
    const again = world().client({ auth: second.state })
    await bob.send(alice.jid, { text: 'meanwhile' })
    await again.reconnect()
    await again.text('meanwhile')
    await again.sendText(bob.jid, 'after')
    await bob.waitForMessage(({ text }) => text === 'after')
    expect(again.unreadable).toEqual([])
    await again.end()
  })

  it('does not hand a message over again whose receipt was lost, also after a restart of the program', async () => {
    const folder = await temporaryFolder()
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const group = await alice.createGroup('Team', [bob.jid])
    const first = await useMultiFileAuthState(folder)
    const bot = await world().linked(alice, { auth: first.state })
    const lost = world().service.faults.add({
      direction: 'from-client',
      match: { tag: 'receipt', device: bot.jid },
      action: { kind: 'drop' },
    })
    await bob.send(alice.jid, { text: 'to you' })
    await bob.send(group, { text: 'to all' })
    await bot.waitFor(() => lost.hits >= 2 && bot.texts().length === 2, 'both, and lost receipts')
    await bot.end()
    await first.close()
    lost.remove()
    const second = await useMultiFileAuthState(folder)
    atEnd(() => second.close())
    expect(second.state.creds).not.toBe(first.state.creds)
    const again = world().client({ auth: second.state })
    await again.reconnect()
    await again.waitFor(() => world().service.unconfirmed(again.jid) === 0, 'receipts for both')
    await bob.send(alice.jid, { text: 'next' })
    await again.text('next')
    expect(again.texts()).toEqual(['next'])
    expect(again.unreadable).toEqual([])
    await again.end()
  })

  it('ends as replaced when the same credentials connect elsewhere', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    const twin = world().client({ auth: bot.auth })
    await twin.reconnect()
    expect(await bot.closed()).toMatchObject({
      code: 'connection-replaced',
      statusCode: 440,
      error: { retryable: false },
    })
    expect(twin.closes).toEqual([])
  })

  it('ends as logged out when the phone removes the device, at the next login too', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    alice.removeDevice(bot.jid)
    expect(await bot.closed()).toMatchObject({ code: 'logged-out', statusCode: 401, error: { retryable: false } })
    expect(await bot.connect().closed()).toMatchObject({ code: 'logged-out', statusCode: 401 })
  })

  it('reports a cut connection as 428 and opens again with the same state', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    world().service.disconnect(bot.jid)
    expect(await bot.closed()).toMatchObject({ code: 'connection-closed', statusCode: 428, error: { retryable: true } })
    await bob.send(alice.jid, { text: 'while away' })
    await bot.reconnect()
    await bot.text('while away')
  })

  it('logs out: the phone loses the device, the connection ends with 401', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    await bot.socket.logout('Bye')
    expect(await bot.closed()).toMatchObject({ code: 'logged-out', statusCode: 401, error: { message: 'Bye' } })
    expect(alice.linkedDevices).toEqual([])
  })

  it('end() closes once, with the reason that was given, and calls the end handlers first', async () => {
    const bot = await world().linked(await world().phone('Alice'))
    const order: string[] = []
    bot.socket.registerSocketEndHandler(async error => void order.push(`handler ${error?.message}`))
    bot.socket.ev.on('connection.update', ({ connection }) => connection === 'close' && order.push('close'))
    await Promise.all([bot.socket.end(new Error('enough')), bot.socket.end(new Error('late'))])
    await bot.closed()
    expect(order).toEqual(['handler enough', 'close'])
    expect(bot.closes.filter(({ error }) => error?.message === 'enough')).toHaveLength(1)
    await vi.waitFor(() => expect(world().service.connectionCount).toBe(0))
  })

  it('can be ended before it is connected, and at every later stage', async () => {
    for (const stage of ['tick', 'connecting', 'web-socket'] as const) {
      const client = world().client().connect()
      if (stage === 'connecting') await client.waitFor(() => client.updates[0], 'connecting')
      if (stage === 'web-socket') await client.socket.waitForSocketOpen()
      expect(await client.end(), stage).toEqual({ code: undefined, statusCode: undefined, error: undefined })
    }
    await vi.waitFor(() => expect(world().service.connectionCount).toBe(0))
  })
})

describe('keep-alive (docs/protocol/01 §5.3, §5.4)', () => {
  it('answers the pings of the server, with the id only when there was one', async () => {
    const service = await scripted()
    await clientOf(service).reconnect()
    const [connection] = service.connections
    connection?.send(node('iq', { from: '@s.whatsapp.net', type: 'get', xmlns: 'urn:xmpp:ping', id: 'p-1' }))
    const answer = await connection?.stanza(({ attrs }) => attrs['id'] === 'p-1')
    expect(answer).toMatchObject({ tag: 'iq', attrs: { type: 'result', to: '@s.whatsapp.net' } })
    connection?.send(node('iq', { from: '@s.whatsapp.net', type: 'get', xmlns: 'urn:xmpp:ping' }))
    const second = await connection?.stanza(({ attrs }) => attrs['type'] === 'result' && attrs['id'] === undefined)
    expect(second?.tag).toBe('iq')
  })

  it('pings when nothing comes, goes on when it is answered, and gives up with 408 when it is not', async () => {
    let alive = true
    const isPing = ({ attrs }: BinaryNode) => attrs['xmlns'] === 'w:p'
    const service = await scripted({ answer: request => (isPing(request) && !alive ? null : undefined) })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const client = await clientOf(service, { config: { clock: () => Date.now() } }).reconnect()
    const [connection] = service.connections
    const pings = () => connection?.stanzas.filter(isPing) ?? []
    const settled = () => client.socket.query(node('iq', { to: '@s.whatsapp.net', type: 'get', xmlns: 'settle' }))
    // The last that a login asks by itself: what came later would count as a sign of life.
    await connection?.stanza(({ content }) => Array.isArray(content) && content[0]?.tag === 'digest')
    for (let round = 1; round <= 3; round += 1) {
      await settled()
      await vi.advanceTimersByTimeAsync(30_000)
      await connection?.stanza(() => pings().length === round)
      await new Promise(resolve => client.socket.ws.once(`TAG:${pings().at(-1)?.attrs['id']}`, resolve))
    }
    alive = false
    await settled()
    await vi.advanceTimersByTimeAsync(30_000)
    await connection?.stanza(() => pings().length === 4)
    await vi.advanceTimersByTimeAsync(4_900)
    expect(client.closes).toEqual([])
    await vi.advanceTimersByTimeAsync(100)
    expect(await client.closed()).toMatchObject({
      code: 'connection-lost',
      statusCode: 408,
      error: { retryable: true },
    })
  })
})
