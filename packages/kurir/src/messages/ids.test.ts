import { describe, expect, it } from 'vitest'
import { generateMessageID, generateMessageIDV2, getDevice } from './ids.js'
import { hex, readFixture } from './testing/fixtures.js'

interface Vectors {
  cases: { generator: string; userId?: string | null; unixSeconds: number; randomHex: string; id: string }[]
  deviceFromId: { id: string; device: string }[]
}
const vectors = readFixture<Vectors>('vectors/03-message-ids.json')

describe('message ids', () => {
  for (const vector of vectors.cases) {
    if (vector.generator === 'baileys_v2') {
      it(`makes the id of the vector for ${vector.userId}`, () => {
        const sources = { unixSeconds: vector.unixSeconds, random: hex(vector.randomHex) }
        expect(generateMessageIDV2(vector.userId ?? undefined, sources)).toBe(vector.id)
      })
    }
    if (vector.generator === 'baileys_legacy') {
      it('makes the older form from its random bytes', () => {
        expect(generateMessageID(hex(vector.randomHex))).toBe(vector.id)
      })
    }
  }

  it('takes random bytes and the clock when none are given', () => {
    const ids = new Set(Array.from({ length: 500 }, () => generateMessageIDV2('1@s.whatsapp.net')))
    expect(ids.size).toBe(500)
    for (const id of ids) expect(id).toMatch(/^3EB0[0-9A-F]{18}$/)
    expect(generateMessageID()).toMatch(/^3EB0[0-9A-F]{36}$/)
  })

  it('keeps all random bytes when the user part is longer than its place (docs/protocol/03, 1.1)', () => {
    const random = Buffer.alloc(16, 7)
    const user = '1'.repeat(40)
    const id = generateMessageIDV2(`${user}@s.whatsapp.net`, { unixSeconds: 1, random })
    expect(generateMessageIDV2(`${user}9@s.whatsapp.net`, { unixSeconds: 1, random })).toBe(id)
    expect(generateMessageIDV2(`${user}@s.whatsapp.net`, { unixSeconds: 1, random: Buffer.alloc(16, 8) })).not.toBe(id)
  })

  for (const { id, device } of vectors.deviceFromId) {
    it(`takes ${id} for an id of ${device}`, () => {
      expect(getDevice(id)).toBe(device)
    })
  }
})
