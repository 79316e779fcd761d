import { SeededRandom } from '@kurir/simulator'
import { keyPairFromPrivate } from 'kurir/crypto'
import { grantDeviceIdentity, signKeyIndexList } from 'kurir/pairing'
import { proto } from 'kurir/proto'

/**
 * Valid inputs to spoil, the same in every run. What the library draws itself (ratchet keys, signature nonces) differs.
 */

const random = new SeededRandom('samples')
export const randomBytes = length => random.bytes(length)

/** A key pair that is the same in every run. */
export const repeatableKeyPair = () => keyPairFromPrivate(random.bytes(32))

export const me = { id: '6281110001:3@s.whatsapp.net', lid: '100000000000001:3@lid' }

const contextInfo = {
  stanzaId: '3EB0C0FFEE',
  participant: '6281110002@s.whatsapp.net',
  quotedMessage: { conversation: 'quoted' },
  mentionedJid: ['6281110003@s.whatsapp.net'],
}
const key = { remoteJid: '6281110002@s.whatsapp.net', id: '3EB0C0FFEE', fromMe: false }
const { Type } = proto.Message.ProtocolMessage

export const messages = [
  { conversation: 'hello' },
  { extendedTextMessage: { text: 'hello https://example.org', contextInfo } },
  { deviceSentMessage: { destinationJid: key.remoteJid, message: { conversation: 'copy' } } },
  {
    ephemeralMessage: { message: { viewOnceMessage: { message: { imageMessage: { caption: 'deep', contextInfo } } } } },
  },
  { reactionMessage: { key, text: '👍', senderTimestampMs: 1_700_000_000_000 } },
  { protocolMessage: { type: Type.REVOKE, key } },
  { protocolMessage: { type: Type.MESSAGE_EDIT, key, editedMessage: { conversation: 'edited' } } },
  { protocolMessage: { type: Type.EPHEMERAL_SETTING, ephemeralExpiration: 86_400 } },
  {
    protocolMessage: {
      type: Type.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: {
        keys: [{ keyId: { keyId: Buffer.alloc(6, 1) }, keyData: { keyData: Buffer.alloc(32, 2) } }],
      },
    },
  },
  {
    protocolMessage: {
      type: Type.HISTORY_SYNC_NOTIFICATION,
      historySyncNotification: { syncType: 0, chunkOrder: 1, initialHistBootstrapInlinePayload: Buffer.alloc(40, 3) },
    },
  },
  {
    pollCreationMessage: {
      name: 'poll',
      options: [{ optionName: 'a' }, { optionName: 'b' }],
      selectableOptionsCount: 1,
    },
  },
  { pollUpdateMessage: { pollCreationMessageKey: key, vote: { encPayload: randomBytes(48), encIv: randomBytes(12) } } },
  { locationMessage: { degreesLatitude: -6.2, degreesLongitude: 106.8, name: 'Jakarta' } },
  { contactsArrayMessage: { displayName: 'two', contacts: [{ displayName: 'a', vcard: 'BEGIN:VCARD' }] } },
  {
    senderKeyDistributionMessage: {
      groupId: '120363000000000001@g.us',
      axolotlSenderKeyDistributionMessage: randomBytes(90),
    },
    messageContextInfo: { messageSecret: randomBytes(32), deviceListMetadata: { senderKeyHash: randomBytes(10) } },
  },
]

export const encodedMessages = messages.map(message => Buffer.from(proto.Message.encode(message).finish()))

const enc = (type, attrs = {}) => ({ tag: 'enc', attrs: { v: '2', type, ...attrs }, content: randomBytes(120) })

export const messageStanzas = [
  {
    tag: 'message',
    attrs: {
      id: '3EB0AA',
      from: '6281110002@s.whatsapp.net',
      t: '1700000000',
      type: 'text',
      notify: 'Bob',
      addressing_mode: 'pn',
      sender_lid: '100000000000002@lid',
    },
    content: [enc('pkmsg'), { tag: 'device-identity', attrs: {}, content: randomBytes(150) }],
  },
  {
    tag: 'message',
    attrs: {
      id: '3EB0AB',
      from: '120363000000000001@g.us',
      participant: '100000000000002:7@lid',
      t: '1700000001',
      type: 'media',
      participant_pn: '6281110002@s.whatsapp.net',
      addressing_mode: 'lid',
      offline: '4',
    },
    content: [enc('msg', { count: '2' }), enc('skmsg', { mediatype: 'image', 'decrypt-fail': 'hide' })],
  },
  {
    tag: 'message',
    attrs: {
      id: '3EB0AC',
      from: me.id,
      recipient: '6281110002@s.whatsapp.net',
      t: '1700000002',
      type: 'text',
      category: 'peer',
    },
    content: [enc('msg'), { tag: 'meta', attrs: { appdata: 'default' } }],
  },
  {
    tag: 'message',
    attrs: {
      id: '3EB0AD',
      from: 'status@broadcast',
      participant: '6281110002@s.whatsapp.net',
      t: '1700000003',
      type: 'text',
    },
    content: [
      { tag: 'participants', attrs: {}, content: [{ tag: 'to', attrs: { jid: me.id }, content: [enc('pkmsg')] }] },
      enc('skmsg'),
      { tag: 'verified_name', attrs: { v: '1' }, content: randomBytes(60) },
    ],
  },
  {
    tag: 'message',
    attrs: { id: '3EB0AE', from: '120363000000000009@newsletter', t: '1700000004', type: 'text', server_id: '17' },
    content: [{ tag: 'plaintext', attrs: {}, content: encodedMessages[0] }],
  },
  {
    tag: 'message',
    attrs: { id: '3EB0AF', from: '6281110002@s.whatsapp.net', t: '1700000005', type: 'text' },
    content: [{ tag: 'unavailable', attrs: { type: 'view_once' } }],
  },
  {
    tag: 'message',
    attrs: {
      id: '3EB0B0',
      from: '867051314767696@bot',
      t: '1700000006',
      type: 'text',
      participant: '867051314767696@bot',
    },
    content: [
      { tag: 'meta', attrs: { target_id: '3EB0AA', target_sender_jid: me.id } },
      { tag: 'bot', attrs: { edit: 'full', edit_target_id: '3EB0AA', sender_timestamp_ms: '1700000000000' } },
      enc('msmsg'),
    ],
  },
]

