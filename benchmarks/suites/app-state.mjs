/**
 * The app state of a large account, each time in a process of its own, and the sum that proves it. zapo-js takes app
 * state in within its client only: it has no entry for this.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SeededRandom } from '@kurir/simulator'
import { LT_HASH_ANTI_TAMPERING } from 'baileys'
import { expandAppStateKey, newLTHashState, nextState, sealMutation, snapshotMac, updateLtHash } from 'kurir/app-state'
import { proto } from 'kurir/proto'
import { compare, median, smallerIsBetter } from '../harness.mjs'

const RECORDS = 50_000
const ROUNDS = 3
const LIBRARIES = ['kurir', 'baileys']
const HASHED = 1000

const random = new SeededRandom('app-state')
const keyData = random.bytes(32)
const keyId = Buffer.from('000100000001', 'hex')
const timestamp = 1_700_000_000_000

/** What accounts have many of. */
const kinds = [
  jid => ({ index: ['mute', jid], value: { muteAction: { muted: true, muteEndTimestamp: -1 } } }),
  jid => ({ index: ['pin_v1', jid], value: { pinAction: { pinned: true } } }),
  (jid, index) => {
    const contactAction = { fullName: `Somebody ${index}`, firstName: 'Somebody', lidJid: `${index + 1e14}@lid` }
    return { index: ['contact', jid], value: { contactAction } }
  },
  jid => {
    const key = { remoteJid: jid, fromMe: false, id: random.bytes(10).toString('hex').toUpperCase() }
    const messageRange = { lastMessageTimestamp: 1_700_000_000, messages: [{ key, timestamp: 1_700_000_000 }] }
    return { index: ['archive', jid], value: { archiveChatAction: { archived: true, messageRange } } }
  },
  jid => {
    const id = random.bytes(10).toString('hex').toUpperCase()
    return { index: ['star', jid, id, '0', '0'], value: { starAction: { starred: true } } }
  },
]

const snapshot = () => {
  const key = { keyId, expanded: expandAppStateKey(keyData) }
  const sealed = Array.from({ length: RECORDS }, (_, index) => {
    const { index: slots, value } = kinds[index % kinds.length](`${49_151_000_000_000 + index}@s.whatsapp.net`, index)
    const mutation = { operation: 'set', index: slots, value: { timestamp, ...value }, version: 2 }
    return { operation: 'set', ...sealMutation(mutation, key, length => random.bytes(length)) }
  })
  const state = { version: 7, ...nextState(newLTHashState(), sealed) }
  const mac = snapshotMac(key.expanded, 'regular_low', state)
  const records = sealed.map(({ record }) => record)
  const bytes = proto.SyncdSnapshot.encode({ version: { version: 7 }, records, mac, keyId: { id: keyId } }).finish()
  return { bytes, found: { mutations: RECORDS, records: RECORDS, hash: state.hash.toString('hex'), diverged: false } }
}

const takeIn = (library, file) => {
  const program = fileURLToPath(new URL('../processes/app-state.mjs', import.meta.url))
  const output = execFileSync(process.execPath, [program, library, file, keyData.toString('hex')], { encoding: 'utf8' })
  return JSON.parse(output)
}

const measureSnapshot = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kurir-benchmark-'))
  try {
    const { bytes, found } = snapshot()
    const file = join(folder, 'snapshot')
    await writeFile(file, bytes)
    const samples = Object.fromEntries(LIBRARIES.map(library => [library, []]))
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const library of LIBRARIES) {
        const sample = takeIn(library, file)
        assert.deepEqual(sample.found, found, library)
        samples[library].push(sample)
      }
    }
    const figures = key =>
      Object.fromEntries(LIBRARIES.map(library => [library, median(samples[library].map(sample => sample[key]))]))
    const what = `app-state snapshot of ${RECORDS.toLocaleString('en')} records, verified`
    return [
      smallerIsBetter({ name: `${what}, time`, unit: 'ms', target: 3 }, figures('milliseconds')),
      smallerIsBetter({ name: `${what}, peak memory`, unit: 'MiB' }, figures('megabytes')),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const measureHash = () => {
  const base = random.bytes(128)
  const values = Array.from({ length: HASHED }, () => random.bytes(32))
  const theirs = () => LT_HASH_ANTI_TAMPERING.subtractThenAdd(base, [], values)
  const ours = () => updateLtHash(base, [], values)
  assert.ok(ours().equals(theirs()), 'the hashes differ')
  return compare({
    name: `LT hash of ${HASHED.toLocaleString('en')} values`,
    unit: 'values/s',
    operations: HASHED,
    kurir: { run: ours },
    peers: { baileys: { run: theirs } },
  })
}

export const measure = async () => [...(await measureSnapshot()), await measureHash()]
