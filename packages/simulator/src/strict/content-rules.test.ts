import { proto } from 'kurir/proto'
import { describe, expect, it } from 'vitest'
import type { StoredMedia } from '../media/media-store.js'
import type { RememberedMessage } from '../phone/phone-memory.js'
import { readVectors } from '../testing/vectors.js'
import type { ArrivedMessage } from './content-facts.js'
import { contentMisfits } from './content-rules.js'

const ME = '15550001111@s.whatsapp.net'
const CHAT = '15550002222@s.whatsapp.net'
const GROUP = '120363000000000001@g.us'
const SECRET = { messageContextInfo: { messageSecret: new Uint8Array(32) } }
const { MESSAGE_EDIT, REVOKE, EPHEMERAL_SETTING, APP_STATE_SYNC_KEY_SHARE } = proto.Message.ProtocolMessage.Type

const known: RememberedMessage = {
  id: 'KNOWN',
  chat: CHAT,
  author: CHAT,
  fromMe: false,
  message: { conversation: 'first' },
  timestamp: 1,
  pushName: undefined,
}

const stored: StoredMedia = {
  kind: { type: 'image', encrypted: true, newsletter: false },
  token: Buffer.alloc(32, 7).toString('base64url'),
  length: 42,
  directPath: '/v/stored?oh=1',
  handle: undefined,
  gone: undefined,
}

const misfits = (message: proto.IMessage, facts: Partial<ArrivedMessage> = {}): string[] =>
  contentMisfits({
    // As it comes from the wire.
    message: proto.Message.decode(proto.Message.encode(message).finish()),
    chat: CHAT,
    author: ME,
    authorNames: [ME, '100000000000001@lid'],
    own: false,
    peer: false,
    lenient: false,
    find: id => (id === known.id ? known : undefined),
    findFile: path => (path === stored.directPath ? stored : undefined),
    authorIsAdmin: false,
    ...facts,
  })

const text = (fields: proto.Message.IExtendedTextMessage = {}) => ({ extendedTextMessage: { text: 'hi', ...fields } })
const key = { remoteJid: CHAT, fromMe: true, id: '3EB0AAAAAAAAAAAAAAAAAA' }
const bytes = new Uint8Array(32)
const file = { mediaKey: bytes, fileSha256: bytes, fileEncSha256: bytes, fileLength: 9, directPath: '/v/x?oh=1' }
const image = { ...file, mimetype: 'image/jpeg', mediaKeyTimestamp: 1_700_000_000 }
const ofStored = { directPath: stored.directPath, fileEncSha256: new Uint8Array(32).fill(7), fileLength: 20 }
const poll = (fields: proto.Message.IPollCreationMessage = {}) => ({
  ...SECRET,
  pollCreationMessage: { name: 'A?', options: [{ optionName: 'a' }, { optionName: 'b' }], ...fields },
})
const edit = (fields: proto.Message.IProtocolMessage = {}) => ({
  protocolMessage: { key, type: MESSAGE_EDIT, editedMessage: { conversation: 'b' }, timestampMs: 1, ...fields },
})
const pin = (seconds: number, type = 1) => ({
  pinInChatMessage: { key, type, senderTimestampMs: 1 },
  messageContextInfo: { messageSecret: bytes, messageAddOnDurationInSecs: seconds },
})

describe('content that fits', () => {
  it.each<[string, proto.IMessage]>([
    ['a text', { conversation: 'hi', ...SECRET }],
    [
      'a quote',
      {
        ...SECRET,
        ...text({ contextInfo: { stanzaId: 'A', participant: CHAT, quotedMessage: { conversation: 'q' } } }),
      },
    ],
    ['a picture', { ...SECRET, imageMessage: image }],
    ['a poll', poll()],
    ['an edit', edit()],
    ['a picture that the host has', { ...SECRET, imageMessage: { ...image, ...ofStored } }],
    ['a reaction', { reactionMessage: { key, text: '👍', senderTimestampMs: 1 } }],
    ['a pin', pin(86_400)],
    ['taking a pin down', pin(0, 2)],
  ])('%s', (_, message) => {
    expect(misfits(message)).toEqual([])
  })

  // Channels take plain files, and the vector of a forwarded picture has no file at all.
  const { cases } = readVectors<{ cases: { name: string; jid: string; messageProtoHex: string }[] }>('03-messages.json')
  it.each(
    cases
      .filter(({ jid, name }) => !jid.endsWith('@newsletter') && name !== 'forward_scored_image')
      .map(each => [each.name, each] as const),
  )('what Baileys writes: %s', (_, { messageProtoHex }) => {
    const message = proto.Message.decode(Buffer.from(messageProtoHex, 'hex'))
    expect(misfits(message, { lenient: true })).toEqual([])
  })
})

