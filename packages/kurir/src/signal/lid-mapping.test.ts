import { describe, expect, it } from 'vitest'
import { silentLogger } from '../logger/logger.js'
import type { LIDMapping } from './key-store.js'
import { LIDMappingStore } from './lid-mapping.js'
import { decodeSessionRecord } from './session-record-codec.js'
import { MemoryKeyStore } from './testing/memory-key-store.js'
import { makeParty, type Party } from './testing/party.js'

const pn = (user: string, device = '') => `${user}${device}@s.whatsapp.net`
const lid = (user: string, device = '') => `${user}${device}@lid`

function makeStore(ask?: (jids: string[]) => Promise<LIDMapping[] | undefined>, clock?: () => number) {
  const keys = new MemoryKeyStore()
  const mapping = new LIDMappingStore(keys, silentLogger, ask, clock ? { clock } : {})
  return {
    keys,
    mapping,
    rows: () => Object.fromEntries(keys.ids('lid-mapping').map(id => [id, keys.value('lid-mapping', id)])),
  }
}

describe('mappings', () => {
  it('are stored in both directions, whichever way round the pair is given', async () => {
    const { mapping, rows } = makeStore()
    await mapping.storeLIDPNMappings([
      { pn: pn('1', ':5'), lid: lid('100') },
      { pn: lid('200', ':3'), lid: pn('2') },
      { pn: '3@hosted', lid: '300:99@hosted.lid' },
    ])
    expect(rows()).toEqual({
      '1': '100',
      '100_reverse': '1',
      '2': '200',
      '200_reverse': '2',
      '3': '300',
      '300_reverse': '3',
    })
  })

  it('carry the device over; the phone number always shows its device', async () => {
    const { mapping } = makeStore()
    await mapping.storeLIDPNMappings([{ pn: pn('1'), lid: lid('100') }])
    expect(await mapping.getLIDForPN(pn('1'))).toBe('100@lid')
    expect(await mapping.getLIDForPN(pn('1', ':4'))).toBe('100:4@lid')
    expect(await mapping.getLIDForPN('1:99@hosted')).toBe('100:99@hosted.lid')
    expect(await mapping.getPNForLID(lid('100'))).toBe('1:0@s.whatsapp.net')
    expect(await mapping.getPNForLID(lid('100', ':4'))).toBe('1:4@s.whatsapp.net')
    expect(await mapping.getPNForLID('100:99@hosted.lid')).toBe('1:99@hosted')
  })

  it('that are not one LID and one phone number are ignored', async () => {
    const { mapping, keys } = makeStore()
    await mapping.storeLIDPNMappings([
      { pn: pn('1'), lid: pn('2') },
      { pn: lid('1'), lid: lid('2') },
      { pn: 'x@g.us', lid: lid('2') },
      { pn: '', lid: '' },
      { pn: pn(''), lid: lid('2') },
    ])
    expect(keys.rows.size).toBe(0)
  })

  it('unknown: null', async () => {
    const { mapping } = makeStore()
    expect(await mapping.getLIDForPN(pn('1'))).toBeNull()
    expect(await mapping.getPNForLID(lid('1'))).toBeNull()
    expect(await mapping.getLIDsForPNs([])).toBeNull()
    expect(await mapping.getPNsForLIDs([pn('1')])).toBeNull()
    expect(await mapping.getLIDsForPNs([lid('1'), 'x@g.us'])).toBeNull()
  })

  it('02 §6.3: the last one stands, and rows of former partners go', async () => {
    const { mapping, rows } = makeStore()
    await mapping.storeLIDPNMappings([{ pn: pn('1'), lid: lid('100') }])
    await mapping.storeLIDPNMappings([{ pn: pn('1'), lid: lid('101') }])
    expect(rows()).toEqual({ '1': '101', '101_reverse': '1' })
    expect(await mapping.getPNForLID(lid('100'))).toBeNull()
    await mapping.storeLIDPNMappings([{ pn: pn('2'), lid: lid('101') }])
    expect(rows()).toEqual({ '2': '101', '101_reverse': '2' })
    expect(await mapping.getLIDForPN(pn('1'))).toBeNull()
    await mapping.storeLIDPNMappings([
      { pn: pn('7'), lid: lid('700') },
      { pn: pn('7'), lid: lid('701') },
      { pn: pn('8'), lid: lid('701') },
    ])
    expect(await mapping.getLIDsForPNs([pn('7'), pn('8')])).toEqual([{ pn: pn('8'), lid: lid('701') }])
  })

  it('stored twice are written once', async () => {
    const { mapping, keys } = makeStore()
    await mapping.storeLIDPNMappings([{ pn: pn('1'), lid: lid('100') }])
    await mapping.storeLIDPNMappings([{ pn: pn('1', ':2'), lid: lid('100', ':2') }])
    expect(keys.commits).toBe(1)
  })

  it('are read from the store once, together', async () => {
    const { mapping, keys } = makeStore()
    await keys.set({ 'lid-mapping': { '1': '100', '2': '200' } })
    const found = await mapping.getLIDsForPNs([pn('1'), pn('2'), pn('1', ':9')])
    expect(found?.map(({ lid: found }) => found)).toEqual(['100@lid', '200@lid', '100:9@lid'])
    expect(keys.reads).toBe(1)
    await mapping.getLIDForPN(pn('2'))
    expect(keys.reads).toBe(1)
    mapping.close()
    await mapping.getLIDForPN(pn('2'))
    expect(keys.reads).toBe(2)
  })

  it('absent ones are looked for again after a minute', async () => {
    let now = 0
    const { mapping, keys } = makeStore(undefined, () => now)
    expect(await mapping.getLIDForPN(pn('1'))).toBeNull()
    await keys.set({ 'lid-mapping': { '1': '100' } })
    expect(await mapping.getLIDForPN(pn('1'))).toBeNull()
    now = 60_001
    expect(await mapping.getLIDForPN(pn('1'))).toBe('100@lid')
  })

  it('many thousands fit', async () => {
    const { mapping, keys } = makeStore()
    const pairs = Array.from({ length: 12_000 }, (_, index) => ({ pn: pn(`1${index}`), lid: lid(`2${index}`) }))
    await mapping.storeLIDPNMappings(pairs)
    expect(keys.ids('lid-mapping')).toHaveLength(24_000)
    expect(await mapping.getLIDForPN(pn('10'))).toBe('20@lid')
    const { reads } = keys
    await mapping.storeLIDPNMappings(pairs)
    expect(keys.commits).toBe(12)
    expect(keys.reads - reads).toBeLessThan(50)
  })
})

