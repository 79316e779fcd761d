import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { silentLogger } from '../logger/logger.js'
import { FolderStore } from './folder-store.js'
import type { Durability } from './record-files.js'
import { rejection } from './testing/expect-error.js'
import { temporaryFolder } from './testing/temporary-folder.js'

async function opened(folder: string, durability: Durability = 'process-crash'): Promise<FolderStore> {
  const store = await FolderStore.open(folder, {
    logger: silentLogger,
    durability,
    checkpointAfterMs: 3_600_000,
  })
  onTestFinished(() => store.release())
  return store
}

describe('FolderStore', () => {
  it('refuses a set that cannot be written, and goes on afterwards', async () => {
    const folder = temporaryFolder()
    const store = await opened(folder)
    mkdirSync(join(folder, 'kurir-journal.00000001'))
    const error = await rejection(store.commit([{ file: 'a.json', text: '1' }]), 'auth-state-write-failed')
    expect(error.retryable).toBe(true)
    expect(await store.read('a.json')).toBeUndefined()

    rmdirSync(join(folder, 'kurir-journal.00000001'))
    await store.commit([{ file: 'a.json', text: '2' }])
    await store.release()
    expect(await (await opened(folder)).read('a.json')).toBe('2')
  })

  it('confirms a set after the flush to the disk, not before', async () => {
    const folder = temporaryFolder()
    const store = await opened(folder, 'power-loss')
    const probe = await open(join(folder, 'probe'), 'w')
    const fileHandle = Object.getPrototypeOf(probe) as FileHandle
    await probe.close()
    const events: string[] = []
    const original = fileHandle.datasync
    const datasync = vi.spyOn(fileHandle, 'datasync').mockImplementation(async function (this: FileHandle) {
      await new Promise(resolve => setImmediate(resolve))
      await original.call(this)
      events.push('flushed')
    })
    onTestFinished(() => datasync.mockRestore())
    await store.commit([{ file: 'a.json', text: '2' }]).then(() => events.push('confirmed'))
    expect(events).toEqual(['flushed', 'confirmed'])
  })

  it('keeps the journal when a file cannot be brought up to date', async () => {
    const folder = temporaryFolder()
    const store = await opened(folder)
    await store.commit([
      { file: 'a.json', text: '1' },
      { file: 'b.json', text: '2' },
    ])
    mkdirSync(join(folder, 'a.json', 'x'), { recursive: true })
    await expect(store.checkpoint()).rejects.toThrow()
    expect(await store.read('a.json')).toBe('1')
    expect(readdirSync(folder).some(name => name.startsWith('kurir-journal.'))).toBe(true)

    rmSync(join(folder, 'a.json'), { recursive: true })
    await store.checkpoint()
    expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe('1')
    expect(readFileSync(join(folder, 'b.json'), 'utf8')).toBe('2')
    expect(readdirSync(folder).sort()).toEqual(['a.json', 'b.json', 'kurir.lock'])
  })

  it('notices that its lock was removed', async () => {
    const folder = temporaryFolder()
    const store = await opened(folder)
    await store.commit([{ file: 'a.json', text: '1' }])
    rmSync(join(folder, 'kurir.lock'))
    expect(await store.isIntact()).toBe(false)
    await rejection(store.commit([{ file: 'a.json', text: '2' }]), 'auth-state-lost')
    await store.close()
    expect(existsSync(join(folder, 'a.json'))).toBe(false)
  })

  it('never takes a file back in time while sets, checkpoints and single files are written at once', async () => {
    const folder = temporaryFolder()
    const store = await opened(folder)
    const work: Promise<unknown>[] = []
    for (let round = 1; round <= 200; round++) {
      work.push(
        store.commit([
          { file: 'a.json', text: String(round) },
          { file: `${round % 7}.json`, text: String(round) },
        ]),
      )
      if (round % 3 === 0) work.push(store.checkpoint())
      if (round % 5 === 0) work.push(store.writeThrough('a.json'))
      if (round % 10 === 0) await work[work.length - 1]
    }
    await Promise.all(work)
    expect(await store.read('a.json')).toBe('200')
    await store.close()
    expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe('200')
    expect(readFileSync(join(folder, '4.json'), 'utf8')).toBe('200')
  })

  it('behaves like a map that survives restarts at any point', async () => {
    const file = fc.constantFrom('a.json', 'b.json', 'c.json', 'creds.json')
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('commit' as const),
        rows: fc.array(fc.record({ file, text: fc.option(fc.json(), { nil: null }) }), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ kind: fc.constantFrom('checkpoint' as const, 'restart' as const, 'close' as const) }),
      fc.record({ kind: fc.constant('write through' as const), file }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async steps => {
        const folder = temporaryFolder()
        const model = new Map<string, string>()
        let store = await opened(folder)
        for (const current of steps) {
          if (current.kind === 'commit') {
            await store.commit(current.rows)
            for (const row of current.rows) {
              if (row.text === null) model.delete(row.file)
              else model.set(row.file, row.text)
            }
          } else if (current.kind === 'checkpoint') await store.checkpoint()
          else if (current.kind === 'write through') await store.writeThrough(current.file)
          else {
            // Without a close the folder is left as by a process that was killed.
            if (current.kind === 'close') await store.close()
            else await store.release()
            store = await opened(folder)
          }
          expect(store.list().sort()).toEqual([...model.keys()].sort())
          for (const name of ['a.json', 'b.json', 'c.json', 'creds.json']) {
            expect(await store.read(name)).toBe(model.get(name))
          }
        }
        await store.release()
      }),
      { numRuns: 60 },
    )
  })
})
