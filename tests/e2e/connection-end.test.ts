import { type BinaryNode, DisconnectReason, KurirError, makeMemoryAuthState } from 'kurir'
import { describe, expect, it } from 'vitest'
import { rejection } from './support/kurir-client.js'
import type { Script } from './support/scripted-service.js'
import { node, scriptedServices } from './support/scripted-services.js'
import { worldForEachTest } from './support/world.js'

const { clientOf, scripted } = scriptedServices()

const question = (): BinaryNode => node('iq', { to: '@s.whatsapp.net', type: 'get', xmlns: 'riddle' })
/** Answers everything but {@link question}. */
const unanswered: Script = { answer: request => (request.attrs['xmlns'] === 'riddle' ? null : undefined) }

describe('stream errors (docs/protocol/01 §5.5, column Kurir)', () => {
  const conflict = (type: string) => [node('conflict', { type })]
  const cases: [what: string, stanza: BinaryNode, statusCode: number, code: string, retryable: boolean][] = [
    ['515', node('stream:error', { code: '515' }), DisconnectReason.restartRequired, 'restart-required', true],
    ['516', node('stream:error', { code: '516' }), DisconnectReason.loggedOut, 'logged-out', false],
    ['401', node('stream:error', { code: '401' }), DisconnectReason.loggedOut, 'logged-out', false],
    [
      '401 device_removed',
      node('stream:error', { code: '401' }, conflict('device_removed')),
      DisconnectReason.loggedOut,
      'logged-out',
      false,
    ],
    [
      'device_removed without code',
      node('stream:error', {}, conflict('device_removed')),
      DisconnectReason.loggedOut,
      'logged-out',
      false,
    ],
    ['replaced', node('stream:error', {}, conflict('replaced')), 440, 'connection-replaced', false],
    ['another conflict', node('stream:error', {}, conflict('mystery')), 440, 'stream-conflict', false],
    ['409', node('stream:error', { code: '409' }), 409, 'connection-replaced', false],
    ['429', node('stream:error', { code: '429' }), 429, 'stream-error', true],
    ['503', node('stream:error', { code: '503' }), DisconnectReason.unavailableService, 'stream-error', true],
    ['500', node('stream:error', { code: '500' }), DisconnectReason.badSession, 'stream-error', true],
    ['no code', node('stream:error', {}, [node('ack', { id: '1', class: 'message' })]), 500, 'stream-error', true],
    ['xml-not-well-formed', node('stream:error', {}, [node('xml-not-well-formed', {})]), 500, 'stream-error', true],
    ['the end of the stream', node('xmlstreamend', {}), DisconnectReason.connectionClosed, 'connection-closed', true],
    [
      'a downgrade',
      node('ib', {}, [node('downgrade_webclient', {})]),
      DisconnectReason.multideviceMismatch,
      'multi-device-mismatch',
      false,
    ],
  ]

  it.each(cases)('%s', async (_what, stanza, statusCode, code, retryable) => {
    const service = await scripted(unanswered)
    const client = await clientOf(service).reconnect()
    const pending = rejection(client.socket.query(question()))
    service.connections[0]?.send(stanza)
    const close = await client.closed()
    expect(close).toMatchObject({ statusCode, code })
    expect(close.error).toMatchObject({ retryable })
    expect(KurirError.is(close.error)).toBe(true)
    // What waited on the connection ends with the same reason.
    expect(await pending).toBe(close.error)
    expect(client.updates.filter(({ connection }) => connection === 'close')).toHaveLength(1)
  })
})

describe('refused logins (docs/protocol/01 §5.7, column Kurir)', () => {
  const cases: [reason: string, code: string, retryable: boolean][] = [
    ['400', 'login-failed', false],
    ['401', 'logged-out', false],
    ['402', 'temporarily-banned', false],
    ['403', 'account-locked', false],
    ['405', 'client-outdated', false],
    ['406', 'logged-out', false],
    ['409', 'bad-user-agent', false],
    ['415', 'login-failed', false],
    ['500', 'login-failed', true],
    ['501', 'login-failed', false],
    ['503', 'service-unavailable', true],
  ]

  it.each(cases)('reason %s', async (reason, code, retryable) => {
    const service = await scripted({ verdict: node('failure', { reason, location: 'x', expire: '60' }) })
    const close = await clientOf(service).connect().closed()
    expect(close).toMatchObject({ statusCode: Number(reason), code, error: { retryable, data: { expire: '60' } } })
  })

  it('shows the text for the user', async () => {
    const attrs = { reason: '403', logout_message_header: 'Locked', logout_message_subtext: 'Ask support' }
    const service = await scripted({ verdict: node('failure', attrs) })
    const close = await clientOf(service).connect().closed()
    expect(close.error?.message).toBe('Locked: Ask support')
  })
})

describe('a service that falls silent (docs/protocol/01 §1.4: every stage has a deadline)', () => {
  it.each([
    ['the WebSocket upgrade', 'upgrade', 'connecting'],
    ['the ServerHello', 'hello', 'handshaking'],
    ['the answer to the login', 'login', 'authenticating'],
  ] as const)('%s never comes: 408', async (_what, silentFrom, stage) => {
    const service = await scripted({ silentFrom })
    const close = await clientOf(service, { config: { connectTimeoutMs: 150 } })
      .connect()
      .closed()
    expect(close).toMatchObject({
      statusCode: DisconnectReason.timedOut,
      code: 'timed-out',
      error: { retryable: true, data: { stage, milliseconds: 150 } },
    })
  })

  it('the answer to <active/> never comes: the deaf connection ends', async () => {
    const service = await scripted({ silentFrom: 'active' })
    const close = await clientOf(service, { config: { defaultQueryTimeoutMs: 150 } })
      .connect()
      .closed()
    expect(close).toMatchObject({
      statusCode: 503,
      code: 'activation-failed',
      error: { retryable: true, cause: { code: 'timed-out', output: { statusCode: 408 } } },
    })
  })

  it('the pairing references never come: 408', async () => {
    const service = await scripted({ silentFrom: 'login' })
    const unpaired = { auth: makeMemoryAuthState().state, config: { connectTimeoutMs: 150 } }
    expect(await clientOf(service, unpaired).connect().closed()).toMatchObject({
      code: 'timed-out',
      error: { data: { stage: 'authenticating' } },
    })
  })
})

