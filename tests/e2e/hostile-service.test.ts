import type { CertificateDefect, FrameFault } from '@kurir/simulator'
import { type BinaryNode, makeMemoryAuthState } from 'kurir'
import { encodeBinaryNode } from 'kurir/binary'
import { describe, expect, it, vi } from 'vitest'
import { rejection } from './support/kurir-client.js'
import { linkedAuth } from './support/linked-credentials.js'
import { node, scriptedServices } from './support/scripted-services.js'
import { worldForEachTest } from './support/world.js'

const { clientOf, scripted } = scriptedServices()

describe('a wrong Noise certificate (docs/protocol/01 §2.8: every row is checked)', () => {
  const world = worldForEachTest()
  const cases: [CertificateDefect, code: string, certificate: string][] = [
    ['foreign-root', 'noise-certificate-untrusted', 'intermediate'],
    ['wrong-intermediate-issuer', 'noise-certificate-issuer-mismatch', 'intermediate'],
    ['wrong-leaf-issuer', 'noise-certificate-issuer-mismatch', 'leaf'],
    ['wrong-leaf-key', 'noise-certificate-key-mismatch', 'leaf'],
    ['forged-leaf-signature', 'noise-certificate-signature-invalid', 'leaf'],
    ['short-signature', 'noise-certificate-signature-length', 'leaf'],
    ['expired', 'noise-certificate-expired', 'intermediate'],
    ['not-yet-valid', 'noise-certificate-not-yet-valid', 'intermediate'],
    ['garbage', 'noise-certificate-malformed', 'leaf'],
  ]

  it.each(cases)('%s: refused, nothing of the client is shown', async (certificate, code, which) => {
    const { service } = world()
    service.faults.setTransport({ certificate })
    const client = world().client().connect()
    const close = await client.closed()
    expect(close).toMatchObject({ code, statusCode: 400, error: { retryable: false, data: { certificate: which } } })
    expect(client.qrs).toEqual([])
  })

  it.each(cases)(
    '%s: refused at a login that should have resumed, and the known key stays',
    async (certificate, code) => {
      const client = await world().linked(await world().phone('Alice'))
      await client.end()
      const known = client.auth.creds.serverIdentity
      world().service.faults.setTransport({ certificate, refuseResumption: true })
      expect(await client.connect().closed()).toMatchObject({ code, statusCode: 400 })
      expect(client.auth.creds.serverIdentity).toEqual(known)
      world().service.faults.clear()
      await client.reconnect()
    },
  )
})

describe('an impostor', () => {
  const world = worldForEachTest()

  it('cannot take over a resumption', async () => {
    const client = await world().linked(await world().phone('Alice'))
    await client.end()
    const impostor = await scripted()
    const deceived = clientOf(impostor, { auth: client.auth })
    deceived.connect({ noiseRoot: world().service.noiseRoot })
    expect(await deceived.closed()).toMatchObject({ code: 'noise-certificate-untrusted' })
    expect(impostor.connections[0]?.payload).toBeUndefined()
  })

  it('cannot answer a resumption without the key', async () => {
    const auth = linkedAuth()
    const honest = await scripted()
    await (await clientOf(honest, { auth }).reconnect()).end()
    const impostor = await scripted({ root: honest.root, hello: 'resumed-without-key' })
    expect(await clientOf(impostor, { auth }).connect().closed()).toMatchObject({ code: 'mac-mismatch' })
  })

  it.each([
    ['garbage', 'noise-handshake-malformed'],
    ['empty', 'noise-frame-empty'],
    ['oversized', 'noise-frame-too-large'],
  ] as const)('is refused when its hello is %s', async (hello, code) => {
    const service = await scripted({ hello })
    expect(await clientOf(service).connect().closed()).toMatchObject({ code })
  })
})

