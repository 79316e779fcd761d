import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { decodeInboxRecord, encodeInboxRecord } from './inbox-record.js'

const message: WAMessage = {
  key: {
    remoteJid: '120363000000000001@g.us',
    fromMe: false,
    id: '3EB0A1',
    participant: '111:2@lid',
    participantAlt: '628111:2@s.whatsapp.net',
    addressingMode: 'lid',
  },
  messageTimestamp: 1_763_700_000,
  pushName: 'Bob',
  broadcast: false,
  category: 'peer',
  retryCount: 2,
  message: proto.Message.decode(
    proto.Message.encode({ extendedTextMessage: { text: 'hello', contextInfo: { stanzaId: 'x' } } }).finish(),
  ),
}
const record = { sequence: 70_000_000_000, deliveries: 3, type: 'append', name: '111@lid 3EB0A1', message } as const

describe('inbox records', () => {
  it('keep a message with what its protobuf form has no fields for', () => {
    const read = decodeInboxRecord(encodeInboxRecord(record))
    expect(read).toMatchObject({ sequence: 70_000_000_000, deliveries: 3, type: 'append', name: '111@lid 3EB0A1' })
    const { message: content, ...rest } = read.message
    expect(rest).toMatchObject({
      key: message.key,
      messageTimestamp: 1_763_700_000,
      pushName: 'Bob',
      category: 'peer',
      retryCount: 2,
    })
    expect(proto.Message.encode(content ?? {}).finish()).toEqual(proto.Message.encode(message.message ?? {}).finish())
  })

  it('leave out what a message does not have', () => {
    const plain: WAMessage = { key: { remoteJid: '1@s.whatsapp.net', id: 'A', fromMe: false } }
    const read = decodeInboxRecord(encodeInboxRecord({ ...record, type: 'notify', message: plain }))
    expect(read.type).toBe('notify')
    expect(Object.keys(read.message).toSorted()).toEqual(['key', 'messageTimestamp'])
    expect(read.message.key.participant ?? undefined).toBeUndefined()
  })

  it('are refused when damaged, with a typed error', () => {
    const whole = encodeInboxRecord(record)
    fc.assert(
      fc.property(fc.nat(whole.byteLength - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, mask, cut) => {
        const damaged = cut ? whole.slice(0, at) : Uint8Array.from(whole)
        if (!cut) damaged[at] = (damaged[at] ?? 0) ^ mask
        try {
          decodeInboxRecord(damaged)
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid-inbox-record' })
        }
      }),
    )
  })
})