describe('queries (docs/protocol/01 §5.2, the rules marked Kurir)', () => {
  it('reject with 408 when no answer comes, never with undefined', async () => {
    const client = await clientOf(await scripted(unanswered)).reconnect()
    const error = await rejection(client.socket.query(question(), 100))
    expect(error).toMatchObject({ code: 'timed-out', output: { statusCode: 408 }, retryable: true })
    expect(error.data).toMatchObject({ stage: 'query', milliseconds: 100 })
  })

  it('use the default deadline of the config when none is given', async () => {
    const client = await clientOf(await scripted(unanswered), { config: { defaultQueryTimeoutMs: 200 } }).reconnect()
    expect(await rejection(client.socket.query(question()))).toMatchObject({ data: { milliseconds: 200 } })
  })

  it('reject at once with the reason when end() is called', async () => {
    const client = await clientOf(await scripted(unanswered)).reconnect()
    const pending = Promise.all([
      rejection(client.socket.query(question())),
      rejection(client.socket.query(question())),
    ])
    await client.socket.end(undefined)
    for (const error of await pending)
      expect(error).toMatchObject({ code: 'connection-closed', output: { statusCode: 428 } })
    expect(await client.closed()).toMatchObject({ code: undefined, error: undefined })
  })

  it('reject with the reason that end() was given', async () => {
    const client = await clientOf(await scripted(unanswered)).reconnect()
    const pending = rejection(client.socket.query(question()))
    const reason = new KurirError('maintenance', 'Going down', { statusCode: 503 })
    expect((await client.end(reason)).error).toBe(reason)
    expect(await pending).toBe(reason)
  })

  it.each([
    ['closes in order', 1000],
    ['cuts the connection', undefined],
  ])('reject with 428 when the server %s', async (_what, closeCode) => {
    const service = await scripted(unanswered)
    const client = await clientOf(service).reconnect()
    const pending = rejection(client.socket.query(question()))
    await service.connections[0]?.stanza(({ attrs }) => attrs['xmlns'] === 'riddle')
    service.connections[0]?.close(closeCode)
    expect(await pending).toMatchObject({ code: 'connection-closed', output: { statusCode: 428 } })
    expect(await client.closed()).toMatchObject({ code: 'connection-closed', statusCode: 428 })
  })

  it('reject with the stream error when the server ends the stream', async () => {
    const service = await scripted(unanswered)
    const client = await clientOf(service).reconnect()
    const pending = rejection(client.socket.query(question()))
    service.connections[0]?.send(node('stream:error', { code: '503' }))
    expect(await pending).toMatchObject({ code: 'stream-error', output: { statusCode: 503 } })
  })

  it('reject with the code and the text of the server', async () => {
    const refuse = (request: BinaryNode) =>
      request.attrs['xmlns'] === 'riddle'
        ? node('iq', { id: request.attrs['id'] ?? '', type: 'error' }, [
            node('error', { code: '429', text: 'rate-overlimit', backoff: '30' }),
          ])
        : undefined
    const client = await clientOf(await scripted({ answer: refuse })).reconnect()
    const error = await rejection(client.socket.query(question()))
    expect(error).toMatchObject({ code: 'server-refused', message: 'rate-overlimit', data: 429, retryable: true })
    expect(error).toMatchObject({ backoffSeconds: 30, output: { statusCode: 429 } })
  })

  it('reject at once on a connection that has ended, as every other sending does', async () => {
    const client = await clientOf(await scripted()).reconnect()
    await client.end()
    const attempts = [
      client.socket.query(question()),
      client.socket.sendNode(question()),
      client.socket.sendRawMessage(Buffer.of(0)),
      client.socket.waitForSocketOpen(),
      client.socket.waitForMessage('x'),
      client.socket.sendMessage('6281110001@s.whatsapp.net', { text: 'late' }),
      client.socket.onWhatsApp('6281110001'),
      client.socket.fetchBlocklist(),
      client.socket.uploadPreKeys(),
    ]
    for (const attempt of attempts) {
      expect(await rejection(attempt)).toMatchObject({ code: 'connection-closed', output: { statusCode: 428 } })
    }
  })

  it('waitForMessage keeps the form of Baileys: undefined when nothing comes, a rejection when the connection ends', async () => {
    const client = await clientOf(await scripted()).reconnect()
    expect(await client.socket.waitForMessage('never', 50)).toBeUndefined()
    const pending = rejection(client.socket.waitForMessage('never'))
    await client.end()
    expect(await pending).toMatchObject({ code: 'connection-closed' })
  })
})

describe('refused upgrades and dead addresses', () => {
  const world = worldForEachTest()

  it.each([503, 429, 405])('HTTP %i is reported as it is', async status => {
    world().service.faults.refuseConnections(status)
    const close = await world().client().connect().closed()
    expect(close).toMatchObject({ code: 'web-socket-failed', statusCode: status, error: { retryable: true } })
  })

  it('nobody listens: 408', async () => {
    const service = await scripted()
    await service.stop()
    const close = await clientOf(service).connect().closed()
    expect(close).toMatchObject({ code: 'web-socket-failed', statusCode: DisconnectReason.connectionLost })
  })
})
