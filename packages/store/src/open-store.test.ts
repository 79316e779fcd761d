import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { WAMessage } from 'kurir'
import { afterAll, describe, expect, it } from 'vitest'
import { openStore } from './open-store.js'
import { onEachDatabase, storesOn } from './testing/stores.js'

onEachDatabase('opening a store', stores => {
  it('with another key fails, says so, and leaves the store as it is', async () => {
    const place = await stores.place()
    const store = await stores.open(place)
    await store.sessions.save({ id: 'a' })
    await store.close()
    const wrong = openStore({ ...place, encryptionKey: Buffer.alloc(32, 8) })
    await expect(wrong).rejects.toMatchObject({
      code: 'store-wrong-key',
      message: expect.stringContaining('KURIR_STORE_KEY'),
    })
    expect(await (await stores.open(place)).sessions.load('a')).toBeDefined()
  })

  it('takes a new key, and not the former one any more', async () => {
    const place = await stores.place()
    const store = await stores.open(place)
    await store.sessions.save({ id: 'a', settings: 'kept' })
    const next = Buffer.alloc(32, 9)
    await store.changeEncryptionKey(next)
    await store.changeEncryptionKey(next)
    await store.close()
    await expect(openStore(place)).rejects.toMatchObject({ code: 'store-wrong-key' })
    expect(await (await stores.open({ ...place, encryptionKey: next })).sessions.load('a')).toMatchObject({
      settings: 'kept',
    })
  })

  it('answers when it is asked', async () => {
    const store = await stores.open()
    await store.ping()
    await store.close()
    await expect(store.ping()).rejects.toMatchObject({ code: 'store-closed' })
  })
})

describe('opening a store', () => {
  const stores = storesOn('sqlite')
  const folders: string[] = []
  const folder = async () => {
    folders.push(await mkdtemp(join(tmpdir(), 'kurir-open-')))
    return folders.at(-1) ?? ''
  }
  afterAll(async () => {
    for (const each of folders) await rm(each, { recursive: true })
  })

  it('makes the folder, the file and a key beside it', async () => {
    const file = join(await folder(), 'data', 'bot.sqlite')
    await (await stores.open({ url: `sqlite:${file}`, environment: {} })).sessions.save({ id: 'a' })
    expect(await readdir(dirname(file))).toEqual(expect.arrayContaining(['bot.sqlite', 'bot.sqlite.key']))
    expect(await (await stores.open({ file, environment: {} })).sessions.load('a')).toBeDefined()
    for (const name of await readdir(dirname(file))) {
      expect([name, (await stat(join(dirname(file), name))).mode & 0o077]).toEqual([name, 0])
    }
  })

  it('asks for the key of a store that is there, instead of making another one', async () => {
    const file = join(await folder(), 'bot.sqlite')
    await (await stores.open({ file, environment: {} })).close()
    await rm(`${file}.key`)
    await expect(openStore({ file, environment: {} })).rejects.toMatchObject({
      code: 'store-key-missing',
      message: expect.stringContaining(`${file}.key`),
    })
    expect(await readdir(dirname(file))).not.toContain('bot.sqlite.key')
  })

  it('refuses options that cannot be meant, without quoting a password', async () => {
    for (const options of [
      { url: 'mysql://root:hunter2@localhost/x' },
      { url: 'postgres://x', file: 'y' },
      { url: 'postgres://me:hunter2@127.0.0.1/x', schema: 'a; DROP TABLE x' },
    ]) {
      const error = await openStore({ ...options, encryptionKey: Buffer.alloc(32) }).catch(reason => reason)
      expect(error).toMatchObject({ code: 'invalid-store-option' })
      expect(JSON.stringify([error, error.message, error.stack])).not.toContain('hunter2')
    }
    await expect(openStore({ url: 'postgres://127.0.0.1/x', environment: {} })).rejects.toMatchObject({
      code: 'store-key-missing',
    })
  })

  it('says what to check when PostgreSQL does not answer', { timeout: 20_000 }, async () => {
    const url = 'postgres://me:hunter2@127.0.0.1:1/x'
    const error = await openStore({ url, encryptionKey: Buffer.alloc(32) }).catch(reason => reason)
    expect(error).toMatchObject({ code: 'store-unreachable', message: expect.stringContaining('port') })
    expect(JSON.stringify([error, error.message, String(error.cause)])).not.toContain('hunter2')
  })

  it('refuses what is not a database', async () => {
    const file = join(await folder(), 'x.sqlite')
    await writeFile(file, 'This is my diary. '.repeat(500))
    await expect(openStore({ file, encryptionKey: Buffer.alloc(32) })).rejects.toMatchObject({ code: 'store-damaged' })
    expect(await readFile(file, 'utf8')).toContain('diary')
  })

  it('fails where nothing can be written', async () => {
    const file = await folder()
    const inFile = join(file, 'a file')
    await writeFile(inFile, '')
    for (const each of [file, join(inFile, 'x.sqlite')]) {
      await expect(openStore({ file: each, encryptionKey: Buffer.alloc(32) })).rejects.toMatchObject({
        code: 'store-unavailable',
      })
    }
  })
})

