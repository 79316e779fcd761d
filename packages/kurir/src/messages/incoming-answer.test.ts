import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import { SignalError } from '../signal/signal-error.js'
import { parseIncomingMessage } from './incoming.js'
import { type IncomingSituation, planIncoming } from './incoming-answer.js'
import type { DecryptedMessage } from './incoming-decryption.js'
import { me } from './testing/fixtures.js'

const t = 1_700_000_000
const incoming = (attrs: Record<string, string> = {}, content: BinaryNode[] = []) =>
  parseIncomingMessage(
    { tag: 'message', attrs: { id: 'M1', from: '2:3@lid', t: String(t), type: 'text', ...attrs }, content },
    me,
  )
const plan = (
  result: DecryptedMessage,
  attrs: Record<string, string> = {},
  situation: Partial<IncomingSituation> = {},
  content: BinaryNode[] = [],
) => planIncoming(incoming(attrs, content), result, { asked: 0, now: t, ...situation })
const message = incoming().fullMessage
const failed = (error: KurirError): DecryptedMessage => ({ kind: 'failed', error })

describe('answering a message that came', () => {
  it('with content: receipt after the event; channels: ack', () => {
    expect(plan({ kind: 'content', message })).toEqual({
      answer: { kind: 'receipt' },
      upsert: message,
      askPhone: undefined,
    })
    expect(plan({ kind: 'content', message }, { from: '1@newsletter' }).answer).toEqual({
      kind: 'ack',
      error: undefined,
    })
  })

  it('a second time: receipt, no event, no retry (docs/protocol/02, 16)', () => {
    expect(plan({ kind: 'duplicate' })).toEqual({ answer: { kind: 'receipt' }, upsert: undefined, askPhone: undefined })
    expect(plan({ kind: 'keys-only' })).toEqual({ answer: { kind: 'receipt' }, upsert: undefined, askPhone: undefined })
  })

  it('with lies: receipt so that it does not come again, no event', () => {
    expect(plan({ kind: 'dropped', why: 'sender-is-not-own' })).toMatchObject({
      answer: { kind: 'receipt' },
      upsert: undefined,
    })
    expect(plan({ kind: 'dropped', why: 'peer-from-other' }).answer).toEqual({ kind: 'ack', error: 498 })
  })

  it('in an unknown form: nack 488', () => {
    expect(plan({ kind: 'unrecognized', types: ['x'] }).answer).toEqual({ kind: 'ack', error: 488 })
  })

  it('for a post-quantum session: retry (docs/protocol/02, 2.9)', () => {
    const enc: BinaryNode = {
      tag: 'enc',
      attrs: { v: '2', type: 'msg', session_type: 'pq' },
      content: Buffer.from('x'),
    }
    expect(plan({ kind: 'unrecognized', types: ['msg'] }, {}, {}, [enc]).answer).toMatchObject({
      kind: 'retry',
      count: 1,
    })
  })
})

describe('answering a message without content', () => {
  const absent: DecryptedMessage = { kind: 'absent' }
  const unavailable = (type?: string): BinaryNode[] => [
    { tag: 'unavailable', attrs: type === undefined ? {} : { type } },
  ]

  it('asks the phone and shows a placeholder (docs/protocol/03, 4.6)', () => {
    expect(plan(absent)).toEqual({
      answer: { kind: 'ack', error: undefined },
      upsert: { ...message, messageStubType: 2, messageStubParameters: ['Message absent from node'] },
      askPhone: 'now',
    })
    expect(plan(absent, {}, {}, unavailable()).askPhone).toBe('now')
  })

  it.each(['bot_unavailable_fanout', 'hosted_unavailable_fanout', 'view_once_unavailable_fanout'])(
    'acks %s and stops',
    type => {
      expect(plan(absent, {}, {}, unavailable(type))).toEqual({
        answer: { kind: 'ack', error: undefined },
        upsert: undefined,
        askPhone: undefined,
      })
    },
  )

  it('shows that a view-once message came', () => {
    const shown = plan(absent, {}, {}, unavailable('view_once'))
    expect(shown).toMatchObject({ answer: { kind: 'ack' }, upsert: { key: { isViewOnce: true } }, askPhone: undefined })
    expect(shown.upsert).not.toHaveProperty('messageStubType')
  })

  it('lets old ones, media notices, peers and channels rest', () => {
    const quiet = { answer: { kind: 'ack', error: undefined }, upsert: undefined, askPhone: undefined }
    expect(plan(absent, {}, { now: t + 1_209_601 })).toEqual(quiet)
    expect(plan(absent, { type: 'medianotify' })).toEqual(quiet)
    expect(plan(absent, { category: 'peer', from: '15550001111@s.whatsapp.net' })).toEqual(quiet)
    expect(plan(absent, { from: '1@newsletter' })).toEqual(quiet)
  })
})