describe('content that does not fit', () => {
  it.each<[string, proto.IMessage, Partial<ArrivedMessage>?]>([
    ['a message has a content of a known kind', SECRET],
    [
      'a message has one content, not conversation and imageMessage',
      { ...SECRET, conversation: 'a', imageMessage: image },
    ],
    ['what can be seen once says so by a flag', { ...SECRET, viewOnceMessage: { message: { imageMessage: image } } }],
    ['wrappers hold a message', { ephemeralMessage: {} }],
    ['a message of the kind extendedTextMessage carries a secret', text()],
    [
      'a message of the kind pollCreationMessage carries a secret',
      { ...poll(), messageContextInfo: null },
      { lenient: true },
    ],
    ['a message secret has 32 bytes', { conversation: 'a', messageContextInfo: { messageSecret: new Uint8Array(31) } }],
    ['this protocol message is for own devices only', { protocolMessage: { type: APP_STATE_SYNC_KEY_SHARE } }],
    [
      'a peer message comes from an own device',
      { protocolMessage: { type: APP_STATE_SYNC_KEY_SHARE } },
      { peer: true },
    ],
    ['a peer message holds a protocol message', { conversation: 'a' }, { peer: true, own: true }],
    ['a quote has stanzaId, participant and message', { ...SECRET, ...text({ contextInfo: { stanzaId: 'A' } }) }],
    ['a mention is the JID of a user', { ...SECRET, ...text({ contextInfo: { mentionedJid: ['1:2@lid'] } }) }],
    ['no chat has a timer of 7 s', { ...SECRET, ...text({ contextInfo: { expiration: 7 } }) }],
    ['a text is not empty', { ...SECRET, conversation: '' }],
    ['a text in the status has fields', { ...SECRET, conversation: 'a' }, { chat: 'status@broadcast' }],
    ['a place has a latitude', { ...SECRET, locationMessage: { degreesLatitude: 91, degreesLongitude: 0 } }],
    ['a contact is a vCard', { ...SECRET, contactMessage: { displayName: 'a', vcard: 'no card' } }],
    [
      'a list of contacts has at least two',
      { ...SECRET, contactsArrayMessage: { contacts: [{ vcard: 'BEGIN:VCARD' }] } },
    ],
    ['the name of an event has', { ...SECRET, eventMessage: { name: 'x'.repeat(101) } }],
    ['a chat has no such timer', { protocolMessage: { type: EPHEMERAL_SETTING, ephemeralExpiration: 60 } }],
    ['an invitation names group and code', { ...SECRET, groupInviteMessage: { groupJid: CHAT, inviteCode: 'x' } }],
    ['the media key of image has 32 bytes', { ...SECRET, imageMessage: { ...image, mediaKey: new Uint8Array(16) } }],
    ['fileSha256 of image has 32 bytes', { ...SECRET, imageMessage: { ...image, fileSha256: null } }],
    ['fileEncSha256 of image has 32 bytes', { ...SECRET, imageMessage: { ...image, fileEncSha256: null } }],
    ['fileEncSha256 of image is that of', { ...SECRET, imageMessage: { ...image, directPath: stored.directPath } }],
    ['fileLength of image is that of', { ...SECRET, imageMessage: { ...image, ...ofStored, fileLength: 32 } }],
    ['the direct path of image begins with /', { ...SECRET, imageMessage: { ...image, directPath: 'v/x' } }],
    ['image says how long the file is', { ...SECRET, imageMessage: { ...image, fileLength: null } }],
    ['media says its mimetype', { ...SECRET, imageMessage: { ...image, mimetype: null } }],
    ['video/mp4 is another kind', { ...SECRET, imageMessage: { ...image, mimetype: 'video/mp4' } }],
    ['media says when its key was made', { ...SECRET, imageMessage: { ...image, mediaKeyTimestamp: null } }],
    [
      'only voice messages have a waveform',
      { ...SECRET, audioMessage: { ...image, mimetype: 'audio/mp4', waveform: bytes } },
    ],
    ['the name of a poll has', poll({ name: '' })],
    ['a poll has 1 to 12 options', poll({ options: [] })],
    ['the options of a poll differ', poll({ options: [{ optionName: 'a' }, { optionName: 'a' }] })],
    ['no more options can be chosen than there are', poll({ selectableOptionsCount: 3 })],
    ['a poll with one choice is pollCreationMessageV3', poll({ selectableOptionsCount: 1 })],
    ['reactionMessage names its message', { reactionMessage: { text: 'a', senderTimestampMs: 1 } }],
    ['a reaction says when it was made', { reactionMessage: { key, text: 'a' } }],
    ['an edit has the new content', edit({ editedMessage: null })],
    ['an edit says when it was made', edit({ timestampMs: null })],
    ['locationMessage cannot be edited', edit({ editedMessage: { locationMessage: {} } })],
    ['only its author edits a message', edit({ key: { ...key, id: known.id } })],
    ['only its author and admins', { protocolMessage: { type: REVOKE, key: { ...key, id: known.id } } }],
    ['a message is pinned for 1, 7 or 30 days', pin(60)],
    ['taking a pin down has no duration', pin(60, 2)],
    ['a kept message has a type', { keepInChatMessage: { key } }],
  ])('%s', (expected, message, facts = {}) => {
    expect(misfits(message, facts)).toContainEqual(expect.stringContaining(expected))
  })

  it('but admins delete what others wrote', () => {
    const message = { protocolMessage: { type: REVOKE, key: { ...key, remoteJid: GROUP, id: known.id } } }
    expect(misfits(message, { chat: GROUP, authorIsAdmin: true })).toEqual([])
  })
})
