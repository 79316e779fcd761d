import { deflateSync } from 'node:zlib'
import { buildCallAnswer, parseCall, withOffer } from 'kurir/calls'
import { openHistory, readHistory } from 'kurir/history'
import {
  addOnEffects,
  authorOf,
  callMessage,
  cleanMessage,
  hashPollOption,
  openAddOn,
  ownPerson,
  parentsInChat,
  readRow,
  sealedAddOnOf,
  sealWithSecret,
  updatedRow,
} from 'kurir/messages'
import { proto } from 'kurir/proto'
import { mutateBytes, mutateNode } from './mutate.mjs'
import * as samples from './samples.mjs'

/** History, sealed add-ons and calls: what phones, members of groups and callers send. */

const { me } = samples
const chat = '6281110002@s.whatsapp.net'

const histories = [
  {
    syncType: 3,
    chunkOrder: 1,
    progress: 50,
    conversations: samples.messages.map((message, index) => ({
      id: index % 2 ? chat : '100000000000002@lid',
      name: 'Bob',
      lidJid: '100000000000002@lid',
      tcToken: Buffer.alloc(9, 1),
      messages: [{ message: { key: { remoteJid: chat, fromMe: index % 3 === 0, id: `M${index}` }, message } }],
    })),
  },
  { syncType: 4, pushnames: [{ id: chat, pushname: 'Bob' }] },
  {
    syncType: 5,
    phoneNumberToLidMappings: [{ pnJid: chat, lidJid: '100000000000002@lid' }],
    pastParticipants: [{ groupJid: '120363000000000001@g.us', pastParticipants: [{ userJid: chat, leaveTs: 5 }] }],
    inlineContacts: [{ pnJid: chat, lidJid: '100000000000002@lid', fullName: 'Bob' }],
    nctSalt: Buffer.alloc(16, 2),
  },
].map(history => Buffer.from(proto.HistorySync.encode(history).finish()))

const secret = Buffer.alloc(32, 5)
const target = { remoteJid: chat, fromMe: true, id: '3EB0PARENT' }
const sealedAs = (useCase, plaintext) => {
  const context = { messageId: target.id, originalSender: '6281110001@s.whatsapp.net', modifier: chat }
  return { targetMessageKey: target, ...sealWithSecret(plaintext, secret, context, useCase, Buffer.alloc(12, 1)) }
}
const encoded = (type, value) => Buffer.from(type.encode(value).finish())

/** What is inside an add-on, and the message that carries it. */
const addOns = [
  [
    'Poll Vote',
    encoded(proto.Message.PollVoteMessage, { selectedOptions: [hashPollOption('A')] }),
    vote => ({ pollUpdateMessage: { pollCreationMessageKey: target, vote, senderTimestampMs: 1 } }),
  ],
  [
    'Event Response',
    encoded(proto.Message.EventResponseMessage, { response: 1, timestampMs: 1 }),
    ({ encPayload, encIv }) => ({ encEventResponseMessage: { eventCreationMessageKey: target, encPayload, encIv } }),
  ],
  [
    'Enc Reaction',
    encoded(proto.Message.ReactionMessage, { text: '👍', senderTimestampMs: 1 }),
    encReactionMessage => ({ encReactionMessage }),
  ],
  [
    'Enc Comment',
    encoded(proto.Message.CommentMessage, { message: { conversation: 'hi' }, targetMessageKey: target }),
    encCommentMessage => ({ encCommentMessage }),
  ],
  [
    'Poll Add Option',
    encoded(proto.Message, { pollAddOptionMessage: { addOption: { optionName: 'B' } } }),
    sealed => ({ secretEncryptedMessage: { ...sealed, secretEncType: 5 } }),
  ],
]

const calls = [
  ['offer', { caller_pn: chat }, [{ tag: 'video', attrs: {} }]],
  ['offer_notice', { media: 'video', type: 'group', 'group-jid': '120363000000000001@g.us' }, []],
  ['relaylatency', { latency: '33554474' }, []],
  ['terminate', { reason: 'timeout' }, []],
].map(([tag, attrs, content]) => ({
  tag: 'call',
  attrs: { id: 'C', from: '100000000000002@lid', t: '1700000000', offline: '0' },
  content: [{ tag, attrs: { 'call-id': 'A1B2', 'call-creator': '100000000000002:1@lid', ...attrs }, content }],
}))

async function* pieces(bytes, size) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

async function drain(items) {
  for await (const _ of items);
}

export const historyTargets = [
  {
    name: 'history',
    share: 8,
    make: random => ({ bytes: mutateBytes(random, random.pick(histories), histories), size: 1 + random.below(64) }),
    run: ({ bytes, size }) => drain(readHistory(pieces(bytes, size), 3, { batchSize: 2 })),
  },
  {
    name: 'compressed history',
    share: 2,
    make: random => mutateBytes(random, deflateSync(random.pick(histories))),
    run: payload =>
      drain(
        readHistory(
          openHistory({ initialHistBootstrapInlinePayload: payload }, async () => pieces(payload, 9)),
          3,
        ),
      ),
  },
  {
    name: 'sealed add-on',
    share: 4,
    make(random) {
      const [useCase, plaintext, wrap] = random.pick(addOns)
      const content = random.chance(0.8) ? mutateBytes(random, plaintext) : plaintext
      const message = encoded(proto.Message, wrap(sealedAs(useCase, content)))
      return random.chance(0.2) ? mutateBytes(random, message) : message
    },
    run(bytes) {
      const message = { key: { remoteJid: chat, fromMe: false, id: 'IN' }, message: proto.Message.decode(bytes) }
      cleanMessage(message, me.id, me.lid)
      const addOn = sealedAddOnOf(message.message)
      if (!addOn) return
      const parent = { secret, author: ownPerson(me) }
      const opened = openAddOn(addOn, parent, authorOf(addOn.target, me), authorOf(message.key, me))
      if (opened) addOnEffects(message, addOn, opened)
    },
  },
  {
    name: 'stored message secrets',
    share: 2,
    make(random) {
      const row = {
        A: [{ chat, author: { asSeen: chat, pn: chat }, secret: secret.toString('base64'), options: 1, since: 1 }],
      }
      const text = mutateBytes(random, Buffer.from(JSON.stringify(row))).toString()
      try {
        return JSON.parse(text)
      } catch {
        return row
      }
    },
    run(row) {
      for (const parents of readRow(row).values()) parentsInChat(parents, { remoteJid: chat })
      updatedRow(row, new Map(), 10)
    },
  },
  {
    name: 'call',
    share: 4,
    make: random => mutateNode(random, random.pick(calls)),
    run(stanza) {
      buildCallAnswer(stanza, me.id)
      const { event } = parseCall(stanza)
      callMessage(withOffer(event, undefined))
    },
  },
]
