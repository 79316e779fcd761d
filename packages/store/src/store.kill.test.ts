import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { StoredAuthState } from './auth/auth-store.js'
import type { StoreOptions } from './open-store.js'
import type { Store } from './store.js'
import { onEachDatabase } from './testing/stores.js'

const victim = fileURLToPath(new URL('./testing/kill-victim.mjs', import.meta.url))
const writers = ['1', '2', '3']
const KILLS = 5

/** Runs the victim until it has confirmed so many rounds. Answers the last one of each writer. */
async function runAndKill(place: StoreOptions, start: number, rounds: number, killsItself: boolean) {
  const child = spawn(process.execPath, [victim, JSON.stringify(place), `${start}`, killsItself ? `${rounds}` : '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const confirmed = new Map<string, number>()
  let seen = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [writer = '', round] = line.split(' ')
    confirmed.set(writer, Number(round))
    seen += 1
    if (seen === rounds && !killsItself) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return confirmed
}

onEachDatabase('a process killed at any moment', stores => {
  it('leaves every confirmed transaction, and no half of another', { timeout: 120_000 }, async () => {
    const place = await stores.place()
    let start = 0
    for (let kill = 0; kill < KILLS; kill += 1) {
      const confirmed = await runAndKill(place, start, 1 + Math.floor(Math.random() * 60), kill % 2 === 0)
      const store = await stores.open(place)
      for (const writer of writers) {
        const reached = Math.max(await checkKeys(store, writer), await checkMessages(store, writer))
        expect(reached).toBeGreaterThanOrEqual(confirmed.get(writer) ?? 0)
        start = Math.max(start, reached)
      }
      await checkLog(store)
      await store.close()
    }
    expect(start).toBeGreaterThan(0)
  })
})

/** The records of a round are those of one round. */
async function checkKeys(store: Store, writer: string): Promise<number> {
  const { state, close } = await unlocked(store)
  const session = await state.keys.get('session', [`${writer}.1`, `${writer}.2`])
  const inbox = await state.keys.get('inbox', [writer])
  await close()
  const rounds = [...Object.values(session), ...Object.values(inbox)].map(value => Number(value ?? 0))
  expect(new Set(rounds).size).toBe(1)
  return rounds[0] ?? 0
}

/** PostgreSQL notices that a process is gone when its connection breaks. */
async function unlocked(store: Store): Promise<StoredAuthState> {
  let auth: StoredAuthState | undefined
  const isFree = async () => {
    auth = await store.auth('bot').catch(() => undefined)
    return auth !== undefined
  }
  await expect.poll(isFree).toBe(true)
  return auth ?? (await store.auth('bot'))
}

/** Both messages of a round, or none. */
async function checkMessages(store: Store, writer: string): Promise<number> {
  const parts = new Map<string, number>()
  for (let before: string | undefined; ; ) {
    const filter = { chat: `${writer}@s.whatsapp.net`, limit: 1000, ...(before !== undefined && { before }) }
    const page = await store.messages.find('bot', filter)
    for (const { key } of page.messages) {
      const [round = ''] = (key.id ?? '').split('.')
      parts.set(round, (parts.get(round) ?? 0) + 1)
    }
    before = page.next
    if (before === undefined) break
  }
  expect([...parts.values()].filter(count => count !== 2)).toEqual([])
  return Math.max(0, ...[...parts.keys()].map(Number))
}

/** The log has the events of the messages that there are, without gaps. */
async function checkLog(store: Store): Promise<void> {
  const cursors: number[] = []
  let messages = 0
  for (let after = 0; ; ) {
    const page = await store.events.read('bot', { after })
    cursors.push(...page.events.map(({ cursor }) => cursor))
    for (const { payload, event } of page.events) {
      expect(event).toBe('messages.upsert')
      const [{ key } = { key: {} }] = (payload as { messages: { key: object }[] }).messages
      if ((await store.messages.findByKey('bot', key)) !== undefined) messages += 1
    }
    after = page.next
    if (page.events.length === 0) break
  }
  expect(cursors).toEqual(cursors.map((_, index) => index + 1))
  expect(messages).toBe(cursors.length)
  expect(await store.events.head('bot')).toBe(cursors.length)
}
