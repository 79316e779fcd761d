import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { lockFileName, lockFolder } from './folder-lock.js'
import { useMultiFileAuthState } from './multi-file.js'
import { rejection } from './testing/expect-error.js'
import { temporaryFolder } from './testing/temporary-folder.js'

const victim = fileURLToPath(new URL('./testing/kill-victim.ts', import.meta.url))

/** A lock file as this process would write it, with some members replaced. */
async function leaveLock(folder: string, changes: object): Promise<void> {
  const lock = await lockFolder(folder)
  const held = JSON.parse(readFileSync(join(folder, lockFileName), 'utf8'))
  await lock.release()
  writeFileSync(join(folder, lockFileName), JSON.stringify({ ...held, ...changes }))
}

describe('the lock of an auth folder', () => {
  it('keeps another process out until it is gone', { timeout: 30_000 }, async () => {
    const folder = temporaryFolder()
    const child = spawn(process.execPath, ['--conditions=kurir-source', '--import', 'tsx', victim, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(createInterface({ input: child.stdout }), 'line')
    const error = await rejection(useMultiFileAuthState(folder), 'auth-state-locked')
    expect(error).toMatchObject({ retryable: true, data: { pid: child.pid, host: hostname() } })
    expect(error.message).toContain(String(child.pid))
    child.stdout.resume()
    child.kill('SIGKILL')
    await once(child, 'exit')
    const { close } = await useMultiFileAuthState(folder)
    await close()
  })

  it('is removed by release', async () => {
    const folder = temporaryFolder()
    const lock = await lockFolder(folder)
    expect(await lock.verify()).toBe(true)
    await lock.release()
    await lock.release()
    expect(existsSync(join(folder, lockFileName))).toBe(false)
  })

  it('excludes a second holder in the same process', async () => {
    const folder = temporaryFolder()
    const lock = await lockFolder(folder)
    await rejection(lockFolder(folder), 'auth-state-locked')
    await lock.release()
  })

  it('goes to exactly one of many that find it stale', async () => {
    const folder = temporaryFolder()
    await leaveLock(folder, { started: 'long ago' })
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)))
    const holders = results.filter(result => result.status === 'fulfilled')
    expect(holders).toHaveLength(1)
    expect(await holders[0]?.value.verify()).toBe(true)
    await holders[0]?.value.release()
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    ['its process does not exist', { pid: 2 ** 30 }],
    ['its process id now belongs to another process', { started: '1' }],
    ['the folder is a copy', { folder: '0:0' }],
  ])('is taken over when %s', async (_, changes) => {
    const folder = temporaryFolder()
    await leaveLock(folder, changes)
    const lock = await lockFolder(folder)
    expect(await lock.verify()).toBe(true)
    await lock.release()
  })

  it('of another machine is taken over after a minute of silence', async () => {
    const folder = temporaryFolder()
    await leaveLock(folder, { place: 'elsewhere 1' })
    await rejection(lockFolder(folder), 'auth-state-locked')
    const past = new Date(Date.now() - 61_000)
    utimesSync(join(folder, lockFileName), past, past)
    await (await lockFolder(folder)).release()
  })

  it('without content is being written: who finds it waits', async () => {
    const folder = temporaryFolder()
    const path = join(folder, lockFileName)
    writeFileSync(path, '')
    const locking = rejection(lockFolder(folder), 'auth-state-locked')
    const other = temporaryFolder()
    const lock = await lockFolder(other)
    const holder = JSON.parse(readFileSync(join(other, lockFileName), 'utf8'))
    const { dev, ino } = statSync(folder)
    writeFileSync(path, JSON.stringify({ ...holder, folder: `${dev}:${ino}` }))
    await locking
    await lock.release()
  })

  it.each(['', '.takeover'])('that a killed process has left half done is taken over: kurir.lock%s', async suffix => {
    const folder = temporaryFolder()
    const path = join(folder, lockFileName)
    for (const file of new Set([path, `${path}${suffix}`])) {
      writeFileSync(file, '')
      const past = new Date(statSync(file).mtimeMs - 1_900)
      utimesSync(file, past, past)
    }
    await (await lockFolder(folder)).release()
  })

  it('knows when it was removed or replaced', async () => {
    const folder = temporaryFolder()
    const lock = await lockFolder(folder)
    rmSync(join(folder, lockFileName))
    expect(lock.isLost()).toBe(false)
    expect(await lock.verify()).toBe(false)
    expect(lock.isLost()).toBe(true)
    const other = await lockFolder(folder)
    await lock.release()
    expect(await other.verify()).toBe(true)
    await other.release()
  })
})
