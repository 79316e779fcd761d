import { describe, expect, it } from 'vitest'
import { makeMemoryAuthState } from '../auth/memory.js'
import { addTransactionCapability } from '../auth/transactions.js'
import { silentLogger } from '../logger/logger.js'
import {
  parentsInChat,
  readRow,
  rememberedParent,
  secretLifeSeconds,
  secretRowOf,
  secretRows,
  secretsPerRow,
  updatedRow,
  withParent,
} from './remembered-secrets.js'
import { me } from './testing/fixtures.js'

const now = 1_700_000_000
const parentOf = (id: string, chat = '1@g.us', participant = '2@lid', since = now) =>
  rememberedParent(
    {
      key: { remoteJid: chat, fromMe: false, id, participant },
      secret: Buffer.alloc(32, id.length),
      expectsAddOns: true,
      selectableOptions: 1,
    },
    me,
    since,
  )

describe('remembered secrets', () => {
  it('survive the form in which they are stored', () => {
    const parent = parentOf('A')
    const row = updatedRow(undefined, new Map([['A', [parent]]]), now)
    expect(readRow(JSON.parse(JSON.stringify(row))).get('A')).toEqual([parent])
  })

  it('are spread over few rows, each of which is bounded', () => {
    const rows = new Set(Array.from({ length: 2_000 }, (_, index) => secretRowOf(`3EB0${index}`)))
    expect(rows.size).toBe(secretRows)
    let row = updatedRow(undefined, new Map(), now)
    for (let index = 0; index < secretsPerRow + 5; index += 1) {
      row = updatedRow(row, new Map([[`M${index}`, [parentOf(`M${index}`, undefined, undefined, now + index)]]]), now)
    }
    expect(Object.keys(row)).toHaveLength(secretsPerRow)
    // The oldest went.
    expect(row['M4']).toBeUndefined()
    expect(row['M5']).toBeDefined()
  })

  it('are forgotten after their time', () => {
    const row = updatedRow(undefined, new Map([['OLD', [parentOf('OLD')]]]), now)
    const later = now + secretLifeSeconds + 1
    const next = updatedRow(row, new Map([['NEW', [parentOf('NEW', undefined, undefined, later)]]]), later)
    expect(Object.keys(next)).toEqual(['NEW'])
  })

  it('cannot be replaced by somebody who uses the id again', () => {
    const original = parentOf('A')
    const forged = { ...parentOf('A', '1@g.us', '3@lid'), secret: Buffer.alloc(32, 9) }
    const known = withParent(withParent([], original), forged)
    expect(known[0]).toBe(original)
    expect(withParent(known, { ...original, secret: Buffer.alloc(32, 8) })).toBe(known)
    const crowd = Array.from({ length: 9 }, (_, index) => parentOf('A', '1@g.us', `${index + 10}@lid`))
    expect(crowd.reduce(withParent, known as readonly (typeof original)[])).toHaveLength(4)
  })

  it('belong to their chat; a person is the same under either name', () => {
    const inGroup = parentOf('A')
    const inChat = parentOf('A', '22@s.whatsapp.net', '')
    const all = [inGroup, inChat]
    expect(parentsInChat(all, { remoteJid: '1@g.us' })).toEqual([inGroup])
    expect(parentsInChat(all, { remoteJid: '22@s.whatsapp.net' })).toEqual([inChat])
    expect(parentsInChat(all, { remoteJid: '2@lid', remoteJidAlt: '22@s.whatsapp.net' })).toEqual([inChat])
    expect(parentsInChat(all, { remoteJid: '33@s.whatsapp.net' })).toEqual([])
    expect(parentsInChat(all, { remoteJid: '5@g.us' })).toEqual([])
  })

  it('that are damaged are left out', () => {
    const damaged = { A: 'x', B: [{ chat: '1@g.us', author: null, secret: 'AA==' }], C: [{ chat: 1 }] }
    const read = readRow(damaged as never)
    expect([...read.values()].flat()).toEqual([])
  })
})

describe('the store of secrets', () => {
  it('can be kept by every key store', async () => {
    const { state } = makeMemoryAuthState()
    const keys = addTransactionCapability(state.keys, silentLogger, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })
    const row = updatedRow(undefined, new Map([['A', [parentOf('A')]]]), now)
    await keys.transaction(() => Promise.resolve(keys.set({ 'message-secret': { '5': row } })), 'x')
    expect((await keys.get('message-secret', ['5']))['5']).toEqual(row)
  })
})
