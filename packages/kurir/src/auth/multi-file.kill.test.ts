import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { SignalKeyStore } from '../signal/key-store.js'
import { useMultiFileAuthState } from './multi-file.js'
import { temporaryFolder } from './testing/temporary-folder.js'

const victim = fileURLToPath(new URL('./testing/kill-victim.ts', import.meta.url))
const writers = ['1', '2', '3']

/**
 * Runs the victim until it has confirmed so many writes, and kills it then, or lets it kill itself in that moment.
 * Answers the last confirmed round of each writer.
 */
async function runAndKill(
  folder: string,
  start: number,
  confirmations: number,
  killsItself: boolean,
): Promise<Map<string, number>> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=kurir-source',
      '--import',
      'tsx',
      victim,
      folder,
      String(start),
      String(killsItself ? confirmations : 0),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const confirmed = new Map<string, number>()
  let seen = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [writer = '', round] = line.split(' ')
    confirmed.set(writer, Number(round))
    if (++seen === confirmations && !killsItself) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return confirmed
}

it('a process killed at any moment leaves every confirmed write, and no half of another', {
  timeout: 120_000,
}, async () => {
  const folder = temporaryFolder()
  let start = 0
  let before = new Map<string, number>()
  for (let kill = 0; kill < 20; kill++) {
    const confirmed = await runAndKill(folder, start, 1 + Math.floor(Math.random() * 250), kill % 2 === 0)
    // A copy is looked at: the next process finds the folder as the killed ones left it.
    const copy = temporaryFolder()
    await cp(folder, copy, { recursive: true })
    const { state, close } = await useMultiFileAuthState(copy, { durability: 'process-crash' })

    const { nextPreKeyId, accountSyncCounter } = state.creds
    expect(accountSyncCounter === 0 ? 0 : nextPreKeyId).toBe(accountSyncCounter)
    const found = new Map([['creds', accountSyncCounter]])
    for (const name of writers) found.set(name, await consistentRound(state.keys, name))
    for (const [name, round] of found) {
      // Confirmed, or on its way when the process died: the first one of this run if none was confirmed.
      const last = confirmed.get(name)
      expect(last === undefined ? [before.get(name) ?? 0, start + 1] : [last, last + 1]).toContain(round)
    }
    before = found
    start = Math.max(...found.values())
    await close()
  }
})

/** The round that all records of a writer are from. */
async function consistentRound(keys: SignalKeyStore, name: string): Promise<number> {
  const round = Number((await keys.get('lid-mapping', [name]))[name] ?? 0)
  const sessions = await keys.get('session', [`${name}.1`, `${name}.2`])
  const senderKeys = await keys.get('sender-key', [`${name}::x`])
  for (const record of [...Object.values(sessions), ...Object.values(senderKeys)]) {
    expect(record === null ? 0 : Number.parseInt(Buffer.from(record as Uint8Array).toString('latin1', 0, 12), 10)).toBe(
      round,
    )
  }
  if (round === 0) return 0
  const preKeys = await keys.get('pre-key', [`${name}${round}`, `${name}${round - 1}`])
  expect(preKeys[`${name}${round}`]).not.toBeNull()
  expect(preKeys[`${name}${round - 1}`]).toBeNull()
  return round
}
