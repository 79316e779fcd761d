import { once } from 'node:events'
import { connect } from 'node:net'
import { encodeError, features, protocolVersion, wireLimits } from '@kurir/remote/wire'
import { SeededRandom } from '@kurir/simulator'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GatewayScene, ownToken, until } from './support/socket-mode.js'
import { worldForEachTest } from './support/world.js'

/** What a socket brings first under this name. */
const heard = (socket: Socket, name: string): Promise<unknown> => new Promise(resolve => socket.once(name, resolve))

describe('a hostile program', () => {
  const world = worldForEachTest()
  const sockets: Socket[] = []
  let scene: GatewayScene

  beforeEach(async () => {
    scene = await new GatewayScene(world().service).start()
    await scene.gateway.sessions.start('main')
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.disconnect()
    await scene.end()
  })

  /** A socket that says what the test wants it to say. */
  async function raw(auth: object = {}): Promise<Socket> {
    const socket = io(scene.gateway.url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      auth: { protocol: protocolVersion, features, token: ownToken, session: 'main', name: 'raw', ...auth },
    })
    sockets.push(socket)
    await Promise.race([heard(socket, 'hello'), heard(socket, 'connect_error').then(error => Promise.reject(error))])
    return socket
  }

  const refusal = (auth: object) =>
    raw(auth).then(
      () => 'let in',
      error => error.data?.code,
    )

  /** The gateway is there for others, whatever happened. */
  async function stillServes(): Promise<void> {
    const sock = await scene.attach()
    await until(() => sock.link.view.state === 'pairing', 'an answer')
  }

  it.each([
    ['an older protocol', { protocol: 0 }, 'protocol-mismatch'],
    ['no protocol', { protocol: undefined }, 'malformed-frame'],
    ['a token that is no text', { token: { $ne: '' } }, 'malformed-frame'],
    ['a token without end', { token: 'x'.repeat(100_000) }, 'malformed-frame'],
    ['a session that goes up', { session: '../../main' }, 'session-not-found'],
    ['a session of the prototype', { session: '__proto__' }, 'session-not-found'],
    ['no name', { name: '' }, 'malformed-frame'],
  ])('with %s is not let in', async (_, auth, code) => {
    expect(await refusal(auth)).toBe(code)
  })

  it.each([
    ['a call that is none', 'call', 'x'],
    ['a call without end', 'call', { id: 1, method: 'x'.repeat(1000), args: '[]', deadlineMs: 1 }],
    [
      'arguments beyond the limit',
      'call',
      { id: 1, method: 'x', args: ' '.repeat(wireLimits.maxArgumentBytes + 1), deadlineMs: 1 },
    ],
    ['a piece of a stream beyond the limit', 'chunk', { stream: 1, data: Buffer.alloc(wireLimits.chunkBytes + 1) }],
  ])('that sends %s is dismissed', async (_, name, frame) => {
    const socket = await raw()
    const ended = heard(socket, 'disconnect')
    socket.emit(name, frame)
    await ended
    await stillServes()
  })

  it('that sends more than a frame may have is cut off', async () => {
    const socket = await raw()
    const ended = heard(socket, 'disconnect')
    socket.emit('call', { id: 1, method: 'x', args: 'x'.repeat(2 * wireLimits.maxFrameBytes), deadlineMs: 1 })
    await ended
    await stillServes()
  })

  it.each([
    ['no list', '{}'],
    ['no JSON', '{'],
    ['a mark that is not known', '[{"$what":1}]'],
    ['a stream that never comes', '[{"$buffer":7}]'],
    ['a depth that is too great', '['.repeat(5000) + ']'.repeat(5000)],
    ['the prototype', '[{"__proto__":{"then":1}}]'],
  ])('gets an error for arguments that are %s', async (_, args) => {
    const socket = await raw()
    const answered = Promise.race([heard(socket, 'failure'), heard(socket, 'result')])
    socket.emit('call', { id: 1, method: 'sendMessage', args, deadlineMs: 300 })
    if (args.includes('$buffer')) socket.emit('end', { stream: 7, error: JSON.stringify(encodeError(new Error('no'))) })
    expect(JSON.stringify(await answered)).toContain('code')
    await stillServes()
  })

  it('that sends anything at all does not disturb the others', { timeout: 60_000 }, async () => {
    const random = new SeededRandom('fuzz')
    const names = ['call', 'cancel', 'subscribe', 'unsubscribe', 'handled', 'failed', 'chunk', 'end', 'credit', 'hello']
    const values = [
      undefined,
      null,
      -1,
      0,
      1,
      2 ** 60,
      'x',
      '[]',
      '{"$error":',
      [],
      {},
      Buffer.from('x'),
      'sendMessage',
    ]
    const fields = [
      'id',
      'method',
      'args',
      'deadlineMs',
      'key',
      'subscription',
      'name',
      'credit',
      'run',
      'cursor',
      'error',
      'stream',
      'data',
      'bytes',
    ]
    let socket = await raw()
    for (let frame = 0; frame < 600; frame += 1) {
      if (!socket.connected) socket = await raw()
      const content = Object.fromEntries(fields.map(field => [field, random.pick(values)]))
      socket.emit(random.pick(names), random.chance(0.8) ? content : random.pick(values))
      if (random.chance(0.1)) await new Promise(resolve => setImmediate(resolve))
    }
    await stillServes()
  })

  it('that never finishes its request is cut off, and others are served meanwhile', { timeout: 60_000 }, async () => {
    const { hostname, port } = new URL(scene.gateway.url)
    const slow = Array.from({ length: 20 }, () => connect(Number(port), hostname))
    await Promise.all(slow.map(socket => once(socket, 'connect')))
    for (const socket of slow) {
      socket.on('error', () => {})
      socket.write('GET /socket.io/ HTTP/1.1\r\nHost: x\r\nX-')
    }
    await stillServes()
    for (const socket of slow) socket.destroy()
  })

  it('finds nothing else at the port', async () => {
    for (const path of ['/', '/../../etc/passwd', '/socket.io/../../x', '/socket.io/socket.io.js', '/healthz/..']) {
      const response = await fetch(`${scene.gateway.url}${path}`)
      expect(response.status, path).toBeGreaterThanOrEqual(400)
      await response.body?.cancel()
    }
    const health = await fetch(`${scene.gateway.url}/healthz`)
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }])
    expect((await fetch(`${scene.gateway.url}/readyz`)).status).toBe(200)
  })
})
