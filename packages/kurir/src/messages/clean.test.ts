import { describe, expect, it } from 'vitest'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { cleanMessage, getChatId, getKeyAuthor, isRealMessage, shouldIncrementChatUnread } from './clean.js'
import { me } from './testing/fixtures.js'

const clean = (message: WAMessage): WAMessage => {
  cleanMessage(message, me.id, me.lid)
  return message
}

describe('cleaning a received message', () => {
  it('takes devices and hosted servers out of the key', () => {
    const key = { remoteJid: '2:3@hosted', participant: '2:3@hosted.lid', fromMe: false, id: 'M' }
    expect(clean({ key }).key).toEqual({ remoteJid: '2@s.whatsapp.net', participant: '2@lid', fromMe: false, id: 'M' })
  })

  const reaction = (key: proto.IMessageKey, carrier: Partial<WAMessage['key']> = {}) =>
    clean({
      key: { remoteJid: '1@g.us', participant: '2:3@lid', fromMe: false, id: 'R', ...carrier },
      message: { reactionMessage: { key, text: '👍' } },
    }).message?.reactionMessage?.key

  it('turns the direction of reference keys (docs/protocol/03, 4.5)', () => {
    expect(reaction({ remoteJid: '9@g.us', fromMe: false, id: 'X', participant: '100000000000001:1@lid' })).toEqual({
      remoteJid: '1@g.us',
      fromMe: true,
      id: 'X',
      participant: '100000000000001@lid',
    })
    expect(reaction({ remoteJid: '1@g.us', fromMe: true, id: 'X' })).toEqual({
      remoteJid: '1@g.us',
      fromMe: false,
      id: 'X',
      participant: '2@lid',
    })
    expect(reaction({ remoteJid: '1@g.us', fromMe: false, id: 'X', participant: '15550001111@lid' })?.fromMe).toBe(
      false,
    )
  })

  it('knows our message in a 1:1 chat by our JID', () => {
    const carrier = { remoteJid: '2@lid', participant: undefined }
    expect(reaction({ remoteJid: '100000000000001@lid', fromMe: false, id: 'X' }, carrier)).toEqual({
      remoteJid: '2@lid',
      fromMe: true,
      id: 'X',
    })
  })

  const references: [
    string,
    (key: proto.IMessageKey) => proto.IMessage,
    (message: proto.IMessage) => proto.IMessageKey | null | undefined,
  ][] = [
    ['revokes', key => ({ protocolMessage: { type: 0, key } }), message => message.protocolMessage?.key],
    ['pins', key => ({ pinInChatMessage: { key } }), message => message.pinInChatMessage?.key],
    ['keeps', key => ({ keepInChatMessage: { key } }), message => message.keepInChatMessage?.key],
    [
      'votes',
      key => ({ pollUpdateMessage: { pollCreationMessageKey: key } }),
      message => message.pollUpdateMessage?.pollCreationMessageKey,
    ],
    [
      'event answers',
      key => ({ encEventResponseMessage: { eventCreationMessageKey: key } }),
      message => message.encEventResponseMessage?.eventCreationMessageKey,
    ],
    [
      'sealed edits',
      key => ({ secretEncryptedMessage: { targetMessageKey: key } }),
      message => message.secretEncryptedMessage?.targetMessageKey,
    ],
  ]
  it.each(references)('turns the keys of %s as well (docs/protocol/03, 4.5)', (_name, build, read) => {
    const key = { remoteJid: 'elsewhere@g.us', fromMe: true, id: 'X' }
    const message = clean({
      key: { remoteJid: '2@lid', fromMe: false, id: 'R' },
      message: { ephemeralMessage: { message: build(key) } },
    })
    expect(read(message.message?.ephemeralMessage?.message ?? {})).toEqual({
      remoteJid: '2@lid',
      fromMe: false,
      id: 'X',
    })
  })

  it('leaves the keys of own messages alone', () => {
    expect(reaction({ remoteJid: '9@g.us', fromMe: true, id: 'X' }, { fromMe: true })).toEqual({
      remoteJid: '9@g.us',
      fromMe: true,
      id: 'X',
    })
  })
})

describe('what a message is', () => {
  const key = { remoteJid: '2@lid', fromMe: false, id: 'M' }

  it('has content of its own or not', () => {
    expect(isRealMessage({ key, message: { conversation: 'x' } })).toBe(true)
    expect(isRealMessage({ key, message: { viewOnceMessage: { message: { imageMessage: {} } } } })).toBe(true)
    expect(isRealMessage({ key, message: { protocolMessage: {} } })).toBe(false)
    expect(isRealMessage({ key, message: { reactionMessage: {} } })).toBe(false)
    expect(isRealMessage({ key, message: { senderKeyDistributionMessage: {} } })).toBe(false)
    expect(isRealMessage({ key })).toBe(false)
  })

  it('counts as unread when it is somebody else’s and no system line', () => {
    expect(shouldIncrementChatUnread({ key })).toBe(true)
    expect(shouldIncrementChatUnread({ key: { ...key, fromMe: true } })).toBe(false)
    expect(shouldIncrementChatUnread({ key, messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT })).toBe(false)
  })
})

describe('keys', () => {
  it('belong to a chat', () => {
    expect(getChatId({ remoteJid: '1@g.us', participant: '2@lid' })).toBe('1@g.us')
    expect(getChatId({ remoteJid: '9@broadcast', participant: '2@lid', fromMe: false })).toBe('2@lid')
    expect(getChatId({ remoteJid: '9@broadcast', participant: '2@lid', fromMe: true })).toBe('9@broadcast')
    expect(getChatId({ remoteJid: 'status@broadcast', participant: '2@lid' })).toBe('status@broadcast')
    expect(() => getChatId({})).toThrow(expect.objectContaining({ code: 'no-chat-id' }))
  })

  it('have an author', () => {
    expect(getKeyAuthor({ fromMe: true, remoteJid: '2@lid' }, 'own')).toBe('own')
    expect(getKeyAuthor({ fromMe: true })).toBe('me')
    expect(getKeyAuthor({ remoteJid: '2@lid', remoteJidAlt: '2@s.whatsapp.net' })).toBe('2@s.whatsapp.net')
    expect(getKeyAuthor({ remoteJid: '1@g.us', participant: '2@lid', participantAlt: '' })).toBe('2@lid')
    expect(getKeyAuthor(undefined)).toBe('')
  })
})
