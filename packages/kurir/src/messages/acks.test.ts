import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { judgeMessageAck, messageUpdateOfAck } from './ack-verdict.js'
import { buildAck, buildAckStanza, NACK_REASONS, parseMessageAck } from './acks.js'
import { readFixture } from './testing/fixtures.js'
import { ackViolations } from './testing/stanza-schema.js'

interface Vectors {
  me: string
  cases: { name: string; received: BinaryNode; errorCode: number | null; ack: BinaryNode }[]
}
const vectors = readFixture<Vectors>('vectors/03-acks.json')

describe('acks we send', () => {
  for (const { name, received, errorCode, ack } of vectors.cases) {
    it(`${name}, as Baileys writes it`, () => {
      expect(buildAckStanza(received, errorCode ?? undefined, vectors.me)).toEqual(ack)
    })

    it(`${name}, as the strict schema has it: without from`, () => {
      const strict = buildAck(received, { error: errorCode ?? undefined })
      expect(ackViolations(strict)).toEqual([])
      const { from: _own, ...attrs } = ack.attrs
      expect(strict.attrs).toEqual(attrs)
    })
  }

  it('names the participant of few notifications only (docs/protocol/03, 4.8)', () => {
    const attrs = { id: 'N', from: '1@g.us', participant: '2@lid', type: 'picture' }
    expect(buildAck({ tag: 'notification', attrs }).attrs['participant']).toBeUndefined()
    const mediaRetry = { ...attrs, type: 'mediaretry' }
    expect(buildAck({ tag: 'notification', attrs: mediaRetry }).attrs['participant']).toBe('2@lid')
  })

  it('gives the reason of a refusal as meta', () => {
    const stanza = { tag: 'message', attrs: { id: 'M', from: '1@lid', type: 'text' } }
    const nack = buildAck(stanza, { error: NACK_REASONS.InvalidProtobuf, failureReason: 3 })
    expect(ackViolations(nack)).toEqual([])
    expect(nack.content).toEqual([{ tag: 'meta', attrs: { failure_reason: '3' } }])
  })

  it('refuses a stanza without id', () => {
    expect(() => buildAck({ tag: 'receipt', attrs: { from: '1@lid' } })).toThrow(
      expect.objectContaining({ code: 'invalid-stanza' }),
    )
  })
})

describe('acks of the server', () => {
  const ackOf = (attrs: Record<string, string>) =>
    parseMessageAck({
      tag: 'ack',
      attrs: { class: 'message', id: 'M1', from: '2@s.whatsapp.net', t: '1700000000', ...attrs },
    })

  it('reads a plain ack as accepted', () => {
    const ack = ackOf({})
    expect(judgeMessageAck(ack, { isGroup: false })).toEqual({ kind: 'accepted', timestamp: 1_700_000_000, advice: [] })
    expect(messageUpdateOfAck(ack)).toEqual({
      key: { remoteJid: '2@s.whatsapp.net', fromMe: true, id: 'M1' },
      update: { status: 2 },
    })
  })

  it('asks for a resend to missed devices on another phash (docs/protocol/02, 7.12)', () => {
    const verdict = judgeMessageAck(ackOf({ phash: '2:aaaaaaaa' }), {
      isGroup: true,
      phash: '2:bbbbbbbb',
      addressingMode: 'lid',
    })
    expect(verdict).toMatchObject({ kind: 'accepted', advice: ['refresh-devices-and-resend'] })
    const same = judgeMessageAck(ackOf({ phash: '2:bbbbbbbb' }), {
      isGroup: true,
      phash: '2:bbbbbbbb',
      addressingMode: 'lid',
    })
    expect(same).toMatchObject({ advice: [] })
  })

  it('asks for the group on another addressing mode, and for the LID when told', () => {
    const verdict = judgeMessageAck(ackOf({ addressing_mode: 'lid', refresh_lid: 'true' }), {
      isGroup: true,
      addressingMode: 'pn',
    })
    expect(verdict).toMatchObject({ advice: ['refresh-group', 'refresh-lid'] })
  })

  const refusals = [
    ['406', 'recipient-not-acceptable', 'refresh-devices', false],
    ['421', 'stale-group-addressing', 'refresh-group-and-resend', true],
    ['429', 'message-refused-temporarily', 'resend-later', true],
    ['463', 'account-restricted', 'issue-privacy-token', false],
    ['475', 'new-chat-limit', 'give-up', false],
    ['479', 'stanza-refused', 'give-up', false],
    ['777', 'message-refused', 'give-up', false],
  ] as const
  for (const [error, code, advice, retryable] of refusals) {
    it(`turns ${error} into ${code} (docs/protocol/02, 10.7)`, () => {
      const verdict = judgeMessageAck(ackOf({ error, backoff: '7' }), { isGroup: false })
      expect(verdict).toMatchObject({ kind: 'refused', advice: [advice] })
      if (verdict.kind !== 'refused') return
      expect(verdict.error).toMatchObject({ code, retryable, output: { statusCode: Number(error) } })
      expect(verdict.error.data).toEqual({
        id: 'M1',
        chat: '2@s.whatsapp.net',
        errorCode: Number(error),
        advice,
        backoffSeconds: 7,
      })
    })
  }

  it('believes a server that calls an unknown refusal transient', () => {
    const verdict = judgeMessageAck(ackOf({ error: '599', type: 'wait' }), { isGroup: false })
    expect(verdict).toMatchObject({ kind: 'refused', advice: ['resend-later'] })
  })

  it('marks a refused message with the code, and restriction with its text (docs/protocol/06, 6.4)', () => {
    expect(messageUpdateOfAck(ackOf({ error: '479' })).update).toEqual({
      status: 0,
      messageStubParameters: ['479', expect.stringContaining('check additionalAttributes')],
    })
    expect(messageUpdateOfAck(ackOf({ error: '463' })).update).toEqual({
      status: 0,
      messageStubParameters: ['463', 'Your account has been restricted'],
    })
  })

  it('does not take a garbled code for success', () => {
    expect(judgeMessageAck(ackOf({ error: 'x' }), { isGroup: false }).kind).toBe('refused')
  })
})
