import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addTransactionCapability, silentLogger, useMultiFileAuthState } from 'kurir'
import { makeLibSignalRepository, type SignalDataType } from 'kurir/signal'
import { afterAll, expect, it } from 'vitest'
import { onEachDatabase } from '../testing/stores.js'

const vectors = new URL('../../../../tests/fixtures/vectors/01-auth-state.json', import.meta.url)

interface Ciphertext {
  readonly type?: 'msg' | 'pkmsg'
  readonly from?: string
  readonly group?: string
  readonly author?: string
  readonly ciphertext: string
  readonly plaintext: string
}

onEachDatabase('importing an auth folder', stores => {
  const folders: string[] = []
  const newFolder = async () => {
    folders.push(await mkdtemp(join(tmpdir(), 'kurir-import-')))
    return folders.at(-1) ?? ''
  }
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true })
  })

  it('of Baileys brings what it takes to read the next messages', async () => {
    const { folderB, afterReload } = JSON.parse(await readFile(vectors, 'utf8')) as {
      folderB: { [file: string]: string }
      afterReload: Ciphertext[]
    }
    const folder = await newFolder()
    for (const [file, text] of Object.entries(folderB)) await writeFile(join(folder, file), text)
    for (const { type, from, group, author, ciphertext, plaintext } of afterReload) {
      const store = await stores.open()
      const { records } = await store.importAuthFolder('bot', folder)
      expect(records).toBe(Object.keys(folderB).length - 1)
      const { state } = await store.auth('bot')
      const keys = addTransactionCapability(state.keys, silentLogger, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
      const repository = makeLibSignalRepository({ creds: state.creds, keys }, silentLogger)
      const bytes = Buffer.from(ciphertext, 'hex')
      const opened =
        group === undefined
          ? await repository.decryptMessage({ jid: from ?? '', type: type ?? 'msg', ciphertext: bytes })
          : await repository.decryptGroupMessage({ group, authorJid: author ?? '', msg: bytes })
      expect(Buffer.from(opened).toString()).toContain(plaintext)
      repository.close()
    }
  })

  it('brings every kind of record under the id that it had', async () => {
    const folder = await newFolder()
    const { state, saveCreds, close } = await useMultiFileAuthState(folder)
    await saveCreds()
    const ids: Partial<Record<SignalDataType, string[]>> = {
      session: ['1.0', '1000_1.12'],
      'sender-key': ['120363@g.us::1_1::3', '4912345-1589@g.us::1000_1::0', 'status@broadcast::1::0'],
      'identity-key': ['1000_1.3'],
      inbox: ['count', '0'],
      'app-state-sync-key': ['AB+/=', 'A//='],
      'device-record': ['1000'],
    }
    for (const [type, names] of Object.entries(ids)) {
      const value = type === 'app-state-sync-key' ? { keyData: Buffer.of(1) } : Buffer.of(1)
      await state.keys.set({ [type]: Object.fromEntries(names.map(name => [name, value])) })
    }
    await state.keys.set({
      'sender-key-memory': { '4912345-1589@g.us': { a: true } },
      'lid-mapping': { '1_reverse': '2' },
    })
    // As a killed process leaves it: with a journal, and files that are behind.
    const copy = await newFolder()
    await cp(folder, copy, { recursive: true })
    await rm(join(copy, 'kurir.lock'), { force: true })
    await close()

    const store = await stores.open()
    await store.importAuthFolder('bot', copy)
    const stored = (await store.auth('bot')).state
    expect(stored.creds.noiseKey).toEqual(state.creds.noiseKey)
    for (const [type, names] of Object.entries(ids)) {
      const found = await stored.keys.get(type as SignalDataType, names)
      expect(Object.entries(found).filter(([, value]) => value === null)).toEqual([])
    }
    expect(await stored.keys.get('sender-key-memory', ['4912345-1589@g.us'])).toEqual({
      '4912345-1589@g.us': { a: true },
    })
    expect(await stored.keys.get('lid-mapping', ['1_reverse'])).toEqual({ '1_reverse': '2' })
  })

  it('takes thousands of records, and replaces a session only when it is told to', { timeout: 30_000 }, async () => {
    const folder = await newFolder()
    const { state, saveCreds, close } = await useMultiFileAuthState(folder, { durability: 'process-crash' })
    await saveCreds()
    const session = Object.fromEntries(Array.from({ length: 3000 }, (_, id) => [`${id}.0`, Buffer.from(`${id}`)]))
    await state.keys.set({ session })
    const store = await stores.open()
    await expect(store.importAuthFolder('bot', folder).then(() => 'imported')).resolves.toBe('imported')
    await close()
    expect(await store.importAuthFolder('bot', folder, { replace: true })).toEqual({ records: 3000 })
    await expect(store.importAuthFolder('bot', folder)).rejects.toMatchObject({ code: 'session-exists' })
    const { state: stored } = await store.auth('bot')
    expect(await stored.keys.get('session', Object.keys(session))).toEqual(session)
    await expect(store.importAuthFolder('bot', folder, { replace: true })).rejects.toMatchObject({
      code: 'auth-state-locked',
    })
  })

  it('refuses a folder that is none', async () => {
    const store = await stores.open()
    for (const folder of [await newFolder(), '/nonexistent/folder']) {
      await expect(store.importAuthFolder('bot', folder)).rejects.toMatchObject({ code: 'not-an-auth-folder' })
    }
    expect(await store.sessions.list()).toEqual([])
  })
})
