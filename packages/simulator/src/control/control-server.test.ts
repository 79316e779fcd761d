import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Simulator } from '../simulator.js'
import { Companion } from '../testing/companion.js'
import { ControlServer } from './control-server.js'

let wa: Simulator
let control: ControlServer
let stopped = false

const call = async (method: string, path: string, body?: unknown) => {
  const init =
    body === undefined
      ? { method }
      : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(`${control.url}${path}`, init)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

beforeEach(async () => {
  stopped = false
  wa = await Simulator.start({ seed: 'control' })
  control = await ControlServer.start(wa, {
    port: 0,
    onStop: () => {
      stopped = true
    },
  })
})

afterEach(async () => {
  await control.stop()
  await wa.stop()
})

describe('the control interface', () => {
  it('creates phones that write to each other', async () => {
    expect((await call('POST', '/phones', { number: '6281110001', pushName: 'Alice' })).body).toMatchObject({
      number: '6281110001',
      pushName: 'Alice',
      online: true,
      devices: [],
    })
    await call('POST', '/phones', { number: '6281110002' })
    const waiting = call('GET', '/phones/6281110002/messages?wait=5000')
    const { body: sent } = await call('POST', '/phones/6281110001/messages', {
      to: '6281110002@s.whatsapp.net',
      text: 'hi',
    })
    const { messages, next } = (await waiting).body as { messages: { id: string; text: string }[]; next: number }
    expect(messages).toMatchObject([{ id: sent['id'], text: 'hi' }])
    expect((await call('GET', `/phones/6281110002/messages?after=${next}`)).body).toEqual({ messages: [], next })
    expect((await call('GET', '/')).body).toMatchObject({ url: wa.url, phones: 2, violations: 0 })
  })

  it('changes and reads what phones share with their companions', async () => {
    await wa.phone('6281110001')
    const changes = [{ action: 'pin', chat: '6281110002@s.whatsapp.net', on: true }]
    const path = '/phones/6281110001/app-state'
    expect((await call('POST', path, { changes })).body).toMatchObject({ versions: { regular_low: 1, regular: 0 } })
    expect((await call('GET', path)).body).toMatchObject({
      versions: { regular_low: 1 },
      entries: [{ collection: 'regular_low', index: ['pin_v1', '6281110002@s.whatsapp.net'] }],
      changes: [{ operation: 'set', version: 1, device: '6281110001@s.whatsapp.net' }],
    })
    await call('POST', `${path}/rotate-key`, { share: false })
    expect(wa.findPhone('6281110001').appState.keys).toHaveLength(2)
    expect(await call('POST', path, { changes: [{ action: 'shout' }] })).toMatchObject({
      status: 400,
      body: { error: 'unknown-app-state-action' },
    })
    expect((await call('POST', path, { changes: 'all' })).status).toBe(400)
  })

  it('has faults for app state', async () => {
    const rule = { operation: 'fetch', action: { kind: 'gap' } }
    expect((await call('POST', '/app-state/faults', rule)).body).toEqual({ rule })
    expect((await call('POST', '/app-state/faults', { operation: 'push' })).status).toBe(400)
    expect((await call('GET', '/app-state/faults')).body).toEqual({ rules: [{ rule, hits: 0 }] })
    await call('DELETE', '/app-state/faults')
    expect((await call('GET', '/app-state/faults')).body).toEqual({ rules: [] })
  })

  it('links a client by its QR', async () => {
    await wa.phone('6281110001')
    const companion = await Companion.connect({ url: wa.url, root: wa.noiseRoot })
    const linking = call('POST', '/phones/6281110001/scan', { qr: await companion.qr() })
    await companion.acceptPairing()
    expect((await linking).body).toMatchObject({ id: 1, jid: '6281110001:1@s.whatsapp.net' })
    await companion.closed()
  })

  it('sets and clears faults', async () => {
    await wa.phone('6281110001')
    await call('POST', '/faults', { direction: 'to-client', match: { tag: 'message' }, action: { kind: 'drop' } })
    await call('PUT', '/faults/transport', { latencyMs: 25 })
    expect((await call('GET', '/faults')).body).toMatchObject({ rules: [{ hits: 0 }], transport: { latencyMs: 25 } })
    await call('DELETE', '/faults')
    expect((await call('GET', '/faults')).body).toEqual({ rules: [], transport: {} })
  })

  it('lets phones send every kind, act on messages and open files', async () => {
    for (const number of ['6281110001', '6281110002']) await call('POST', '/phones', { number })
    const [alice, bob] = ['/phones/6281110001', '/phones/6281110002']
    const post = async (path: string, body: object) => {
      const answer = await call('POST', path, body)
      expect(answer).toMatchObject({ status: 200, body: { id: expect.any(String) } })
      return answer.body['id'] as string
    }
    const to = '6281110002@s.whatsapp.net'
    const base64 = Buffer.from('fox').toString('base64')
    const image = await post(`${alice}/messages`, { to, media: 'image', base64, caption: 'fox', viewOnce: true })
    const poll = await post(`${alice}/messages`, { to, poll: { name: 'A or B?', options: ['A', 'B'], selectable: 1 } })
    const event = await post(`${alice}/messages`, { to, event: { name: 'Party', startTime: 1_800_000_000 } })
    const place = await post(`${alice}/messages`, { to, message: { locationMessage: { degreesLatitude: 1.5 } } })
    await expect.poll(() => wa.findPhone('6281110002').messages.length).toBe(4)
    expect((await call('GET', `${bob}/messages/${image}/file`)).body).toEqual({ base64 })
    const { messages } = (await call('GET', `${bob}/messages`)).body as { messages: { id: string }[] }
    expect(messages[3]).toMatchObject({ id: place, message: { locationMessage: { degreesLatitude: 1.5 } } })
    await post(`${bob}/messages/${image}/react`, { emoji: '🦊' })
    const vote = await post(`${bob}/messages/${poll}/vote`, { options: ['B'] })
    await post(`${bob}/messages/${event}/respond`, { answer: 'GOING', guests: 1 })
    await post(`${alice}/messages/${place}/pin`, { seconds: 86_400 })
    await post(`${alice}/messages/${place}/revoke`, {})
    await call('POST', `${bob}/read`, { id: image, type: 'played' })
    await call('POST', `${bob}/type`, { to: '6281110001@s.whatsapp.net', state: 'recording' })
    const received = (await call('GET', `${alice}/messages`)).body as { messages: { id: string; addOn?: object }[] }
    expect(received.messages.find(({ id }) => id === vote)?.addOn).toMatchObject({ kind: 'vote', options: ['B'] })
    expect((await call('POST', `${bob}/messages/${poll}/sing`, {})).status).toBe(400)
    expect((await call('POST', `${alice}/messages`, { to, media: 'film', base64 })).status).toBe(400)
    expect(wa.violations).toEqual([])
  })

  it('names the media host, spoils its transfers and removes files', async () => {
    const { directPath } = await wa.media.put('image', Buffer.alloc(26))
    const overview = (await call('GET', '/')).body
    expect(overview['media']).toEqual({
      origin: wa.media.origin,
      plainOrigin: wa.media.plainOrigin,
      certificateAuthority: expect.stringMatching(/^-----BEGIN CERTIFICATE-----/),
    })
    const rule = { operation: 'download', match: { type: 'image' }, action: { kind: 'status', code: 404 } }
    expect((await call('POST', '/media/faults', rule)).body).toEqual({ rule })
    expect((await call('GET', '/media/faults')).body).toEqual({ rules: [{ rule, hits: 0 }] })
    await call('DELETE', '/media/faults')
    expect(wa.media.faults.rules).toEqual([])
    await call('POST', '/media/expire', { directPath, status: 410 })
    expect((await call('GET', '/media')).body).toMatchObject({ files: [{ directPath, length: 26, gone: 410 }] })
    expect((await call('POST', '/media/expire', { directPath: '/nothing' })).status).toBe(404)
    expect((await call('POST', '/media/faults', { operation: 'download' })).status).toBe(400)
  })

  it.each<[string, string, string, unknown, number]>([
    ['an unknown path', 'GET', '/nothing', undefined, 404],
    ['an unknown phone', 'GET', '/phones/15550009999', undefined, 404],
    ['a body without the text', 'POST', '/phones', {}, 400],
    ['a rule without an action', 'POST', '/faults', { direction: 'to-client' }, 400],
    ['a list as body', 'POST', '/phones', [], 400],
  ])('refuses %s', async (_, method, path, body, status) => {
    const answer = await call(method, path, body)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ error: expect.any(String), message: expect.any(String) })
  })

  it('refuses what a web page could send', async () => {
    const form = await fetch(`${control.url}/phones`, { method: 'POST', body: '{"number":"6281110001"}' })
    expect(form.status).toBe(415)
  })

  it('stops on request', async () => {
    expect((await call('POST', '/stop')).status).toBe(200)
    await expect.poll(() => stopped).toBe(true)
  })
})