describe('a forged grant at pairing (docs/protocol/01 §6.5)', () => {
  const world = worldForEachTest()

  it.each([
    ['hmac', 'pairing-hmac-mismatch', 'hmac-mismatch'],
    ['account-signature', 'pairing-account-signature-invalid', 'signature-mismatch'],
  ] as const)('wrong %s: refused, the service is told why, nothing is stored', async (forge, code, text) => {
    const alice = await world().phone('Alice')
    const bot = world().client().connect()
    const secret = bot.auth.creds.advSecretKey
    expect(await rejection(alice.scan(await bot.qr(), { forge }))).toMatchObject({
      code: 'pairing-refused',
      data: { code: '401', text },
    })
    expect(await bot.closed()).toMatchObject({ code, statusCode: 401, error: { retryable: false } })
    const { me, account, advSecretKey } = bot.auth.creds
    expect({ me, account, advSecretKey }).toEqual({ me: undefined, account: undefined, advSecretKey: secret })
    expect(bot.updates.some(({ isNewLogin }) => isNewLogin)).toBe(false)
    // The same credentials can still be linked by the real phone.
    bot.connect()
    await alice.scan(await bot.qr())
    expect(await bot.closed()).toMatchObject({ code: 'restart-required' })
  })

  it.each([
    ['without identity', [node('device', { jid: '628:1@s.whatsapp.net', lid: '1:1@lid' })], 'pairing-incomplete'],
    ['without device', [node('device-identity', {}, Buffer.alloc(80, 1))], 'pairing-incomplete'],
    [
      'with garbage',
      [
        node('device-identity', {}, Buffer.alloc(80, 0xff)),
        node('device', { jid: '628:1@s.whatsapp.net', lid: '1:1@lid' }),
      ],
      'invalid-protobuf',
    ],
  ] as const)('a pair-success %s: refused', async (_what, content, code) => {
    const refs = [node('ref', {}, Buffer.from('2@ref'))]
    const verdict = node('iq', { type: 'set', xmlns: 'md', id: '1', from: '@s.whatsapp.net' }, [
      node('pair-device', {}, refs),
    ])
    const service = await scripted({ verdict })
    const bot = clientOf(service, { auth: makeMemoryAuthState().state }).connect()
    await bot.qr()
    const [connection] = service.connections
    connection?.send(node('iq', { type: 'set', xmlns: 'md', id: '2' }, [node('pair-success', {}, [...content])]))
    expect(await connection?.stanza(({ attrs }) => attrs['id'] === '2')).toMatchObject({
      attrs: { type: 'error' },
      content: [{ tag: 'error', attrs: { code: '500', text: 'internal-error' } }],
    })
    expect(await bot.closed()).toMatchObject({ code })
    expect(bot.auth.creds.me).toBeUndefined()
  })
})

describe('disturbed frames', () => {
  const world = worldForEachTest()

  it.each<[FrameFault, code: string]>([
    ['altered', 'mac-mismatch'],
    ['replayed', 'mac-mismatch'],
    ['lost', 'mac-mismatch'],
  ])('%s: the stream ends with a typed error and goes on after a reconnect, without loss', async (fault, code) => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    await bob.send(alice.jid, { text: 'before' })
    await bot.text('before')
    const before = bot.closes.length
    world().service.faults.disturbFrame(fault, bot.jid)
    await bob.send(alice.jid, { text: 'during' })
    await bob.send(alice.jid, { text: 'behind' })
    await bot.waitFor(() => bot.closes[before], 'close')
    expect(bot.closes[before]).toMatchObject({ code, statusCode: 400 })
    await bot.reconnect()
    await bot.text('behind')
    expect(bot.texts().sort()).toEqual(['before', 'behind', 'during'])
  })

  it('an unfinished giant frame does not keep a dead connection alive', async () => {
    const service = await scripted()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const client = await clientOf(service, { config: { clock: () => Date.now() } }).reconnect()
    await client.socket.query(node('iq', { to: '@s.whatsapp.net', type: 'get', xmlns: 'settle' }))
    const [connection] = service.connections
    connection?.sendBytes(Buffer.concat([Buffer.of(0xff, 0xff, 0xff), Buffer.alloc(64 * 1024)]))
    await vi.advanceTimersByTimeAsync(30_000)
    // The answer to the ping disappears in the frame that never ends.
    await connection?.stanza(({ attrs }) => attrs['xmlns'] === 'w:p')
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await client.closed()).toMatchObject({ code: 'connection-lost', statusCode: 408 })
  })

  it('a WebSocket message beyond any frame: refused', async () => {
    const service = await scripted()
    const client = await clientOf(service).reconnect()
    service.connections[0]?.sendBytes(Buffer.alloc(18 * 1024 * 1024))
    expect(await client.closed()).toMatchObject({ code: 'web-socket-failed', error: { message: /payload size/i } })
  })
})

