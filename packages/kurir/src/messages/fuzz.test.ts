import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import { parseReceivedTokens } from '../privacy/trusted-contact-tokens.js'
import { proto } from '../proto/index.js'
import { judgeMessageAck, messageUpdateOfAck } from './ack-verdict.js'
import { buildAck, parseMessageAck } from './acks.js'
import { cleanMessage } from './clean.js'
import { parseIncomingMessage } from './incoming.js'
import { judgeContent } from './incoming-content.js'
import { decodePadded } from './incoming-decryption.js'
import { parseReceipt, receiptEffects } from './incoming-receipts.js'
import { buildDeliveryReceipt } from './receipts.js'
import { parseRetryReceipt } from './retry-receipt.js'
import { messageSideEffects } from './side-effects.js'
import { stanzaAttributesOf } from './stanza-attributes.js'
import { me } from './testing/fixtures.js'

/** Stanzas that look right often enough to get deep into the parsers. */
const jid = fc.constantFrom(
  '2@lid',
  '2:3@lid',
  '15550001111:4@s.whatsapp.net',
  '1@g.us',
  'status@broadcast',
  '7@broadcast',
  '8@bot',
  '9@newsletter',
  '@',
  'x',
  '1@hosted',
  '5@c.us',
  '',
)
const value = fc.oneof(
  jid,
  fc.constantFrom(
    '1',
    '0',
    '-1',
    '99999999999999999999',
    'retry',
    'read',
    'view',
    'peer',
    'lid',
    'pn',
    'skmsg',
    'pkmsg',
    'msg',
    'msmsg',
    'true',
    'trusted_contact',
  ),
  fc.string({ maxLength: 8 }),
)
const name = fc.constantFrom(
  'id',
  'from',
  'to',
  'participant',
  'recipient',
  'type',
  't',
  'category',
  'count',
  'error',
  'key',
  'jid',
  'v',
  'addressing_mode',
  'sender_pn',
  'participant_pn',
  'offline',
  'phash',
  'target_id',
  'server_id',
  'edit',
)
const tag = fc.constantFrom(
  'enc',
  'participants',
  'to',
  'user',
  'list',
  'item',
  'retry',
  'registration',
  'keys',
  'identity',
  'skey',
  'key',
  'value',
  'signature',
  'meta',
  'bot',
  'unavailable',
  'plaintext',
  'verified_name',
  'error',
  'tokens',
  'token',
  'device-identity',
  'rcat',
)
const attrs = fc.dictionary(name, value, { maxKeys: 7 })
const { node } = fc.letrec<{ node: BinaryNode }>(tie => ({
  node: fc.record(
    {
      tag,
      attrs,
      content: fc.oneof(
        { depthSize: 'small' },
        fc.uint8Array({ maxLength: 70 }),
        fc.string({ maxLength: 10 }),
        fc.array(tie('node'), { maxLength: 5 }),
      ),
    },
    { requiredKeys: ['tag', 'attrs'] },
  ),
}))
const stanza = (stanzaTag: string) =>
  fc
    .tuple(fc.constantFrom('2@lid', '1@g.us', '15550001111:4@s.whatsapp.net'), attrs, fc.array(node, { maxLength: 5 }))
    .map(
      ([from, more, content]): BinaryNode => ({ tag: stanzaTag, attrs: { id: 'M1', from, t: '5', ...more }, content }),
    )

function onlyTypedErrors(work: () => unknown): void {
  try {
    work()
  } catch (error) {
    if (!KurirError.is(error)) throw error
  }
}

const parsers: [string, string, (stanza: BinaryNode) => unknown][] = [
  ['messages', 'message', each => parseIncomingMessage(each, me)],
  ['delivery receipts', 'message', each => buildDeliveryReceipt(each, me, true)],
  ['receipts', 'receipt', each => receiptEffects(parseReceipt(each), me)],
  ['retry receipts', 'receipt', parseRetryReceipt],
  [
    'acks',
    'ack',
    each => [judgeMessageAck(parseMessageAck(each), { isGroup: true }), messageUpdateOfAck(parseMessageAck(each))],
  ],
  ['our acks', 'notification', each => buildAck(each)],
  ['tokens', 'notification', parseReceivedTokens],
]

describe('hostile stanzas end in typed errors', () => {
  it.each(parsers)('%s', (_name, stanzaTag, parse) => {
    fc.assert(
      fc.property(stanza(stanzaTag), each => onlyTypedErrors(() => parse(each))),
      { numRuns: 3_000 },
    )
  })
})

describe('hostile content ends in typed errors', () => {
  const incoming = parseIncomingMessage({ tag: 'message', attrs: { id: 'M', from: '2@lid', t: '1' } }, me)
  const process = (message: proto.Message) => {
    stanzaAttributesOf(message)
    const judged = judgeContent(incoming, message)
    if (judged.kind === 'dropped') return
    cleanMessage(judged.message, me.id, me.lid)
    messageSideEffects(judged.message, { me, unarchiveChats: true })
  }

  it('random plaintexts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => onlyTypedErrors(() => process(decodePadded(bytes)))),
      { numRuns: 5_000 },
    )
  })

  it('damaged messages', () => {
    const samples = [
      { protocolMessage: { type: 14, key: { id: 'A', remoteJid: '1@lid' }, editedMessage: { conversation: 'x' } } },
      { reactionMessage: { key: { id: 'A', fromMe: false, remoteJid: '1@lid' }, text: 'x' } },
      {
        ephemeralMessage: {
          message: {
            protocolMessage: {
              type: 22,
              lidMigrationMappingSyncMessage: { encodedMappingPayload: Buffer.from('1f8b08', 'hex') },
            },
          },
        },
      },
      { deviceSentMessage: { destinationJid: '1@lid', message: { conversation: 'x' } } },
      { templateMessage: { hydratedTemplate: { hydratedContentText: 'x' } } },
    ].map(sample => proto.Message.encode(sample).finish())
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 })
    fc.assert(
      fc.property(fc.constantFrom(...samples), damage, (sample, changes) => {
        const bytes = Buffer.from(sample)
        for (const [position, byte] of changes) bytes[position % bytes.byteLength] = byte
        onlyTypedErrors(() => process(proto.Message.decode(bytes)))
      }),
      { numRuns: 5_000 },
    )
  })

  it('deeply nested messages are refused, not followed', () => {
    let bytes: Uint8Array = proto.Message.encode({ conversation: 'x' }).finish()
    for (let level = 0; level < 60; level += 1) {
      const field = proto.Message.FutureProofMessage.encode({}).finish()
      bytes = Buffer.concat([field, nest(bytes)])
    }
    expect(() => proto.Message.decode(bytes)).toThrow(expect.objectContaining({ code: 'invalid-protobuf' }))
  })
})

/** `ephemeralMessage { message: bytes }`. */
function nest(bytes: Uint8Array): Buffer {
  const varint = (length: number): number[] =>
    length < 128 ? [length] : [(length & 127) | 128, ...varint(length >>> 7)]
  const inner = Buffer.concat([Buffer.from([0x0a, ...varint(bytes.byteLength)]), bytes])
  return Buffer.concat([Buffer.from([0xc2, 0x02, ...varint(inner.byteLength)]), inner])
}
