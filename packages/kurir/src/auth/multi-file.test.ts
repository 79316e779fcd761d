import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { readVectors } from '../binary/testing/vectors.js'
import type { SignalDataType } from '../signal/key-store.js'
import { decodeAccount } from './account-identity.js'
import { makeCacheableSignalKeyStore } from './cacheable-key-store.js'
import { initAuthCreds, isRegistered, saveCredentials } from './credentials.js'
import { encodeCredentials } from './credentials-codec.js'
import { JournalWriter } from './journal.js'
import { type MultiFileAuthState, type MultiFileOptions, useMultiFileAuthState } from './multi-file.js'
import { recordFileName } from './record-files.js'
import { rejection } from './testing/expect-error.js'
import { temporaryFolder } from './testing/temporary-folder.js'

interface AuthVectors {
  folderA: Record<string, string>
  folderB: Record<string, string>
  expectLoadedB: {
    registrationId: number
    noisePublic: string
    identityPublic: string
    meId: string
    lid: string
    routingInfo: string
    accountMemberTypesAfterLoad: Record<string, string>
    appStateSyncKey: { keyDataHex: string; fingerprint: object; timestamp: string; missing: null }
  }
  fileNames: { type: string; id: string; file: string }[]
}
const vectors = readVectors<AuthVectors>('01-auth-state')

/** A checkpoint that only happens when a test asks for it. */
const manual: MultiFileOptions = { checkpointAfterMs: 3_600_000, durability: 'process-crash' }

async function opened(folder: string, options: MultiFileOptions = manual): Promise<MultiFileAuthState> {
  const auth = await useMultiFileAuthState(folder, options)
  onTestFinished(() => auth.close())
  return auth
}