describe('answering a message that cannot be read', () => {
  it('asks again, tells the program, and asks the phone in a while', () => {
    expect(plan(failed(new SignalError('bad-mac')))).toEqual({
      answer: { kind: 'retry', count: 1, includeKeys: false, reason: 7 },
      upsert: { ...message, messageStubType: 2, messageStubParameters: ['Bad MAC'] },
      askPhone: 'later',
    })
  })

  it('is answered once: the retry receipt needs no ack beside it (docs/protocol/03, 14)', () => {
    expect(plan(failed(new SignalError('no-session'))).answer).toEqual({
      kind: 'retry',
      count: 1,
      includeKeys: true,
      reason: 1,
    })
  })

  it('gives up with nack 500 after the last request', () => {
    const last = plan(failed(new SignalError('bad-mac')), {}, { asked: 5 })
    expect(last).toMatchObject({ answer: { kind: 'ack', error: 500 }, upsert: { messageStubType: 2 } })
    expect(plan(failed(new SignalError('bad-mac')), {}, { asked: 2, maxRetryCount: 2 }).answer.kind).toBe('ack')
  })

  it.each([
    ['invalid-protobuf', 491],
    ['missing-message-secret', 495],
    ['invalid-stanza', 487],
  ])('refuses %s with %i', (code, error) => {
    expect(plan(failed(new KurirError(code, ''))).answer).toEqual({ kind: 'ack', error })
  })

  it('acks expired statuses quietly', () => {
    const status = { from: 'status@broadcast', participant: '2@lid' }
    expect(plan(failed(new SignalError('bad-mac')), status, { now: t + 86_401 })).toEqual({
      answer: { kind: 'ack', error: undefined },
      upsert: undefined,
      askPhone: undefined,
    })
    expect(plan(failed(new SignalError('bad-mac')), status).answer.kind).toBe('retry')
  })

  it('asks the phone for peer messages again, without a placeholder in any chat', () => {
    const peer = plan(failed(new SignalError('bad-mac')), { category: 'peer', from: '15550001111@s.whatsapp.net' })
    expect(peer).toMatchObject({ answer: { kind: 'retry' }, upsert: undefined, askPhone: undefined })
  })

  it('sends keys at once to hosted devices', () => {
    expect(plan(failed(new SignalError('bad-mac')), { from: '2:99@hosted.lid' }).answer).toMatchObject({
      includeKeys: true,
    })
  })

  it('does not ask bots', () => {
    expect(plan(failed(new SignalError('bad-mac')), { from: '2@bot' }).answer).toEqual({ kind: 'ack', error: 500 })
  })

  it('continues counting from a resend', () => {
    const enc: BinaryNode = { tag: 'enc', attrs: { v: '2', type: 'msg', count: '2' }, content: Buffer.from('x') }
    expect(plan(failed(new SignalError('bad-mac')), {}, {}, [enc]).answer).toMatchObject({
      kind: 'retry',
      count: 3,
      includeKeys: true,
    })
  })
})
