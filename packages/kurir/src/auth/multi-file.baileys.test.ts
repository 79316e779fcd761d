import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  proto as baileysProto,
  initAuthCreds as initBaileysCreds,
  useMultiFileAuthState as useBaileysFolder,
} from 'baileys'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readVectors } from '../binary/testing/vectors.js'
import { KurirError } from '../errors/kurir-error.js'
import type { SignalDataSet, SignalDataType } from '../signal/key-store.js'
import { decodeAccount } from './account-identity.js'
import { useMultiFileAuthState } from './multi-file.js'
import { temporaryFolder } from './testing/temporary-folder.js'

const records = {
  'pre-key': { '7': { private: Buffer.alloc(32, 1), public: Buffer.alloc(32, 2) } },
  'sender-key': { '120363@g.us::1_1::3': Buffer.from('[]') },
  'sender-key-memory': { '120363@g.us': { '1:3@lid': true, '2:0@lid': true } },
  'app-state-sync-key': {
    'AB+/=': {
      keyData: Buffer.alloc(32, 3),
      fingerprint: { rawId: 1, currentIndex: 2, deviceIndexes: [0, 2] },
      timestamp: 1_700_000_000_000,
    },
  },
  'app-state-sync-version': {
    regular: { version: 3, hash: Buffer.alloc(128, 4), indexValueMap: { 'aGk=': { valueMac: Buffer.alloc(32, 5) } } },
  },
  'lid-mapping': { '1555': '1000', '1000_reverse': '1555' },
  'device-list': { '1555': ['0', '3'] },
  tctoken: { '1000@lid': { token: Buffer.from('abc'), timestamp: '1700000000' } },
  'identity-key': { '1000_1.3': Buffer.alloc(33, 5) },
} satisfies SignalDataSet

/** Everything as comparable values: bytes in one form, long integers as text. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, function (this: Record<string, unknown>, key: string, item: unknown) {
      const raw = this[key]
      if (raw instanceof Uint8Array) return Buffer.from(raw).toString('hex')
      return typeof item === 'string' || typeof item === 'number' ? String(item) : item
    }),
  )
}

const plainSyncKey = (value: object) => ({ ...value, ...JSON.parse(JSON.stringify(value)) })

it('Baileys reads a folder that Kurir has closed', async () => {
  const folder = temporaryFolder()
  const { state, saveCreds, close } = await useMultiFileAuthState(folder)
  Object.assign(state.creds, {
    me: { id: '1555:3@s.whatsapp.net', lid: '1000:3@lid' },
    routingInfo: Buffer.of(8, 3),
    account: {
      details: Buffer.of(1, 2),
      accountSignatureKey: Buffer.alloc(32, 1),
      accountSignature: Buffer.alloc(64, 2),
      deviceSignature: Buffer.alloc(64, 3),
    },
  })
  await saveCreds()
  await state.keys.set(records)
  await close()
  expect(readdirSync(folder).filter(name => !name.endsWith('.json'))).toEqual([])

  const baileys = await useBaileysFolder(folder)
  const { account, ...rest } = baileys.state.creds
  const { account: ownAccount, ...ownRest } = state.creds
  expect(comparable(rest)).toEqual(comparable(ownRest))
  expect(comparable(decodeAccount(account ?? {}))).toEqual(comparable(decodeAccount(ownAccount ?? {})))
  for (const [type, rows] of Object.entries(records) as [keyof typeof records, Record<string, object>][]) {
    const read = await baileys.state.keys.get(type, Object.keys(rows))
    if (type !== 'app-state-sync-key') expect(comparable(read), type).toEqual(comparable(rows))
    else {
      expect(plainSyncKey(read['AB+/='] as object)).toEqual({
        keyData: Buffer.alloc(32, 3).toString('base64'),
        fingerprint: { rawId: 1, currentIndex: 2, deviceIndexes: [0, 2] },
        timestamp: '1700000000000',
      })
    }
  }
})

it('Kurir reads what Baileys writes', async () => {
  const folder = temporaryFolder()
  const { state, saveCreds } = await useBaileysFolder(folder)
  Object.assign(state.creds, initBaileysCreds(), { me: { id: '1555:3@s.whatsapp.net' } })
  await saveCreds()
  const syncKey = baileysProto.Message.AppStateSyncKeyData.fromObject(records['app-state-sync-key']['AB+/='])
  await state.keys.set({ ...records, 'app-state-sync-key': { 'AB+/=': syncKey } } as Parameters<
    typeof state.keys.set
  >[0])

  const kurir = await useMultiFileAuthState(folder)
  expect(comparable(kurir.state.creds)).toEqual(comparable(state.creds))
  for (const [type, rows] of Object.entries(records) as [SignalDataType, Record<string, object>][]) {
    const read = await kurir.state.keys.get(type, Object.keys(rows))
    expect(comparable(read), type).toEqual(
      comparable(type === 'app-state-sync-key' ? { 'AB+/=': plainSyncKey(syncKey) } : rows),
    )
  }
  await kurir.close()
})

it('damaged files of any kind give records, null or typed errors', { timeout: 60_000 }, async () => {
  const { folderB } = readVectors<{ folderB: Record<string, string> }>('01-auth-state')
  const names = Object.keys(folderB)
  const asked: [SignalDataType, string][] = [
    ['app-state-sync-key', 'AAAAAPlm'],
    ['app-state-sync-version', 'regular_high'],
    ['device-list', '15550001111'],
    ['identity-key', '100000012345678_1.3'],
    ['lid-mapping', '15550001111'],
    ['sender-key', '120363000000000001@g.us::100000012345678_1::3'],
    ['session', '100000012345678_1.3'],
    ['tctoken', '100000033333333@lid'],
  ]
  const damage = fc.record({
    file: fc.constantFrom(...names, 'kurir-journal.00000001', 'kurir-tmp.1'),
    at: fc.nat(),
    removed: fc.nat({ max: 40 }),
    inserted: fc.oneof(fc.string({ maxLength: 5 }), fc.json()),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), async damages => {
      const folder = temporaryFolder()
      const files: Record<string, string> = { ...folderB }
      for (const { file, at, removed, inserted } of damages) {
        const text = files[file] ?? ''
        const start = at % (text.length + 1)
        files[file] = text.slice(0, start) + inserted + text.slice(start + removed)
      }
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
      try {
        const { state, saveCreds, close } = await useMultiFileAuthState(folder, { durability: 'process-crash' })
        for (const [type, id] of asked) await state.keys.get(type, [id])
        await saveCreds()
        await close()
      } catch (error) {
        expect(KurirError.is(error)).toBe(true)
      }
    }),
    { numRuns: 150 },
  )
})