describe('what lies on the disk', () => {
  const stores = storesOn('sqlite')

  it('has no secrets in it: no key, no content, no settings', async () => {
    const place = await stores.place()
    const store = await stores.open(place)
    const { state, saveCreds } = await store.auth('bot')
    await saveCreds()
    const secret = (name: string) => Buffer.from(`secret-of-${name}`)
    await state.keys.set({
      session: { '1.0': secret('session') },
      'pre-key': { 1: { public: secret('public'), private: secret('private') } },
      inbox: { 0: secret('inbox') },
    })
    const message: WAMessage = {
      key: { remoteJid: '1@s.whatsapp.net', id: 'A', fromMe: false },
      messageTimestamp: 1,
      pushName: 'secret-of-name',
      message: { imageMessage: { mediaKey: secret('media'), caption: 'words are searchable' } },
    }
    await store.record('bot', {
      'messages.upsert': { type: 'notify', messages: [message] },
      'contacts.upsert': [{ id: '1@s.whatsapp.net', name: 'secret-of-contact' }],
      'connection.update': { qr: 'secret-of-qr', connection: 'connecting' },
      'creds.update': { advSecretKey: 'secret-of-adv' },
    })
    await store.sessions.save({ id: 'bot', settings: { webhook: 'secret-of-settings' } })
    await store.outbox.enqueue('bot', { chat: 'x', content: 'secret-of-outbox' })
    await store.consumers.open('bot', 'hook', { from: 'tail', settings: 'secret-of-hook' })
    await store.consumers.fail('bot', 'hook', 1, new Error('secret-of-error'), { maxAttempts: 1 })
    expect(JSON.stringify((await store.events.read('bot')).events)).not.toMatch(/secret-of-(qr|adv)/)

    const onDisk = await bytesOf(place.file ?? '')
    // The search itself is sound: what is not encrypted is found.
    expect(onDisk.includes('searchable')).toBe(true)
    expect(onDisk.includes('secret-of')).toBe(false)
    const { creds } = state
    const keys = [creds.noiseKey.private, creds.signedIdentityKey.private, creds.signedPreKey.keyPair.private]
    for (const key of [...keys.map(Buffer.from), Buffer.from(creds.advSecretKey, 'base64'), secret('private')]) {
      for (const form of [key, key.toString('base64'), key.toString('hex')]) expect(onDisk.includes(form)).toBe(false)
    }
  })
})

async function bytesOf(file: string): Promise<Buffer> {
  const names = (await readdir(dirname(file))).map(name => join(dirname(file), name))
  return Buffer.concat(await Promise.all(names.map(name => readFile(name))))
}
