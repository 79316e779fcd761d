import { type Phone, Simulator } from '@kurir/simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createStore, WaClient } from 'zapo-js'

/** zapo keeps everything in memory but the credentials, for which it wants a backend. */
const memoryStore = () => {
  let saved: unknown = null
  const auth = {
    load: async () => saved,
    save: async (credentials: unknown) => {
      saved = credentials
    },
    clear: async () => {
      saved = null
    },
  }
  const options = { backends: { own: { stores: { auth: () => auth }, caches: {} } }, providers: { auth: 'own' } }
  return createStore(options as unknown as Parameters<typeof createStore>[0])
}

/** What the test reads of an event. */
interface IncomingText {
  readonly chatJid?: string
  readonly message?: { readonly conversation?: string | null } | null
}

/** What the test reads of a change to a chat. */
interface ChatEvent {
  readonly action: string
}

/** What it keeps of app state. */
interface StoredState {
  readonly keys: readonly unknown[]
  readonly collections: Readonly<Record<string, { readonly version: number }>>
}

const silent = { level: 'silent', trace() {}, debug() {}, info() {}, warn() {}, error() {} }

describe('a real zapo client on the simulator', () => {
  let wa: Simulator
  let alice: Phone
  let bob: Phone
  let client: WaClient

  beforeEach(async () => {
    wa = await Simulator.start({ seed: 'zapo', validation: 'lenient' })
    alice = await wa.phone('6281110001', { pushName: 'Alice' })
    bob = await wa.phone('6281110002', { pushName: 'Bob' })
    // The client looks for the WebSocket of browsers, which Node 20 does not have.
    Object.assign(globalThis, { WebSocket })
    const options = { chatSocketUrls: [wa.url], testHooks: { noiseRootCa: wa.noiseRoot }, history: { enabled: false } }
    client = new WaClient({ store: memoryStore(), sessionId: 'interop', ...options }, silent as never)
  })

  afterEach(async () => {
    await client.disconnect()
    await wa.stop()
  })

  it('verifies our certificates, pairs by QR, resumes with IK and exchanges texts', async () => {
    const texts: unknown[] = []
    const work: Promise<unknown>[] = []
    client.on('auth_qr', (event: { readonly qr: string }) => work.push(alice.scan(event.qr)))
    client.on('message', (event: IncomingText) => {
      texts.push(event.message?.conversation)
      if (event.message?.conversation === 'ping') work.push(client.sendMessage(event.chatJid ?? '', 'pong'))
    })
    await client.connect()
    await expect.poll(() => alice.linkedDevices[0]?.online, { timeout: 10_000 }).toBe(true)
    await bob.send(alice.jid, { text: 'ping' })
    const answer = await bob.waitForMessage(({ text }) => text === 'pong')
    expect(answer).toMatchObject({ senderPn: alice.jid, fromMe: false })
    expect(await alice.waitForMessage(({ text }) => text === 'pong')).toMatchObject({ fromMe: true, chatPn: bob.jid })
    expect(texts).toContain('ping')
    await Promise.all(work)
  })

  it('shares app state with its phone', async () => {
    const events: ChatEvent[] = []
    const work: Promise<unknown>[] = []
    client.on('auth_qr', (event: { readonly qr: string }) => work.push(alice.scan(event.qr)))
    client.on('chat_event', (event: ChatEvent) => events.push(event))
    await client.connect()
    await expect.poll(() => alice.linkedDevices[0]?.online, { timeout: 10_000 }).toBe(true)
    const stored = async (): Promise<StoredState> => await client.exportAppState()
    await expect.poll(async () => (await stored()).keys.length, { timeout: 10_000 }).toBe(1)
    await client.syncAppState()
    await alice.appState.change({ action: 'mute', chat: bob.jid, until: -1 })
    await expect.poll(() => events.map(({ action }) => action), { timeout: 10_000 }).toContain('mute')
    await client.chat.setChatArchive(bob.jid, true)
    await alice.appState.waitForChange(({ index, device }) => index[0] === 'archive' && device !== alice.jid)
    expect(alice.appState.chat(bob.jid)).toMatchObject({ archived: true, mutedUntil: -1 })
    expect((await stored()).collections['regular_low']?.version).toBe(alice.appState.version('regular_low'))
    expect(wa.violations.filter(({ kind }) => kind === 'invalid-app-state')).toEqual([])
    await Promise.all(work)
  })
})
