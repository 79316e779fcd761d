import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { proto } from 'kurir'
import { describe, expect, it } from 'vitest'
import type { StoreOptions } from '../open-store.js'
import { onEachDatabase } from '../testing/stores.js'

onEachDatabase('the auth state', stores => {
  it('gives back every kind of record as it was', async () => {
    const place = await stores.place()
    const store = await stores.open(place)
    const { state, saveCreds, close } = await store.auth('bot')
    state.creds.me = { id: '1:2@s.whatsapp.net', name: 'Bot' }
    state.creds.routingInfo = Buffer.from('route')
    await saveCreds()
    const bytes = Buffer.from([0, 1, 2, 255])
    const records = {
      'pre-key': { 1: { public: bytes, private: bytes } },
      session: { '1.0': bytes, '2.0': { _sessions: { a: 1 }, version: 'v1' } },
      'sender-key': { 'g@g.us::1::0': bytes },
      'sender-key-memory': { 'g@g.us': { 'a:1@s.whatsapp.net': true } },
      'app-state-sync-key': {
        'AA/+=': proto.Message.AppStateSyncKeyData.fromObject({ keyData: bytes, timestamp: 5 }),
      },
      'app-state-sync-version': { regular: { version: 1, hash: bytes, indexValueMap: { x: { valueMac: bytes } } } },
      'lid-mapping': { 1: '9', '9_reverse': '1' },
      'device-list': { 1: ['0', '5'] },
      tctoken: { 'a@s.whatsapp.net': { token: bytes, timestamp: '5' } },
      'identity-key': { '1.0': bytes },
      inbox: { count: bytes, 0: bytes },
    }
    await state.keys.set(records)
    await close()
    await store.close()
    const { state: stored } = await (await stores.open(place)).auth('bot')
    expect(stored.creds).toEqual({ ...state.creds })
    for (const [type, expected] of Object.entries(records)) {
      const found = await stored.keys.get(type as 'session', Object.keys(expected))
      expect(JSON.parse(JSON.stringify(found))).toEqual(JSON.parse(JSON.stringify(expected)))
    }
  })

  it('answers null for what is not there, and for what was removed', async () => {
    const { state } = await (await stores.open()).auth('bot')
    await state.keys.set({ session: { a: Buffer.of(1), b: Buffer.of(2) }, 'lid-mapping': { x: 'y' } })
    await state.keys.set({ session: { a: null }, 'lid-mapping': {} })
    expect(await state.keys.get('session', ['a', 'b', 'c'])).toEqual({ a: null, b: Buffer.of(2), c: null })
    expect(await state.keys.get('session', [])).toEqual({})
    await state.keys.clear?.()
    expect(await state.keys.get('lid-mapping', ['x'])).toEqual({ x: null })
  })

  it('belongs to its session', async () => {
    const store = await stores.open()
    const [one, two] = [await store.auth('one'), await store.auth('two')]
    await one.state.keys.set({ session: { a: Buffer.of(1) } })
    expect(await two.state.keys.get('session', ['a'])).toEqual({ a: null })
    expect(one.state.creds.noiseKey).not.toEqual(two.state.creds.noiseKey)
    await expect(store.auth('../x')).rejects.toMatchObject({ code: 'invalid-session-id' })
  })

  it('is one live object for all who open it in this process', async () => {
    const store = await stores.open()
    const [first, second] = await Promise.all([store.auth('bot'), store.auth('bot')])
    expect(second.state).toBe(first.state)
    await first.close()
    await first.close()
    await second.saveCreds()
    await second.close()
    await expect(second.saveCreds()).rejects.toMatchObject({ code: 'auth-state-closed' })
    await expect(second.state.keys.set({ session: { a: Buffer.of(1) } })).rejects.toMatchObject({
      code: 'auth-state-closed',
    })
    const third = await store.auth('bot')
    expect(third.state.creds.noiseKey).toEqual(first.state.creds.noiseKey)
  })

  it('is new after the session was deleted, and the old one is refused', async () => {
    const store = await stores.open()
    const first = await store.auth('bot')
    await first.saveCreds()
    await store.sessions.delete('bot')
    await expect(first.saveCreds()).rejects.toMatchObject({ code: 'session-not-found' })
    const second = await store.auth('bot')
    expect(second.state.creds.noiseKey).not.toEqual(first.state.creds.noiseKey)
    await second.saveCreds()
    await expect(first.saveCreds()).rejects.toMatchObject({ code: 'auth-state-closed' })
  })

  it('tells the session whose account it is', async () => {
    const store = await stores.open()
    const { state, saveCreds } = await store.auth('bot')
    expect((await store.sessions.load('bot'))?.me).toBeUndefined()
    state.creds.me = { id: '1:2@s.whatsapp.net' }
    await saveCreds()
    expect((await store.sessions.load('bot'))?.me).toBe('1:2@s.whatsapp.net')
  })

  it('is refused to a second store while the first one has it, and free when that is closed', async () => {
    const place = await stores.place()
    const [store, other] = [await stores.open(place), await stores.open(place)]
    await store.auth('bot')
    await expect(other.auth('bot')).rejects.toMatchObject({ code: 'auth-state-locked', retryable: true })
    // Everything that needs no session is open to others: a command line beside a gateway.
    await other.apiKeys.create({ name: 'x', scopes: [] })
    await store.close()
    await (await other.auth('bot')).saveCreds()
  })

  it('is free at once when the process that had it is killed', { timeout: 20_000 }, async () => {
    const place = await stores.place()
    const holder = await heldByAnotherProcess(place)
    const store = await stores.open(place)
    await expect(store.auth('bot')).rejects.toMatchObject({ code: 'auth-state-locked' })
    const gone = once(holder, 'exit')
    holder.kill('SIGKILL')
    await gone
    // PostgreSQL notices when the connection breaks; the test waits for that and no longer.
    await expect
      .poll(
        () =>
          store.auth('bot').then(
            () => 'free',
            () => 'locked',
          ),
        { timeout: 4000 },
      )
      .toBe('free')
  })

  it('leaves out a record that was tampered with, and refuses credentials that were', async () => {
    const place = await stores.place()
    const store = await stores.open(place)
    const { state, saveCreds, close } = await store.auth('bot')
    await saveCreds()
    await state.keys.set({ session: { a: Buffer.of(1), b: Buffer.of(2) } })
    await tamper(place, "UPDATE auth_records SET id = 'c' WHERE id = 'a'")
    expect(await state.keys.get('session', ['a', 'b', 'c'])).toEqual({ a: null, b: Buffer.of(2), c: null })
    await close()
    await tamper(place, "UPDATE credentials SET session = 'other' WHERE session = 'bot'", 'other')
    await expect(store.auth('other')).rejects.toMatchObject({ code: 'corrupt-auth-state' })
  })
})

