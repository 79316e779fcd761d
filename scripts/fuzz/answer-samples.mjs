import { proto } from 'kurir/proto'
import {
  ackStanzas,
  grant,
  keyIndexList,
  keyNode,
  messageStanzas,
  randomBytes,
  receiptStanzas,
  retryStanzas,
} from './samples.mjs'

/** Valid answers and notifications of a server. */

const { VerifiedNameCertificate } = proto
const businessCertificate = VerifiedNameCertificate.encode({
  details: VerifiedNameCertificate.Details.encode({ verifiedName: 'Bakery', issuer: 'smb:wa', serial: 7 }).finish(),
}).finish()

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
                { tag: 'picture', attrs: { id: '15' } },
                {
                  tag: 'text_status',
                  attrs: { text: 'baking', ephemeral_duration_sec: '86400', last_update_time: '1700000000' },
                  content: [{ tag: 'emoji', attrs: { content: '🥖' } }],
                },
                {
                  tag: 'business',
                  attrs: {},
                  content: [{ tag: 'verified_name', attrs: { verified_level: 'low' }, content: businessCertificate }],
                },
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

export const passkeyNotifications = [
  {
    tag: 'notification',
    attrs: { id: '1', from: 's.whatsapp.net', type: 'passkey_prologue_request' },
    content: [{ tag: 'passkey_request_options', attrs: {}, content: Buffer.from('{"challenge":"AAAA"}') }],
  },
  {
    tag: 'notification',
    attrs: { id: '2', from: 's.whatsapp.net', type: 'crsc_continuation' },
    content: [
      {
        tag: 'primary_ephemeral_identity',
        attrs: {},
        content: proto.PrimaryEphemeralIdentity.encode({ publicKey: randomBytes(32), nonce: randomBytes(32) }).finish(),
      },
    ],
  },
]

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
  ...passkeyNotifications,
]
