import { keyPairFromPrivate } from 'kurir/crypto'
import { grantDeviceIdentity, signKeyIndexList } from 'kurir/pairing'
import { proto } from 'kurir/proto'
import { SeededRandom } from '../seeded-random.mjs'

/**
 * Valid inputs to spoil, the same in every run. What the library draws itself (ratchet keys, signature nonces) differs.
 */

const random = new SeededRandom('samples')
const randomBytes = length => random.bytes(length)

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

const keyNode = (tag, id) => ({
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

export const usyncAnswer = {
  tag: 'iq',
  attrs: { id: '1', type: 'result', from: 's.whatsapp.net' },
  content: [
    {
      tag: 'usync',
      attrs: { sid: '1', mode: 'query', context: 'message', index: '0', last: 'true' },
      content: [
        {
          tag: 'result',
          attrs: {},
          content: [
            { tag: 'devices', attrs: { refresh: '3600' } },
            {
              tag: 'status',
              attrs: {},
              content: [{ tag: 'error', attrs: { code: '429', text: 'rate', backoff: '60' } }],
            },
          ],
        },
        {
          tag: 'list',
          attrs: {},
          content: [
            {
              tag: 'user',
              attrs: { jid: '6281110002@s.whatsapp.net' },
              content: [
                {
                  tag: 'devices',
                  attrs: {},
                  content: [
                    {
                      tag: 'device-list',
                      attrs: { hash: '2:abcdefgh' },
                      content: [
                        { tag: 'device', attrs: { id: '0' } },
                        { tag: 'device', attrs: { id: '7', 'key-index': '3' } },
                        { tag: 'device', attrs: { id: '99', 'key-index': '4', is_hosted: 'true' } },
                      ],
                    },
                    {
                      tag: 'key-index-list',
                      attrs: { ts: '1700000000', expected_ts: '1700000009' },
                      content: keyIndexList,
                    },
                  ],
                },
                { tag: 'lid', attrs: { val: '100000000000002@lid' } },
                { tag: 'contact', attrs: { type: 'in' }, content: '+6281110002' },
                { tag: 'status', attrs: { t: '1700000000' }, content: 'Hey' },
                { tag: 'disappearing_mode', attrs: { duration: '86400', t: '1700000000' } },
                { tag: 'username', attrs: {}, content: 'bob' },
                {
                  tag: 'bot',
                  attrs: {},
                  content: [
                    {
                      tag: 'profile',
                      attrs: { persona_id: '1' },
                      content: [
                        { tag: 'name', attrs: {}, content: 'Bot' },
                        { tag: 'attributes', attrs: {}, content: 'a' },
                        {
                          tag: 'commands',
                          attrs: {},
                          content: [
                            { tag: 'description', attrs: {}, content: 'd' },
                            {
                              tag: 'command',
                              attrs: {},
                              content: [
                                { tag: 'name', attrs: {}, content: 'n' },
                                { tag: 'description', attrs: {}, content: 'd' },
                              ],
                            },
                          ],
                        },
                        {
                          tag: 'prompts',
                          attrs: {},
                          content: [
                            {
                              tag: 'prompt',
                              attrs: {},
                              content: [
                                { tag: 'emoji', attrs: {}, content: '😀' },
                                { tag: 'text', attrs: {}, content: 't' },
                              ],
                            },
                          ],
                        },
                      ],
                    },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
  ],
}

const notification = (attrs, content) => ({
  tag: 'notification',
  attrs: { id: '1', t: '1700000000', ...attrs },
  content,
})

export const deviceNotifications = [
  notification({ type: 'devices', from: '6281110002@s.whatsapp.net', lid: '100000000000002@lid' }, [
    {
      tag: 'add',
      attrs: { device_hash: '2:abcdefgh', device_lid_hash: '2:abcdefgi' },
      content: [
        {
          tag: 'device',
          attrs: { jid: '6281110002:7@s.whatsapp.net', lid: '100000000000002:7@lid', 'key-index': '3' },
        },
        { tag: 'key-index-list', attrs: { ts: '1700000000' }, content: keyIndexList },
      ],
    },
  ]),
  notification({ type: 'devices', from: '6281110002@s.whatsapp.net' }, [
    { tag: 'remove', attrs: {}, content: [{ tag: 'device', attrs: { jid: '6281110002:7@s.whatsapp.net' } }] },
  ]),
  notification({ type: 'account_sync', from: '6281110001@s.whatsapp.net' }, [
    {
      tag: 'devices',
      attrs: { dhash: '2:abcdefgh' },
      content: [
        { tag: 'device', attrs: { jid: '6281110001@s.whatsapp.net' } },
        { tag: 'key-index-list', attrs: { ts: '1700000000' }, content: keyIndexList },
      ],
    },
  ]),
]

export const group = {
  tag: 'group',
  attrs: {
    id: '120363000000000001',
    subject: 'Team',
    s_t: '1700000000',
    s_o: '6281110002@s.whatsapp.net',
    creation: '1690000000',
    creator: '6281110002@s.whatsapp.net',
    size: '2',
    addressing_mode: 'lid',
  },
  content: [
    {
      tag: 'participant',
      attrs: { jid: '100000000000002@lid', phone_number: '6281110002@s.whatsapp.net', type: 'superadmin' },
    },
    { tag: 'participant', attrs: { jid: '100000000000003@lid' } },
    {
      tag: 'description',
      attrs: { id: 'D', participant: '6281110002@s.whatsapp.net', t: '1700000000' },
      content: [{ tag: 'body', attrs: {}, content: 'text' }],
    },
    { tag: 'ephemeral', attrs: { expiration: '86400' } },
    { tag: 'announcement', attrs: {} },
    { tag: 'member_add_mode', attrs: {}, content: 'all_member_add' },
    { tag: 'linked_parent', attrs: { jid: '120363000000000002@g.us' } },
  ],
}

export const bundles = {
  tag: 'iq',
  attrs: { id: '1', type: 'result', from: 's.whatsapp.net' },
  content: [
    {
      tag: 'list',
      attrs: {},
      content: [
        {
          tag: 'user',
          attrs: { jid: '6281110002:7@s.whatsapp.net', t: '1700000000' },
          content: [
            { tag: 'registration', attrs: {}, content: Buffer.of(0, 0, 1, 2) },
            { tag: 'type', attrs: {}, content: Buffer.of(5) },
            { tag: 'identity', attrs: {}, content: randomBytes(32) },
            keyNode('skey', 1),
            keyNode('key', 9),
            { tag: 'device-identity', attrs: {}, content: randomBytes(140) },
          ],
        },
        {
          tag: 'user',
          attrs: { jid: '6281110003@s.whatsapp.net' },
          content: [{ tag: 'error', attrs: { code: '404', text: 'item-not-found' } }],
        },
      ],
    },
  ],
}

export const digest = {
  tag: 'iq',
  attrs: { id: '1', type: 'result', from: 's.whatsapp.net' },
  content: [
    {
      tag: 'digest',
      attrs: {},
      content: [
        { tag: 'registration', attrs: {}, content: Buffer.of(0, 0, 1, 2) },
        { tag: 'type', attrs: {}, content: Buffer.of(5) },
        { tag: 'identity', attrs: {}, content: randomBytes(32) },
        keyNode('skey', 1),
        {
          tag: 'list',
          attrs: {},
          content: [
            { tag: 'id', attrs: {}, content: Buffer.of(0, 0, 1) },
            { tag: 'id', attrs: {}, content: Buffer.of(0, 0, 2) },
          ],
        },
        { tag: 'hash', attrs: {}, content: randomBytes(20) },
      ],
    },
  ],
}

export const pairSuccess = {
  tag: 'iq',
  attrs: { id: '1', from: 's.whatsapp.net', type: 'set', xmlns: 'md', t: '1700000000' },
  content: [
    {
      tag: 'pair-success',
      attrs: {},
      content: [
        { tag: 'device-identity', attrs: {}, content: grant },
        { tag: 'device', attrs: { jid: '6281110001:3@s.whatsapp.net', lid: '100000000000001:3@lid' } },
        { tag: 'platform', attrs: { name: 'android' } },
        { tag: 'biz', attrs: { name: 'Shop' } },
      ],
    },
  ],
}

export const pairDevice = {
  tag: 'iq',
  attrs: { id: '1', from: 's.whatsapp.net', type: 'set', xmlns: 'md' },
  content: [
    {
      tag: 'pair-device',
      attrs: {},
      content: [
        { tag: 'ref', attrs: {}, content: Buffer.from('2@abc') },
        { tag: 'ref', attrs: {}, content: Buffer.from('2@def') },
      ],
    },
  ],
}

export const linkCode = notification({ type: 'link_code_companion_reg', from: 's.whatsapp.net' }, [
  {
    tag: 'link_code_companion_reg',
    attrs: { stage: 'primary_hello' },
    content: [
      { tag: 'link_code_pairing_wrapped_primary_ephemeral_pub', attrs: {}, content: randomBytes(80) },
      { tag: 'primary_identity_pub', attrs: {}, content: randomBytes(32) },
      { tag: 'link_code_pairing_ref', attrs: {}, content: randomBytes(20) },
    ],
  },
])

/** All stanzas above, for targets that take any. */
export const stanzas = [
  ...messageStanzas,
  ...receiptStanzas,
  ...retryStanzas,
  ...ackStanzas,
  ...deviceNotifications,
  usyncAnswer,
  group,
  bundles,
  digest,
  pairSuccess,
  pairDevice,
  linkCode,
]