describe('the auth state in a file', () => {
  it('waits for writes that have begun when it is closed', async () => {
    const { storesOn } = await import('../testing/stores.js')
    const stores = storesOn('sqlite')
    const store = await stores.open()
    const { state, close } = await store.auth('bot')
    const writes = Array.from({ length: 20 }, (_, id) => state.keys.set({ session: { [id]: Buffer.of(id) } }))
    await close()
    await Promise.all(writes)
    const again = await store.auth('bot')
    expect(Object.values(await again.state.keys.get('session', ['0', '19']))).toEqual([Buffer.of(0), Buffer.of(19)])
  })
})

async function heldByAnotherProcess(place: StoreOptions) {
  const script = fileURLToPath(new URL('../testing/session-holder.mjs', import.meta.url))
  const holder = spawn(process.execPath, [script, JSON.stringify(place)], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  return holder
}

async function tamper({ file, url, schema }: StoreOptions, statement: string, session?: string): Promise<void> {
  const { openSqlite } = await import('../sql/sqlite.js')
  const { openPostgres } = await import('../sql/postgres.js')
  const { silentLogger } = await import('kurir/logger')
  const database =
    file === undefined
      ? await openPostgres({ url: url ?? '', schema: schema ?? '', logger: silentLogger })
      : await openSqlite({ file, durability: 'process-crash' })
  await database.transaction(async sql => {
    if (session !== undefined) {
      await sql.run(
        `INSERT INTO sessions (id, status, settings, created_at, updated_at)
         SELECT CAST(? AS TEXT), status, settings, created_at, updated_at FROM sessions`,
        session,
      )
    }
    await sql.run(statement)
  })
  await database.close()
}
