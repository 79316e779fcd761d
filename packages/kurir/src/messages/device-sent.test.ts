import { describe, expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import { unwrapDeviceSent, wrapDeviceSent } from './device-sent.js'

const messageSecret = Buffer.alloc(32, 1)
const message = { conversation: 'hi', messageContextInfo: { messageSecret } }
const own = { senderIsOwn: true, chat: '2@lid' }

describe('copies for own devices', () => {
  it('carry the context on both levels (docs/protocol/03, 14)', () => {
    expect(wrapDeviceSent(message, '2@lid')).toEqual({
      deviceSentMessage: { destinationJid: '2@lid', message },
      messageContextInfo: { messageSecret },
    })
    expect(wrapDeviceSent({ conversation: 'x' }, '9@broadcast', '2:AAAAAAAA')).toEqual({
      deviceSentMessage: { destinationJid: '9@broadcast', message: { conversation: 'x' }, phash: '2:AAAAAAAA' },
    })
  })

  it('come back as they were', () => {
    const decoded = proto.Message.decode(proto.Message.encode(wrapDeviceSent(message, '2@lid')).finish())
    const unwrapped = unwrapDeviceSent(decoded, own)
    expect(unwrapped).toMatchObject({ kind: 'device-sent', destination: '2@lid', phash: undefined })
    if (unwrapped.kind === 'device-sent') expect(unwrapped.message).toMatchObject(message)
  })

  it('leave other messages alone', () => {
    expect(unwrapDeviceSent(message, own)).toEqual({ kind: 'plain', message })
  })
})

describe('believing device-sent messages', () => {
  const wrapped = wrapDeviceSent(message, '2@lid')

  it('only from the own account (docs/protocol/02, 4.2: enforce)', () => {
    expect(unwrapDeviceSent(wrapped, { ...own, senderIsOwn: false })).toEqual({
      kind: 'refused',
      why: 'sender-is-not-own',
    })
  })

  it('only for the chat of the stanza (docs/protocol/02, 9.2)', () => {
    expect(unwrapDeviceSent(wrapped, { ...own, chat: '3@lid' })).toEqual({ kind: 'refused', why: 'other-destination' })
    expect(unwrapDeviceSent(wrapped, { ...own, chat: '2:4@lid' }).kind).toBe('device-sent')
    const twin = { ...own, chat: '22@s.whatsapp.net' }
    expect(unwrapDeviceSent(wrapped, twin).kind).toBe('device-sent')
    expect(unwrapDeviceSent(wrapped, { ...twin, chatAlt: '2@lid' }).kind).toBe('device-sent')
    expect(unwrapDeviceSent(wrapped, { ...twin, chatAlt: '3@lid' })).toMatchObject({ why: 'other-destination' })
    expect(unwrapDeviceSent(wrapped, { ...own, chat: undefined }).kind).toBe('device-sent')
  })

  it('not when empty', () => {
    expect(unwrapDeviceSent({ deviceSentMessage: { destinationJid: '2@lid' } }, own)).toMatchObject({ why: 'empty' })
  })
})

describe('merging context', () => {
  const merge = (inner: object | undefined, outer: object | undefined) => {
    const result = unwrapDeviceSent(
      {
        deviceSentMessage: {
          destinationJid: '2@lid',
          message: { conversation: 'x', ...(inner && { messageContextInfo: inner }) },
        },
        ...(outer && { messageContextInfo: outer }),
      },
      own,
    )
    return result.kind === 'device-sent' ? result.message.messageContextInfo : 'refused'
  }

  it('takes the inner one and fills what it lacks (docs/protocol/03, 3.2)', () => {
    expect(merge(undefined, { messageSecret })).toEqual({ messageSecret })
    expect(merge({ messageSecret }, { messageSecret: Buffer.alloc(32, 9), reportingTokenVersion: 2 })).toEqual({
      messageSecret,
      reportingTokenVersion: 2,
    })
    expect(merge({ messageSecret, threadId: [] }, { threadId: [{}] })).toEqual({ messageSecret, threadId: [{}] })
    expect(merge(undefined, undefined)).toBeUndefined()
  })

  it('changes neither input', () => {
    const outer = { messageSecret }
    const inner = { reportingTokenVersion: 2 }
    merge(inner, outer)
    expect(outer).toEqual({ messageSecret })
    expect(inner).toEqual({ reportingTokenVersion: 2 })
  })
})