describe('asking the service', () => {
  it('is done once for everyone who waits, for what the store does not know, without devices', async () => {
    const asked: string[][] = []
    const { mapping, keys } = makeStore(async jids => {
      asked.push(jids)
      await Promise.resolve()
      return jids.filter(jid => !jid.startsWith('9')).map(jid => ({ pn: jid, lid: lid(`1${jid.split('@')[0]}`) }))
    })
    await keys.set({ 'lid-mapping': { '1': '11' } })
    const answers = await Promise.all([
      mapping.getLIDsForPNs([pn('1'), pn('2', ':3')]),
      mapping.getLIDForPN(pn('2')),
      mapping.getLIDsForPNs([pn('2'), pn('9'), '4:99@hosted']),
    ])
    expect(answers).toEqual([
      [
        { pn: pn('1'), lid: lid('11') },
        { pn: pn('2', ':3'), lid: lid('12', ':3') },
      ],
      lid('12'),
      [
        { pn: pn('2'), lid: lid('12') },
        { pn: '4:99@hosted', lid: '14:99@hosted.lid' },
      ],
    ])
    expect(asked.flat().sort()).toEqual([pn('2'), pn('4'), pn('9')])
    expect(keys.value('lid-mapping', '12_reverse')).toBe('2')
  })

  it('that fails is reported to all who wait, and tried again next time', async () => {
    let calls = 0
    const { mapping } = makeStore(async jids => {
      calls++
      if (calls === 1) throw new Error('offline')
      return jids.map(jid => ({ pn: jid, lid: lid('100') }))
    })
    const first = await Promise.allSettled([mapping.getLIDForPN(pn('1')), mapping.getLIDForPN(pn('1'))])
    expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await mapping.getLIDForPN(pn('1'))).toBe('100@lid')
    expect(calls).toBe(2)
  })

  it('is not done while encrypting', async () => {
    const asked: string[][] = []
    const alice = makeParty(pn('1'))
    const bob = makeParty(pn('2'))
    alice.repository.lidMapping = new LIDMappingStore(alice.keys, silentLogger, async jids => {
      asked.push(jids)
      return []
    })
    await alice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
    await alice.repository.encryptMessage({ jid: bob.jid, data: Buffer.from('x') })
    expect(asked).toEqual([])
  })
})

