import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeOutboxRecord, encodeOutboxRecord, type OutboxRecord } from './outbox-record.js'

const record: OutboxRecord = {
  sequence: 70_000_000_000,
  state: 'unanswered',
  attempts: 3,
  sentAt: 1_763_700_000_000,
  id: '3EB0A1',
  jid: '628111@s.whatsapp.net',
  options: '{"statusJidList":["1@lid"]}',
  content: Buffer.from('0a0568656c6c6f', 'hex'),
}

describe('outbox records', () => {
  it.each(['unanswered', 'answered'] as const)('come back as they were: %s', state => {
    const read = decodeOutboxRecord(encodeOutboxRecord({ ...record, state }))
    expect({ ...read, content: Buffer.from(read.content) }).toEqual({ ...record, state })
  })

  it('are refused when damaged, with a typed error', () => {
    const whole = encodeOutboxRecord(record)
    fc.assert(
      fc.property(fc.nat(whole.byteLength - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, mask, cut) => {
        const damaged = cut ? whole.slice(0, at) : Uint8Array.from(whole)
        if (!cut) damaged[at] = (damaged[at] ?? 0) ^ mask
        try {
          decodeOutboxRecord(damaged)
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-outbox-record' })
        }
      }),
    )
  })
})