function written(files: Record<string, string>): string {
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

const journals = (folder: string) => readdirSync(folder).filter(name => name.startsWith('kurir-journal.'))
const hex = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString('hex')

describe('a folder written by Baileys', () => {
  const expected = vectors.expectLoadedB

  it('loads its credentials', async () => {
    const { state } = await opened(written(vectors.folderB))
    const { creds } = state
    expect(creds.registrationId).toBe(expected.registrationId)
    expect(hex(creds.noiseKey.public)).toBe(expected.noisePublic)
    expect(hex(creds.signedIdentityKey.public)).toBe(expected.identityPublic)
    expect(creds.me).toEqual({ id: expected.meId, lid: expected.lid })
    expect(hex(creds.routingInfo)).toBe(expected.routingInfo)
    for (const [member, type] of Object.entries(expected.accountMemberTypesAfterLoad)) {
      expect(typeof Object(creds.account)[member]).toBe(type)
    }
    expect(decodeAccount(creds.account ?? {}).accountSignature.byteLength).toBe(64)
    expect(isRegistered(creds)).toBe(true)
  })

  it('loads its key records, and null for what is missing', async () => {
    const { keys } = (await opened(written(vectors.folderB))).state
    const syncKeys = await keys.get('app-state-sync-key', ['AAAAAPlm', 'missing'])
    expect(hex(syncKeys.AAAAAPlm?.keyData)).toBe(expected.appStateSyncKey.keyDataHex)
    expect(syncKeys.AAAAAPlm?.fingerprint).toEqual(expected.appStateSyncKey.fingerprint)
    expect(String(syncKeys.AAAAAPlm?.timestamp)).toBe(expected.appStateSyncKey.timestamp)
    expect(syncKeys.missing).toBe(expected.appStateSyncKey.missing)
    expect(await keys.get('pre-key', ['7', '8'])).toEqual({ 7: null, 8: null })
    expect(await keys.get('lid-mapping', ['15550001111', '100000012345678_reverse'])).toEqual({
      15550001111: '100000012345678',
      '100000012345678_reverse': '15550001111',
    })
    expect(await keys.get('device-list', ['15550001111'])).toEqual({ 15550001111: ['0', '3'] })
    const version = (await keys.get('app-state-sync-version', ['regular_high'])).regular_high
    expect(version).toMatchObject({ version: 3, hash: Buffer.alloc(128) })
    const session = (await keys.get('session', ['100000012345678_1.3']))['100000012345678_1.3']
    expect(session).toMatchObject({ version: 'v1' })
    const senderKey = await keys.get('sender-key', ['120363000000000001@g.us::100000012345678_1::3'])
    expect(Object.values(senderKey)[0]).toBeInstanceOf(Buffer)
  })

  for (const [name, files] of [
    ['A', vectors.folderA],
    ['B', vectors.folderB],
  ] as const) {
    it(`${name}: credentials and records are written back in the same form`, async () => {
      const folder = written(files)
      const auth = await opened(folder)
      await auth.saveCreds()
      for (const file of Object.keys(files).filter(other => other !== 'creds.json')) {
        const [type, id] = recordOf(file)
        const { [id]: value } = await auth.state.keys.get(type, [id])
        rmSync(join(folder, file))
        await auth.state.keys.set({ [type]: { [id]: value ?? null } })
      }
      await auth.close()
      for (const [file, text] of Object.entries(files)) {
        expect(JSON.parse(readFileSync(join(folder, file), 'utf8')), file).toEqual(JSON.parse(text))
      }
    })
  }
})

const types: readonly SignalDataType[] = [
  'app-state-sync-key',
  'app-state-sync-version',
  'device-list',
  'identity-key',
  'lid-mapping',
  'sender-key-memory',
  'sender-key',
  'session',
  'tctoken',
]

function recordOf(file: string): [SignalDataType, string] {
  const type = types.find(prefix => file.startsWith(`${prefix}-`))
  if (type === undefined) throw new Error(`unexpected file ${file}`)
  const id = file.slice(type.length + 1, -'.json'.length).replaceAll('--', '::')
  expect(recordFileName(type, id)).toBe(file)
  return [type, id]
}

describe('file names (docs/protocol/01 §9.1)', () => {
  const { files } = readVectors<{ files: typeof vectors.fileNames }>('02-address')
  for (const { type, id, file } of [...vectors.fileNames, ...files]) {
    it(file, () => expect(recordFileName(type, id)).toBe(file))
  }

  it('refuses ids that would leave the folder or have no file name', async () => {
    const { keys } = (await opened(temporaryFolder())).state
    await rejection(Promise.resolve(keys.set({ session: { '..\\..\\evil': Buffer.of(1) } })), 'invalid-record-id')
    await rejection(Promise.resolve(keys.set({ session: { 'a\0b': Buffer.of(1) } })), 'invalid-record-id')
    await rejection(
      Promise.resolve(keys.set({ session: { [`${'9'.repeat(300)}.0`]: Buffer.of(1) } })),
      'invalid-record-id',
    )
    await keys.set({ session: { '../../evil': Buffer.of(1) } })
    expect(await keys.get('session', ['../../evil'])).toEqual({ '../../evil': Buffer.of(1) })
  })
})

describe('useMultiFileAuthState', () => {
  it('makes fresh credentials and keeps unknown members', async () => {
    const folder = join(temporaryFolder(), 'deep', 'er')
    const first = await opened(folder)
    expect(existsSync(join(folder, 'creds.json'))).toBe(false)
    Object.assign(first.state.creds, { somethingNew: { nested: Buffer.of(7) }, additionalData: ['mine'] })
    await first.saveCreds()
    await first.close()

    const second = await opened(folder)
    expect(second.state.creds).toMatchObject({ somethingNew: { nested: Buffer.of(7) }, additionalData: ['mine'] })
    expect(hex(second.state.creds.noiseKey.private)).toBe(hex(first.state.creds.noiseKey.private))
  })

  it('has creds.json up to date when saveCreds resolves', async () => {
    const folder = temporaryFolder()
    const auth = await opened(folder)
    for (const nextPreKeyId of [5, 6, 7]) {
      auth.state.creds.nextPreKeyId = nextPreKeyId
      await auth.saveCreds()
      expect(JSON.parse(readFileSync(join(folder, 'creds.json'), 'utf8')).nextPreKeyId).toBe(nextPreKeyId)
    }
  })

  it('saves through saveCredentials, also when the program has put the auth state together itself', async () => {
    const folder = temporaryFolder()
    const { state } = await opened(folder)
    state.creds.nextPreKeyId = 77
    await saveCredentials({ creds: state.creds, keys: makeCacheableSignalKeyStore(state.keys) })
    expect(JSON.parse(readFileSync(join(folder, 'creds.json'), 'utf8')).nextPreKeyId).toBe(77)
    await saveCredentials({ creds: initAuthCreds(), keys: state.keys })
    expect(JSON.parse(readFileSync(join(folder, 'creds.json'), 'utf8')).nextPreKeyId).toBe(77)
  })

  it('writes, deletes and clears records', async () => {
    const folder = temporaryFolder()
    const auth = await opened(folder)
    const { keys } = auth.state
    await auth.saveCreds()
    await keys.set({ session: { a: Buffer.of(1), b: Buffer.of(2) }, 'lid-mapping': { '1': '2' } })
    await keys.set({ session: { a: null, missing: null } })
    expect(await keys.get('session', ['a', 'b'])).toEqual({ a: null, b: Buffer.of(2) })
    await auth.close()
    expect(readdirSync(folder).sort()).toEqual(['creds.json', 'lid-mapping-1.json', 'session-b.json'])

    const again = await opened(folder)
    await again.state.keys.clear?.()
    expect(await again.state.keys.get('session', ['b'])).toEqual({ b: null })
    await again.close()
    expect(readdirSync(folder)).toEqual(['creds.json'])
  })

  it('answers a read with the writes that were begun before it', async () => {
    const { keys } = (await opened(temporaryFolder())).state
    const write = keys.set({ session: { a: Buffer.of(1) } })
    expect(await keys.get('session', ['a'])).toEqual({ a: Buffer.of(1) })
    await write
  })

  it('restores everything from the journal of a process that just ended', async () => {
    const folder = temporaryFolder()
    const lost = await opened(folder)
    await lost.saveCreds()
    await lost.state.keys.set({ session: { a: Buffer.of(1) } })
    const copy = copyOf(folder)
    expect(journals(copy)).toHaveLength(1)
    expect(existsSync(join(copy, 'session-a.json'))).toBe(false)

    const { state } = await opened(copy)
    expect(await state.keys.get('session', ['a'])).toEqual({ a: Buffer.of(1) })
    expect(hex(state.creds.noiseKey.private)).toBe(hex(lost.state.creds.noiseKey.private))
  })

  it('flushes to the disk and removes the journal by itself after a pause', async () => {
    const folder = temporaryFolder()
    const { keys } = (await opened(folder, { checkpointAfterMs: 1 })).state
    await keys.set({ session: { a: Buffer.of(1) } })
    await expect.poll(() => readdirSync(folder).sort()).toEqual(['kurir.lock', 'session-a.json'])
  })

  it('flushes concurrent sets together', async () => {
    const { keys } = (await opened(temporaryFolder(), { checkpointAfterMs: 3_600_000 })).state
    const append = vi.spyOn(JournalWriter.prototype, 'append')
    onTestFinished(() => append.mockRestore())
    const ids = Array.from({ length: 812 }, (_, index) => String(index + 1))
    const pair = { public: Buffer.alloc(32, 1), private: Buffer.alloc(32, 2) }
    await keys.set({ 'pre-key': Object.fromEntries(ids.map(id => [id, pair])) })
    expect(append).toHaveBeenCalledTimes(1)
    await Promise.all(ids.slice(0, 200).map(id => keys.set({ 'pre-key': { [id]: null } })))
    expect(append).toHaveBeenCalledTimes(2)
    const left = await keys.get('pre-key', ids)
    expect(Object.values(left).filter(Boolean)).toHaveLength(612)
  })

  it('refuses a path that is a file', async () => {
    const folder = written({ thing: '' })
    await rejection(useMultiFileAuthState(join(folder, 'thing')), 'auth-path-not-a-folder')
    await rejection(useMultiFileAuthState(join(folder, 'thing', 'below')), 'auth-path-not-a-folder')
  })

  it('refuses everything after it was closed', async () => {
    const auth = await useMultiFileAuthState(temporaryFolder(), manual)
    await auth.close()
    await auth.close()
    await rejection(auth.saveCreds(), 'auth-state-closed')
    await rejection(Promise.resolve(auth.state.keys.set({ session: { a: Buffer.of(1) } })), 'auth-state-closed')
    await rejection(Promise.resolve(auth.state.keys.get('session', ['a'])), 'auth-state-closed')
  })

  it('reads a damaged record as missing', async () => {
    const { keys } = (await opened(written({ 'session-a.json': '{"_sess', 'device-list-1.json': '["0"]' }))).state
    expect(await keys.get('session', ['a'])).toEqual({ a: null })
    expect(await keys.get('device-list', ['1'])).toEqual({ 1: ['0'] })
  })
})

describe('damaged credentials (docs/protocol/01 §9.1: an error, not a new identity)', () => {
  it('are a typed error that names the file and leaves it alone', async () => {
    for (const text of ['', '{', 'null', '[]', '{"noiseKey":{}}', encodeCredentials(initAuthCreds()).slice(0, -40)]) {
      const folder = written({ 'creds.json': text })
      const error = await rejection(useMultiFileAuthState(folder), 'corrupt-auth-state')
      expect(error.message).toContain('creds.json')
      expect(error.data).toMatchObject({ file: 'creds.json' })
      expect(readFileSync(join(folder, 'creds.json'), 'utf8')).toBe(text)
      expect(readdirSync(folder)).toEqual(['creds.json'])
    }
  })

  it('are restored when the journal holds them', async () => {
    const folder = temporaryFolder()
    const lost = await opened(folder)
    await lost.saveCreds()
    const copy = copyOf(folder)
    writeFileSync(join(copy, 'creds.json'), '{"noiseKey"')
    const { state, close } = await opened(copy)
    expect(hex(state.creds.noiseKey.private)).toBe(hex(lost.state.creds.noiseKey.private))
    await close()
    expect(readFileSync(join(copy, 'creds.json'), 'utf8')).toBe(encodeCredentials(lost.state.creds))
  })
})

describe('an unfinished journal', () => {
  it('is refused when another program has changed the credentials since', async () => {
    const folder = temporaryFolder()
    const lost = await opened(folder)
    await lost.saveCreds()
    await lost.state.keys.set({ session: { a: Buffer.of(1) } })
    const copy = copyOf(folder)
    writeFileSync(join(copy, 'creds.json'), encodeCredentials({ ...lost.state.creds, accountSyncCounter: 9 }))
    await rejection(useMultiFileAuthState(copy), 'auth-state-conflict')
    for (const name of journals(copy)) rmSync(join(copy, name))
    const { state } = await opened(copy)
    expect(state.creds.accountSyncCounter).toBe(9)
  })

  it('is refused when a segment before the last one is damaged', async () => {
    const folder = temporaryFolder()
    const lost = await opened(folder)
    await lost.state.keys.set({ session: { a: Buffer.of(1) } })
    const copy = copyOf(folder)
    const [first = ''] = journals(copy)
    const bytes = readFileSync(join(copy, first))
    writeFileSync(join(copy, 'kurir-journal.00000002'), bytes)
    writeFileSync(join(copy, first), bytes.subarray(0, -1))
    await rejection(useMultiFileAuthState(copy), 'corrupt-auth-state')
  })
})

describe('one folder in one process', () => {
  it('is shared by calls that do not know of each other', async () => {
    const folder = temporaryFolder()
    const first = await opened(folder)
    const second = await opened(folder)
    expect(second.state.creds).toBe(first.state.creds)
    await first.state.keys.set({ session: { a: Buffer.of(1) } })
    expect(await second.state.keys.get('session', ['a'])).toEqual({ a: Buffer.of(1) })
    await first.close()
    expect(existsSync(join(folder, 'session-a.json'))).toBe(true)
    await second.state.keys.set({ session: { a: Buffer.of(2) } })
    await second.close()
    expect(existsSync(join(folder, 'kurir.lock'))).toBe(false)
  })

  it('can be opened again while it is being closed', async () => {
    const folder = temporaryFolder()
    const first = await opened(folder)
    await first.state.keys.set({ session: { a: Buffer.of(1) } })
    const [, second] = await Promise.all([first.close(), opened(folder)])
    expect(await second.state.keys.get('session', ['a'])).toEqual({ a: Buffer.of(1) })
  })

  it('starts anew when the folder was deleted to log out', async () => {
    const folder = temporaryFolder()
    const first = await opened(folder)
    await first.saveCreds()
    rmSync(folder, { recursive: true })
    const second = await opened(folder)
    expect(second.state.creds).not.toBe(first.state.creds)
    expect(second.state.creds.advSecretKey).not.toBe(first.state.creds.advSecretKey)
    await second.saveCreds()
    await rejection(first.saveCreds(), 'auth-state-closed')
  })

  it('starts anew when creds.json was deleted to log out', async () => {
    const folder = temporaryFolder()
    const first = await opened(folder)
    await first.saveCreds()
    rmSync(join(folder, 'creds.json'))
    const second = await opened(folder)
    expect(second.state.creds.advSecretKey).not.toBe(first.state.creds.advSecretKey)
    await second.saveCreds()
    await rejection(first.saveCreds(), 'auth-state-closed')
  })
})

/** The folder as a process that is killed now would leave it. */
function copyOf(folder: string): string {
  const copy = temporaryFolder()
  for (const name of readdirSync(folder)) writeFileSync(join(copy, name), readFileSync(join(folder, name)))
  return copy
}