describe('stanzas that cannot be read (docs/protocol/01 §4.9: the stream goes on)', () => {
  const world = worldForEachTest()

  it('a compressed bomb is refused by name', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    world().service.faults.disturbFrame('bomb', bot.jid)
    await bob.send(alice.jid, { text: 'in the frame of the bomb' })
    await bot.logged('inflated-frame-too-large')
    await bob.send(alice.jid, { text: 'after the bomb' })
    await bot.text('after the bomb')
    await bot.end()
    await bot.reconnect()
    expect(await bot.text('in the frame of the bomb')).toBeDefined()
  })

  it.each([
    ['empty', Buffer.alloc(0)],
    ['no list', Buffer.of(0, 0xff, 0x01, 0x02)],
    ['truncated', Buffer.of(0, 0xf8, 0x03, 0x0a)],
    ['badly compressed', Buffer.of(2, 1, 2, 3, 4, 5)],
    [
      'too deep',
      Buffer.concat([
        Buffer.of(0),
        ...Array.from({ length: 70 }, () => Buffer.of(0xf8, 2, 5, 0xf8, 1)),
        Buffer.of(0xf8, 1, 5),
      ]),
    ],
    ['a token where none is', Buffer.of(0, 0xf8, 0x01, 0xf3)],
  ])('%s: dropped and logged', async (_what, plaintext) => {
    const service = await scripted()
    const client = await clientOf(service).reconnect()
    const [connection] = service.connections
    connection?.sendPlaintext(plaintext)
    connection?.send(node('iq', { from: '@s.whatsapp.net', type: 'get', xmlns: 'urn:xmpp:ping', id: 'still-there' }))
    await connection?.stanza(({ attrs }) => attrs['id'] === 'still-there')
    const [entry] = client.log.entries.filter(({ message }) => message.includes('does not decode'))
    expect(entry?.code).toMatch(/^(invalid-node|node-too-deep)$/)
    expect(client.closes).toEqual([])
  })

  const strange: [what: string, stanza: BinaryNode][] = [
    ['message without attributes', node('message', {})],
    ['message without content', node('message', { id: 'x', from: '1@s.whatsapp.net', t: '1', type: 'text' })],
    ['message from nonsense', node('message', { id: 'x', from: '@@@', t: 'never', type: 'text' }, [node('enc', {})])],
    [
      'message with text for ciphertext',
      node('message', { id: 'x', from: '1@lid', t: '1' }, [node('enc', { type: 'msg' }, 'abc')]),
    ],
    [
      'message with nodes for ciphertext',
      node('message', { id: 'x', from: '1@lid', t: '1' }, [node('enc', { type: 'pkmsg' }, [node('a', {})])]),
    ],
    ['receipt without attributes', node('receipt', {})],
    ['retry receipt without retry', node('receipt', { id: 'x', from: '1@lid', type: 'retry' })],
    [
      'retry receipt with broken keys',
      node('receipt', { id: 'x', from: '1@lid', type: 'retry' }, [
        node('retry', { count: '2', id: 'x', t: '1' }),
        node('keys', {}, [node('key', {})]),
      ]),
    ],
    ['notification without attributes', node('notification', {})],
    [
      'prekey notification without a number',
      node('notification', { id: 'x', from: '@s.whatsapp.net', type: 'encrypt' }, [node('count', { value: 'many' })]),
    ],
    [
      'device notification with nonsense',
      node('notification', { id: 'x', from: '1@lid', type: 'devices' }, [
        node('add', {}, [node('device', { jid: 'x' })]),
      ]),
    ],
    [
      'account sync with nonsense',
      node('notification', { id: 'x', from: '1@lid', type: 'account_sync' }, [node('devices', {}, 'text')]),
    ],
    [
      'link code outside of a pairing',
      node('notification', { id: 'x', from: '@s.whatsapp.net', type: 'link_code_companion_reg' }, [
        node('link_code_companion_reg', { stage: 'primary_hello' }),
      ]),
    ],
    ['pair-device on a linked device', node('iq', { id: 'x', type: 'set' }, [node('pair-device', {})])],
    ['pair-success on a linked device', node('iq', { id: 'x', type: 'set' }, [node('pair-success', {})])],
    ['ack without attributes', node('ack', {})],
    ['ack of a message that nobody sent', node('ack', { class: 'message', id: 'x', from: '1@lid', error: 'teapot' })],
    ['presence without attributes', node('presence', {})],
    ['chatstate without content', node('chatstate', { from: '1@lid' })],
    ['call without attributes', node('call', {})],
    ['ib without content', node('ib', {})],
    [
      'ib with broken routing',
      node('ib', {}, [node('edge_routing', {}, [node('routing_info', {}, Buffer.alloc(5000))])]),
    ],
    ['second success', node('success', { t: 'x' })],
    ['unknown tag', node('surprise', { id: 'x' })],
  ]

  it.each(strange)('%s: the connection goes on', async (_what, stanza) => {
    const service = await scripted()
    const client = await clientOf(service).reconnect()
    const [connection] = service.connections
    connection?.send(stanza)
    connection?.send(node('iq', { from: '@s.whatsapp.net', type: 'get', xmlns: 'urn:xmpp:ping', id: 'still-there' }))
    await connection?.stanza(({ attrs }) => attrs['id'] === 'still-there')
    await client.socket.query(node('iq', { to: '@s.whatsapp.net', type: 'get', xmlns: 'settle' }))
    expect(client.closes).toEqual([])
    for (const { code, message, fields } of client.log.entries)
      expect(code ?? fields['err'], message).not.toBeInstanceOf(TypeError)
  })

  it('everything strange at once, cut into single bytes', async () => {
    const service = await scripted()
    const client = await clientOf(service).reconnect()
    const [connection] = service.connections
    const frames = strange.map(([, stanza]) => connection?.cipher.encrypt(encodeBinaryNode(stanza)) ?? Buffer.alloc(0))
    for (const byte of Buffer.concat(frames)) connection?.sendBytes(Buffer.of(byte))
    connection?.send(node('iq', { from: '@s.whatsapp.net', type: 'get', xmlns: 'urn:xmpp:ping', id: 'still-there' }))
    await connection?.stanza(({ attrs }) => attrs['id'] === 'still-there')
    expect(client.closes).toEqual([])
  })
})