export const receiptStanzas = [
  { tag: 'receipt', attrs: { id: '3EB0AA', from: '6281110002@s.whatsapp.net', t: '1700000000' } },
  {
    tag: 'receipt',
    attrs: {
      id: '3EB0AB',
      from: '120363000000000001@g.us',
      participant: '100000000000002:7@lid',
      type: 'read',
      t: '1700000000',
    },
    content: [
      {
        tag: 'list',
        attrs: {},
        content: [
          { tag: 'item', attrs: { id: '3EB0AC' } },
          { tag: 'item', attrs: { id: '3EB0AD' } },
        ],
      },
    ],
  },
  {
    tag: 'receipt',
    attrs: { id: '3EB0AC', from: '120363000000000001@g.us', type: 'delivery' },
    content: [
      {
        tag: 'participants',
        attrs: { key: '3EB0AC' },
        content: [{ tag: 'user', attrs: { jid: '6281110002@s.whatsapp.net', t: '1700000000', type: 'read' } }],
      },
    ],
  },
  {
    tag: 'receipt',
    attrs: { id: '9', from: '120363000000000009@newsletter', type: 'view' },
    content: [{ tag: 'list', attrs: {}, content: [{ tag: 'item', attrs: { server_id: '17' } }] }],
  },
]

/** A prekey as stanzas carry it. */
export const keyNode = (tag, id) => ({
  tag,
  attrs: {},
  content: [
    { tag: 'id', attrs: {}, content: Buffer.of(0, 0, id) },
    { tag: 'value', attrs: {}, content: randomBytes(32) },
    ...(tag === 'skey' ? [{ tag: 'signature', attrs: {}, content: randomBytes(64) }] : []),
  ],
})

export const retryStanzas = [
  {
    tag: 'receipt',
    attrs: {
      id: '3EB0AA',
      from: '6281110002:7@s.whatsapp.net',
      type: 'retry',
      t: '1700000000',
      recipient: '6281110002@s.whatsapp.net',
    },
    content: [
      { tag: 'retry', attrs: { v: '1', count: '2', id: '3EB0AA', t: '1700000000', error: '7' } },
      { tag: 'registration', attrs: {}, content: Buffer.of(0, 0, 1, 2) },
      {
        tag: 'keys',
        attrs: {},
        content: [
          { tag: 'type', attrs: {}, content: Buffer.of(5) },
          { tag: 'identity', attrs: {}, content: randomBytes(32) },
          keyNode('key', 7),
          keyNode('skey', 1),
          { tag: 'device-identity', attrs: {}, content: randomBytes(140) },
        ],
      },
    ],
  },
]

export const ackStanzas = [
  {
    tag: 'ack',
    attrs: { class: 'message', id: '3EB0AA', from: '6281110002@s.whatsapp.net', t: '1700000000', phash: '2:abcdefgh' },
  },
  {
    tag: 'ack',
    attrs: {
      class: 'message',
      id: '3EB0AB',
      from: '120363000000000001@g.us',
      error: '421',
      backoff: '30',
      addressing_mode: 'lid',
      count: '3',
    },
    content: [{ tag: 'rcat', attrs: {}, content: randomBytes(20) }],
  },
]

const account = repeatableKeyPair()
export const advSecret = randomBytes(32)
export const device = repeatableKeyPair()
export const grant = Buffer.from(
  grantDeviceIdentity({
    account,
    deviceIdentity: device.public,
    advSecret,
    rawId: 7,
    timestamp: 1_700_000_000,
    keyIndex: 3,
  }),
)
export const deviceIdentity = Buffer.from(
  proto.ADVSignedDeviceIdentity.encode({
    ...proto.ADVSignedDeviceIdentity.decode(proto.ADVSignedDeviceIdentityHMAC.decode(grant).details),
    deviceSignature: randomBytes(64),
  }).finish(),
)
export const keyIndexList = Buffer.from(
  signKeyIndexList(account, { rawId: 7, timestamp: 1_700_000_000, currentIndex: 4, validIndexes: [0, 1, 3, 4] }),
)
export const accountKey = account.public