describe('02 §6.4: sessions move with the mapping', () => {
  const text = (value: string) => Buffer.from(value)

  async function exchange(from: Party, to: Party, toJid: string, fromJid: string, value: string): Promise<void> {
    const sent = await from.repository.encryptMessage({ jid: toJid, data: text(value) })
    const plaintext = await to.repository.decryptMessage({ jid: fromJid, ...sent })
    expect(Buffer.from(plaintext).toString()).toBe(value)
  }

  async function talk(): Promise<{ alice: Party; bob: Party }> {
    const alice = makeParty(pn('1'))
    const bob = makeParty(pn('2', ':5'))
    await alice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
    await exchange(alice, bob, bob.jid, alice.jid, 'a')
    await exchange(bob, alice, alice.jid, bob.jid, 'b')
    return { alice, bob }
  }

  it('in the same commit, with the identity, for all devices on record', async () => {
    const { alice, bob } = await talk()
    await alice.keys.set({ 'device-list': { '2': ['0', '5'] } })
    const { commits } = alice.keys
    await alice.repository.lidMapping.storeLIDPNMappings([{ pn: pn('2'), lid: lid('200') }])
    expect(alice.keys.commits).toBe(commits + 1)
    expect(alice.keys.ids('session')).toEqual(['200_1.5'])
    expect(alice.keys.ids('identity-key')).toEqual(['200_1.5'])
    await exchange(alice, bob, lid('200', ':5'), alice.jid, 'by LID')
    await exchange(alice, bob, bob.jid, alice.jid, 'by number')
    await exchange(bob, alice, alice.jid, lid('200', ':5'), 'back')
  })

  it('when a device was not on record, the session is found and moved at the next use', async () => {
    const { alice, bob } = await talk()
    await alice.repository.lidMapping.storeLIDPNMappings([{ pn: pn('2'), lid: lid('200') }])
    expect(alice.keys.ids('session')).toEqual(['2.5'])
    expect(await alice.repository.validateSession(lid('200', ':5'))).toEqual({ exists: true })
    expect(await alice.repository.devicesWithSession([lid('200', ':5')])).toEqual(new Set([lid('200', ':5')]))
    expect(await alice.repository.getSessionInfo(lid('200', ':5'))).not.toBeNull()
    await exchange(bob, alice, alice.jid, lid('200', ':5'), 'by LID')
    expect(alice.keys.ids('session')).toEqual(['200_1.5'])
    expect(alice.keys.ids('identity-key')).toEqual(['200_1.5'])
  })

  it('in a fan-out, too', async () => {
    const { alice, bob } = await talk()
    await alice.repository.lidMapping.storeLIDPNMappings([{ pn: pn('2'), lid: lid('200') }])
    const [result] = await alice.repository.encryptForDevices([lid('200', ':5')], () => text('x'))
    if (result === undefined || result.type === 'failed') throw new Error('not encrypted')
    await bob.repository.decryptMessage({ ...result, jid: alice.jid })
    expect(alice.keys.ids('session')).toEqual(['200_1.5'])
  })

  it('where both exist the LID session stays open and the other joins its archive', async () => {
    const { alice, bob } = await talk()
    const late = await bob.repository.encryptMessage({ jid: alice.jid, data: text('on the number session') })
    await alice.repository.injectE2ESession({ jid: lid('200', ':5'), session: bob.bundle() })
    await exchange(alice, bob, lid('200', ':5'), lid('100'), 'on the LID session')
    const open = await alice.repository.getSessionInfo(lid('200', ':5'))
    await alice.keys.set({ 'device-list': { '200': ['5'] } })
    await alice.repository.lidMapping.storeLIDPNMappings([{ pn: pn('2'), lid: lid('200') }])
    expect(await alice.repository.getSessionInfo(bob.jid)).toEqual(open)
    const stored = alice.keys.value('session', '200_1.5') as Uint8Array
    expect(decodeSessionRecord(stored).archived).toHaveLength(1)
    const plaintext = await alice.repository.decryptMessage({ jid: lid('200', ':5'), ...late })
    expect(Buffer.from(plaintext).toString()).toBe('on the number session')
  })

  it('while sessions are in use', async () => {
    const { alice, bob } = await talk()
    await alice.keys.set({ 'device-list': { '2': ['5'] } })
    const sends = Array.from({ length: 30 }, (_, index) =>
      alice.repository
        .encryptMessage({ jid: index % 2 ? bob.jid : lid('200', ':5'), data: text(`${index}`) })
        .catch((error: { code: string }) => error.code),
    )
    await alice.repository.lidMapping.storeLIDPNMappings([{ pn: pn('2'), lid: lid('200') }])
    const more = Array.from({ length: 10 }, (_, index) =>
      alice.repository.encryptMessage({ jid: index % 2 ? bob.jid : lid('200', ':5'), data: text(`late ${index}`) }),
    )
    const texts: string[] = []
    for (const sent of await Promise.all([...sends, ...more])) {
      if (typeof sent === 'string') expect(sent).toBe('no-session')
      else texts.push(Buffer.from(await bob.repository.decryptMessage({ jid: alice.jid, ...sent })).toString())
    }
    // Nobody knew before the mapping that the LID has this session; everything sent to the number arrived.
    expect(texts.filter(value => !value.startsWith('late')).length).toBeGreaterThanOrEqual(15)
    expect(texts.filter(value => value.startsWith('late'))).toHaveLength(10)
    expect(alice.keys.ids('session')).toEqual(['200_1.5'])
  })

  it('on request: migrateSession', async () => {
    const { alice, bob } = await talk()
    const { repository } = alice
    expect(await repository.migrateSession('', lid('200'))).toEqual({ migrated: 0, skipped: 0, total: 0 })
    expect(await repository.migrateSession(bob.jid, pn('3'))).toEqual({ migrated: 0, skipped: 0, total: 0 })
    expect(await repository.migrateSession(lid('9'), lid('200'))).toEqual({ migrated: 0, skipped: 0, total: 1 })
    expect(await repository.migrateSession(pn('77'), lid('200'))).toEqual({ migrated: 0, skipped: 0, total: 0 })
    expect(await repository.migrateSession(bob.jid, lid('200'))).toEqual({ migrated: 1, skipped: 0, total: 1 })
    expect(alice.keys.ids('session')).toEqual(['200_1.5'])
    await exchange(alice, bob, lid('200', ':5'), alice.jid, 'moved')
  })

  it('a hosted device moves to the hosted LID server', async () => {
    const alice = makeParty(pn('1'))
    const bob = makeParty('2:99@hosted')
    await alice.repository.injectE2ESession({ jid: bob.jid, session: bob.bundle() })
    await alice.repository.lidMapping.storeLIDPNMappings([{ pn: pn('2'), lid: lid('200') }])
    expect(alice.keys.ids('session')).toEqual(['200_129.99'])
  })

  it('records that cannot be read do not stand in the way', async () => {
    const { alice } = await talk()
    await alice.keys.set({ 'device-list': { '2': ['5'] }, session: { '200_1.5': Buffer.from('broken') } })
    await alice.repository.lidMapping.storeLIDPNMappings([{ pn: pn('2'), lid: lid('200') }])
    expect(await alice.repository.validateSession(lid('200', ':5'))).toEqual({ exists: true })
  })
})
