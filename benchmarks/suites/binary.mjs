import { decodeBinaryNode as baileysDecode, encodeBinaryNode as baileysEncode } from 'baileys/lib/WABinary/index.js'
import { decodeNode, encodeBinaryNode } from 'kurir/binary'
import { decodeBinaryNodeStanza as zapoDecode, encodeBinaryNodeStanza as zapoEncode } from 'zapo-js/transport'
import { compare } from '../harness.mjs'

const bytes = (length, seed) => Buffer.from(Array.from({ length }, (_, index) => (index * 31 + seed * 17) & 255))

/** A text message to one person with three devices, as it leaves a client. */
const messageStanza = () => ({
  tag: 'message',
  attrs: { id: '3EB0C7A1F2D94E5B6A7C', to: '15550002222@s.whatsapp.net', type: 'text' },
  content: [
    {
      tag: 'participants',
      attrs: {},
      content: [0, 3, 17].map(device => ({
        tag: 'to',
        attrs: { jid: device ? `15550002222:${device}@s.whatsapp.net` : '15550002222@s.whatsapp.net' },
        content: [{ tag: 'enc', attrs: { v: '2', type: 'pkmsg' }, content: bytes(280, device) }],
      })),
    },
    { tag: 'device-identity', attrs: {}, content: bytes(190, 5) },
  ],
})

/** Metadata of a group with 500 members. */
const groupResult = () => ({
  tag: 'iq',
  attrs: { from: '120363040123456789@g.us', type: 'result', id: '40582.51573-14' },
  content: [
    {
      tag: 'group',
      attrs: {
        id: '120363040123456789',
        creation: '1700000000',
        subject: 'Neighbours',
        s_t: '1700000500',
        addressing_mode: 'lid',
      },
      content: Array.from({ length: 500 }, (_, index) => ({
        tag: 'participant',
        attrs: {
          jid: `1000000${10_000 + index}@lid`,
          phone_number: `1555${1_000_000 + index}@s.whatsapp.net`,
          ...(index % 50 ? {} : { type: 'admin' }),
        },
      })),
    },
  ],
})

/** Device lists of 500 people. */
const usyncResult = () => ({
  tag: 'iq',
  attrs: { from: '@s.whatsapp.net', type: 'result', id: '40582.51573-15' },
  content: [
    {
      tag: 'usync',
      attrs: { sid: '40582.51573-16', mode: 'query', last: 'true', index: '0', context: 'message' },
      content: [
        {
          tag: 'list',
          attrs: {},
          content: Array.from({ length: 500 }, (_, index) => ({
            tag: 'user',
            attrs: { jid: `1555${1_000_000 + index}@s.whatsapp.net` },
            content: [
              {
                tag: 'devices',
                attrs: {},
                content: [
                  {
                    tag: 'device-list',
                    attrs: {},
                    content: [0, 4].map(id => ({
                      tag: 'device',
                      attrs: { id: String(id), ...(id ? { 'key-index': '2' } : {}) },
                    })),
                  },
                  { tag: 'key-index-list', attrs: { ts: '1700000000' }, content: bytes(90, index) },
                ],
              },
              { tag: 'lid', attrs: { val: `1000000${10_000 + index}@lid` } },
            ],
          })),
        },
      ],
    },
  ],
})

export const measure = async () => {
  const rows = []
  for (const [what, make, operations] of [
    ['message stanza', messageStanza, 20_000],
    ['500-participant group', groupResult, 200],
    ['500-user usync', usyncResult, 200],
  ]) {
    const node = make()
    const frame = Buffer.from(encodeBinaryNode(node))
    const row = (name, work) => {
      const repeated = Object.entries(work).map(([library, once]) => {
        const run = async () => {
          for (let index = 0; index < operations; index += 1) {
            const result = once()
            if (result instanceof Promise) await result
          }
        }
        return [library, { run }]
      })
      const { kurir, ...peers } = Object.fromEntries(repeated)
      return compare({ name: `${name} ${what}`, unit: 'nodes/s', operations, target: 3, kurir, peers })
    }
    rows.push(
      await row('encode', {
        kurir: () => encodeBinaryNode(node),
        baileys: () => baileysEncode(node),
        zapo: () => zapoEncode(node),
      }),
      await row('decode', {
        kurir: () => decodeNode(frame),
        baileys: () => baileysDecode(frame),
        zapo: () => zapoDecode(frame),
      }),
    )
  }
  return rows
}
