import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KurirError } from '../errors/index.js'
import { generateParticipantHashV2, participantHash } from './participant-hash.js'
import { readVectors } from './testing/vectors.js'

const vectors = readVectors<{
  cases: { id: string; devices: string[]; phash: string; baileys: string }[]
  dhash: { devices: string[]; hash: string }
}>('02-phash')

describe('participant hash (docs/protocol/02 §4.5)', () => {
  for (const { id, devices, phash, baileys } of vectors.cases) {
    it(`${id}: the canonical form is hashed, not the JID text as in Baileys`, () => {
      expect(participantHash(devices)).toBe(phash)
      expect(participantHash(devices)).not.toBe(baileys)
    })
  }

  it('names the device list of one user', () => {
    expect(participantHash(vectors.dhash.devices)).toBe(vectors.dhash.hash)
  })

  it('depends neither on order nor on how device 0 is written, and leaves its argument alone', () => {
    const jid = fc
      .tuple(fc.nat(10 ** 9), fc.nat(99), fc.constantFrom('s.whatsapp.net', 'lid'))
      .map(([user, device, server]) => `${user}${device ? `:${device}` : ''}@${server}`)
    fc.assert(
      fc.property(fc.uniqueArray(jid, { maxLength: 20 }), jids => {
        const frozen = Object.freeze([...jids].reverse())
        const explicit = jids.map(text => (text.includes(':') ? text : text.replace('@', ':0@')))
        expect(participantHash(frozen)).toBe(participantHash(jids))
        expect(participantHash(explicit)).toBe(participantHash(jids))
        expect(participantHash(jids)).toMatch(/^2:[A-Za-z0-9+/]{8}$/)
      }),
    )
  })

  it('is generateParticipantHashV2 too, which sorts its argument in Baileys (docs/protocol/06 §8)', () => {
    const devices = ['2:1@lid', '1@lid']
    expect(generateParticipantHashV2(devices)).toBe(participantHash(devices))
    expect(devices).toEqual(['2:1@lid', '1@lid'])
  })

  it('keeps hosted devices and namespaces apart', () => {
    const hashes = ['1@s.whatsapp.net', '1@lid', '1@hosted', '1:1@lid'].map(jid => participantHash([jid]))
    expect(new Set(hashes).size).toBe(4)
  })

  it('refuses what is not a device', () => {
    for (const jid of ['1555', '', '1555:x@lid']) {
      expect(() => participantHash([jid])).toThrow(KurirError)
    }
  })
})
