import { connectRemote } from '@kurir/remote'
import type { Phone } from '@kurir/simulator'
import type { WAMessage } from 'kurir'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rejection, textOf } from './support/kurir-client.js'
import { GatewayScene, ownToken, textsOf, until } from './support/socket-mode.js'
import { worldForEachTest } from './support/world.js'

describe('socket mode', () => {
  const world = worldForEachTest()
  let scene: GatewayScene
  let owner: Phone
  let friend: Phone
  beforeEach(async () => {
    owner = await world().phone('Owner')
    friend = await world().phone('Friend')
    scene = await new GatewayScene(world().service).start()
    await scene.link(owner)
  })
  afterEach(() => scene.end())

  const send = async (texts: readonly string[]) => {
    for (const text of texts) await friend.send(owner.jid, { text })
  }

  it('a program that comes back gets what it missed, in order and unmarked', async () => {
    const first = await scene.attach()
    const before = textsOf(first)
    await send(['before'])
    await until(() => before.includes('before'), 'before')
    await first.end(undefined)
    await send(['one', 'two', 'three'])
    const second = await scene.attach()
    const messages: WAMessage[] = []
    second.ev.on('messages.upsert', upsert => {
      messages.push(...upsert.messages)
    })
    await until(() => messages.filter(textOf).length >= 3, 'what was missed')
    expect(messages.map(textOf)).toEqual(['one', 'two', 'three'])
    expect(messages.map(({ redelivered }) => redelivered)).toEqual([undefined, undefined, undefined])
    expect(before.filter(text => text !== 'before')).toEqual([])
  })

  it('what a program had in its hands comes again, marked', async () => {
    const first = await scene.attach()
    const begun: string[] = []
    first.ev.process(async events => {
      for (const message of events['messages.upsert']?.messages ?? []) begun.push(textOf(message) ?? '')
      if (begun.includes('hold')) await new Promise(() => {})
    })
    await send(['hold', 'behind it'])
    await until(() => begun.includes('hold'), 'the first text')
    void first.end(undefined)
    const second = await scene.attach()
    const seen: [string | undefined, number | undefined][] = []
    second.ev.process(events => {
      for (const message of events['messages.upsert']?.messages ?? []) {
        if (textOf(message)) seen.push([textOf(message), message.redelivered])
      }
    })
    await until(() => seen.length >= 2, 'both texts')
    expect(seen[0]).toEqual(['hold', 1])
    expect(seen[1]?.[0]).toBe('behind it')
  })

  it('the gateway restarts, and the same socket goes on', async () => {
    const sock = await scene.attach()
    const texts = textsOf(sock)
    const states: (string | undefined)[] = []
    sock.ev.on('connection.update', ({ connection }) => {
      states.push(connection)
    })
    await send(['before'])
    await until(() => texts.includes('before'), 'before')
    const { url } = scene.gateway
    await scene.gateway.close()
    await send(['meanwhile'])
    const late = sock.sendMessage(friend.jid, { text: 'asked while it was away' })
    await scene.start({ port: Number(new URL(url).port) })
    await until(() => texts.includes('meanwhile'), 'meanwhile')
    const sent = await late
    expect((await friend.waitForMessage(({ text }) => text === 'asked while it was away')).id).toBe(sent?.key.id)
    await until(() => states.at(-1) === 'open', 'open again')
    expect(texts).toEqual(['before', 'meanwhile'])
  })

  it('several programs of one name share the chats; others get everything', async () => {
    const others = await Promise.all(['Third', 'Fourth', 'Fifth'].map(name => world().phone(name)))
    const sharing = [await scene.attach({ name: 'shared' }), await scene.attach({ name: 'shared' })] as const
    const alone = textsOf(await scene.attach({ name: 'alone' }))
    const shared = sharing.map(textsOf)
    const all: string[] = []
    await Promise.all(
      [friend, ...others].map(async (phone, index) => {
        for (let number = 0; number < 10; number += 1) {
          const text = `${index}.${number}`
          all.push(text)
          await phone.send(owner.jid, { text })
        }
      }),
    )
    await until(() => shared.flat().length >= all.length && alone.length >= all.length, 'all texts')
    expect([...shared.flat()].sort()).toEqual([...all].sort())
    expect([...alone].sort()).toEqual([...all].sort())
    for (const chat of ['0', '1', '2', '3']) {
      expect(alone.filter(text => text.startsWith(chat))).toEqual(all.filter(text => text.startsWith(chat)).sort())
    }
  })

  it('a handler that fails gets the event again, and at last it goes to the dead letters', {
    timeout: 120_000,
  }, async () => {
    await scene.end()
    scene = await new GatewayScene(world().service).start({ random: () => 0, schedule: soon })
    await scene.link(await world().phone('Second owner'))
    const target = scene.gateway.sessions.get('main').view.credentials['me'] as { id: string }
    const sock = await scene.attach()
    const seen: string[] = []
    sock.ev.process(async events => {
      for (const message of events['messages.upsert']?.messages ?? []) {
        const text = textOf(message)
        if (!text) continue
        seen.push(`${text} ${message.redelivered ?? 0}`)
        if (text === 'poison') throw new Error('cannot handle this')
      }
    })
    const jid = `${target.id.split(':')[0]}@s.whatsapp.net`
    for (const text of ['poison', 'after it']) await friend.send(jid, { text })
    await until(() => seen.includes('after it 0'), 'the text behind')
    expect(seen).toEqual(['poison 0', 'poison 1', 'poison 2', 'poison 3', 'poison 4', 'after it 0'])
    const { letters } = await scene.store.deadLetters.list('main', { consumer: 'test' })
    expect(letters).toHaveLength(1)
    expect(JSON.stringify(letters)).toContain('cannot handle this')
  })

  it('a call is given up by its signal, its deadline, and its key is used once', async () => {
    const sock = await scene.attach()
    const controller = new AbortController()
    const slow = { text: 'x' }
    await scene.gateway.sessions.get('main').session.stop()
    const aborted = rejection(sock.link.call('sendMessage', [friend.jid, slow], { signal: controller.signal }))
    controller.abort()
    expect((await aborted).code).toMatch(/aborted|session-not-open/)
    expect(await rejection(sock.link.call('fetchBlocklist', []))).toMatchObject({
      code: 'session-not-open',
      retryable: false,
    })
    await scene.gateway.sessions.start('main')
    const key = 'one key'
    const [first, second] = (await Promise.all([
      sock.link.call('sendMessage', [friend.jid, { text: 'keyed' }], { key }),
      sock.link.call('sendMessage', [friend.jid, { text: 'keyed' }], { key }),
    ])) as [WAMessage, WAMessage]
    expect(second.key.id).toBe(first.key.id)
    const other = sock.link.call('sendMessage', [friend.jid, { text: 'something else' }], { key })
    expect(await rejection(other)).toMatchObject({ code: 'idempotency-conflict' })
    await friend.waitForMessage(({ text }) => text === 'keyed')
  })

  it('tells why a session is not connected', async () => {
    const sock = await scene.attach()
    expect(sock.link.view.explanation).toBe('')
    await scene.gateway.sessions.stop('main')
    await until(() => sock.link.view.state === 'stopped', 'stopped')
    expect(sock.link.view).toMatchObject({ connection: 'close', explanation: 'The session was stopped. Start it.' })
  })

  it('logging out ends the session for good', async () => {
    const sock = await scene.attach()
    await sock.logout()
    await until(() => sock.link.view.state === 'logged-out', 'the end')
    expect(sock.link.view.explanation).toContain('link it')
    const refusal = await rejection(sock.sendMessage(friend.jid, { text: 'x' }))
    expect(refusal).toMatchObject({ code: 'session-not-open', retryable: false })
  })

  it('links by a code, asked for through the gateway', async () => {
    const third = await world().phone('Third')
    await scene.gateway.sessions.start('second')
    const sock = await scene.attach({ session: 'second' })
    const code = await sock.requestPairingCode(third.number)
    await third.enterPairingCode(code)
    await sock.waitForConnectionUpdate(async ({ connection }) => connection === 'open')
    expect(sock.user?.id).toContain(third.number)
  })

  it('a program that only sends takes no events away', async () => {
    const sender = await scene.attach({ name: 'shared' })
    await sender.sendMessage(friend.jid, { text: 'hello' })
    const listener = textsOf(await scene.attach({ name: 'shared' }))
    await send(['one', 'two'])
    await until(() => listener.length === 2, 'both texts')
  })

  describe('who may not', () => {
    const attach = (options: object) =>
      rejection(connectRemote({ url: scene.gateway.url, token: ownToken, ...options }))
    const keyed = async (...scopes: string[]) => (await scene.store.apiKeys.create({ name: 'k', scopes })).token

    it.each([
      ['no token that is known', { token: 'wrong' }, { code: 'unauthorized', retryable: false }],
      ['no session', { session: 'nowhere' }, { code: 'session-not-found' }],
    ])('%s', async (_, options, refusal) => {
      expect(await attach(options)).toMatchObject(refusal)
    })

    it('no token at all', async () => {
      expect(await attach({ token: '' })).toMatchObject({ code: 'invalid-config' })
    })

    it('another session', async () => {
      const token = await keyed('other:*')
      expect(await attach({ token })).toMatchObject({ code: 'forbidden', output: { statusCode: 403 } })
      expect(await attach({ token, session: 'nowhere' })).toMatchObject({ code: 'forbidden' })
    })

    it('another verb', async () => {
      const sock = await scene.attach({ token: await keyed('main:read') })
      expect(await sock.fetchBlocklist()).toEqual([])
      for (const call of [
        sock.sendMessage(friend.jid, { text: 'x' }),
        sock.logout(),
        sock.updateProfileStatus('x'),
        sock.query({ tag: 'iq', attrs: {} }),
      ]) {
        expect(await rejection(call)).toMatchObject({ code: 'forbidden' })
      }
    })

    it('events without read', async () => {
      const sock = await scene.attach({ token: await keyed('main:send') })
      const texts = textsOf(sock)
      await send(['secret'])
      await sock.sendMessage(friend.jid, { text: 'marker' })
      await friend.waitForMessage(({ text }) => text === 'marker')
      expect(texts).toEqual([])
    })

    it('the QR without admin', async () => {
      await scene.gateway.sessions.start('second')
      const [all, some] = [
        await scene.attach({ session: 'second' }),
        await scene.attach({ session: 'second', token: await keyed('second:read', 'second:send', 'second:manage') }),
      ]
      await until(() => all.link.view.qr !== undefined && some.link.view.state === 'pairing', 'the QR')
      expect(some.link.view.qr).toBeUndefined()
    })

    it('files of the gateway, private networks, functions', async () => {
      const sock = await scene.attach()
      const url = { image: { url: new URL('http://127.0.0.1:1/secret') } }
      expect(await rejection(sock.sendMessage(friend.jid, url))).toMatchObject({ code: 'private-address-refused' })
      const options = { allowPrivateAddresses: true } as object
      expect(await rejection(sock.sendMessage(friend.jid, url, options))).toMatchObject({ code: 'argument-refused' })
      const raw = [friend.jid, { document: { url: '/etc/passwd', mimetype: 'x' }, mimetype: 'text/plain' }]
      expect(await rejection(sock.link.call('sendMessage', raw))).toMatchObject({ code: 'argument-refused' })
      const given = { text: 'x', edit: () => {} } as never
      expect(await rejection(sock.sendMessage(friend.jid, given))).toMatchObject({ code: 'not-serialisable' })
      expect(() => sock.signalRepository).toThrow(expect.objectContaining({ code: 'not-available-remotely' }))
      expect(() => sock.authState.creds.noiseKey).toThrow(expect.objectContaining({ code: 'not-available-remotely' }))
    })
  })

  it('a gateway that is not there is told within the time, with what to check', async () => {
    const refusal = await rejection(
      connectRemote({ url: 'http://127.0.0.1:9', token: ownToken, connectTimeoutMs: 300 }),
    )
    expect(refusal).toMatchObject({ code: 'gateway-unreachable', retryable: true })
    expect(refusal.message).toContain('KURIR_URL')
  })

  it('a port that is taken is told, with what to do', async () => {
    const port = Number(new URL(scene.gateway.url).port)
    const other = new GatewayScene(world().service)
    expect(await rejection(other.start({ port }))).toMatchObject({ code: 'port-in-use', data: { port } })
    await other.store.close()
  })

  it('no secret is in logs, events or errors', async () => {
    const sock = await scene.attach()
    const texts = textsOf(sock)
    await send(['hello'])
    await until(() => texts.includes('hello'), 'hello')
    await rejection(sock.sendMessage('nobody', { text: 'x' }))
    await rejection(connectRemote({ url: scene.gateway.url, token: 'a wrong token' }))
    const { creds } = (await scene.store.auth('main')).state
    const secrets = [
      creds.noiseKey.private,
      creds.signedIdentityKey.private,
      creds.signedPreKey.keyPair.private,
    ].flatMap(key => [Buffer.from(key).toString('base64'), Buffer.from(key).toString('hex')])
    const { events } = await scene.store.events.read('main', {})
    const told = JSON.stringify([scene.log.entries, events, sock.link.view])
    for (const secret of [...secrets, creds.advSecretKey, ownToken, 'a wrong token']) expect(told).not.toContain(secret)
  })
})

/** Pauses that are over at once, so that retries need no waiting; deadlines stay. */
const soon = (task: () => void, milliseconds: number) => {
  const timer = setTimeout(task, milliseconds <= 30_000 ? 1 : milliseconds)
  return () => clearTimeout(timer)
}
