import { parseKeyBundles, parsePreKeyCount, parsePreKeyDigest } from 'kurir/auth'
import {
  cleanMessage,
  decryptIncoming,
  generateForwardMessageContent,
  isRetryReceipt,
  judgeMessageAck,
  messageSideEffects,
  messageUpdateOfAck,
  padMessage,
  parseIncomingMessage,
  parseMessageAck,
  parseReceipt,
  parseRetryReceipt,
  planIncoming,
  readPageHead,
  receiptEffects,
} from 'kurir/messages'
import { parsePasskeyNotification } from 'kurir/pairing'
import { proto } from 'kurir/proto'
import {
  applyAddedDevices,
  applyDeviceList,
  decodeDeviceRecord,
  decodeSignedKeyIndexList,
  encodeDeviceRecord,
  parseDeviceNotification,
  parseOwnDevices,
  USyncQuery,
} from 'kurir/usync'
import * as answers from './answer-samples.mjs'
import { mutateBytes, mutateNode } from './mutate.mjs'
import * as samples from './samples.mjs'

/** Protobuf messages and stanzas, up to what they mean. */

const { me } = samples

const protobufs = [
  [proto.Message, samples.encodedMessages],
  [
    proto.WebMessageInfo,
    samples.messages.map(message =>
      proto.WebMessageInfo.encode({
        key: { remoteJid: '120363000000000001@g.us', id: '3EB0AA', participant: '6281110002@s.whatsapp.net' },
        message,
        messageTimestamp: 1_700_000_000,
        messageStubParameters: ['a'],
        userReceipt: [{ userJid: '6281110003@s.whatsapp.net', readTimestamp: 5 }],
      }).finish(),
    ),
  ],
  [
    proto.HistorySync,
    [
      proto.HistorySync.encode({
        syncType: 0,
        chunkOrder: 1,
        conversations: [
          {
            id: '6281110002@s.whatsapp.net',
            messages: [{ message: { key: { id: 'A' }, message: samples.messages[1] } }],
          },
        ],
        pushnames: [{ id: '6281110002@s.whatsapp.net', pushname: 'Bob' }],
        phoneNumberToLidMappings: [{ pnJid: '6281110002@s.whatsapp.net', lidJid: '100000000000002@lid' }],
      }).finish(),
    ],
  ],
  [
    proto.ClientPayload,
    [
      proto.ClientPayload.encode({
        username: 6281110001,
        passive: true,
        device: 3,
        userAgent: { platform: 14 },
        webInfo: {},
      }).finish(),
    ],
  ],
  [
    proto.HandshakeMessage,
    [
      proto.HandshakeMessage.encode({
        serverHello: { ephemeral: Buffer.alloc(32), static: Buffer.alloc(48), payload: Buffer.alloc(90) },
      }).finish(),
    ],
  ],
  [proto.ADVSignedDeviceIdentityHMAC, [samples.grant]],
  [proto.ADVSignedDeviceIdentity, [samples.deviceIdentity]],
  [proto.ADVSignedKeyIndexList, [samples.keyIndexList]],
  [
    proto.SyncActionData,
    [
      proto.SyncActionData.encode({
        index: Buffer.from('["mute","x"]'),
        value: { timestamp: 5, muteAction: { muted: true } },
        version: 2,
      }).finish(),
    ],
  ],
  [
    proto.SyncdPatch,
    [
      proto.SyncdPatch.encode({
        version: { version: 3 },
        mutations: [{ operation: 0, record: { index: { blob: Buffer.alloc(32) } } }],
      }).finish(),
    ],
  ],
].map(([type, encoded]) => ({ type, encoded: encoded.map(bytes => Buffer.from(bytes)) }))

/** Hands out plaintexts as if they had been decrypted. */
const decryptorOf = plaintext => ({
  pairwise: async () => plaintext,
  senderKey: async () => plaintext,
  distribute: async () => {},
  promptSecret: async () => Buffer.alloc(32),
})

const usyncQuery = new USyncQuery()
  .withDeviceProtocol()
  .withLIDProtocol()
  .withContactProtocol()
  .withStatusProtocol()
  .withDisappearingModeProtocol()
  .withUsernameProtocol()
  .withBotProfileProtocol()
  .withTextStatusProtocol()
  .withPictureProtocol()
  .withBusinessProtocol()

const deviceRecord = encodeDeviceRecord({
  rawId: 7,
  timestamp: 1_700_000_000,
  currentIndex: 3,
  validIndexes: [0, 1, 3],
  hosted: false,
  devices: [
    { id: 0, isHosted: false },
    { id: 7, keyIndex: 3, isHosted: false },
  ],
})

const pages = [
  '<!doctype html><html><head><title>A &amp; B</title><meta property="og:image" content="/a.png"></head><body>',
  "<head><!-- c --><script>if (a < b) '<title>'</script><META NAME='description' CONTENT='&#8364; x'><title>t",
  '<meta charset=windows-1252><meta content="x" name=twitter:title><style></style><svg></svg><title></title>',
].map(text => Buffer.from(text))

export const messageTargets = [
  {
    name: 'protobuf',
    share: 40,
    make(random) {
      const { type, encoded } = random.pick(protobufs)
      return { type, bytes: mutateBytes(random, random.pick(encoded), encoded) }
    },
    run({ type, bytes }) {
      const decoded = type.decode(bytes)
      type.encode(decoded).finish()
      type.toObject(decoded, { longs: String, enums: String, bytes: String })
    },
  },
  {
    name: 'message stanza',
    share: 15,
    make: random => mutateNode(random, random.pick(samples.messageStanzas)),
    run: stanza => void parseIncomingMessage(stanza, me),
  },
  {
    name: 'content of a message',
    share: 8,
    make(random) {
      const stanza = random.chance(0.3)
        ? mutateNode(random, random.pick(samples.messageStanzas))
        : structuredClone(random.pick(samples.messageStanzas))
      const content = mutateBytes(random, random.pick(samples.encodedMessages), samples.encodedMessages)
      const padded = padMessage(content.length === 0 ? Buffer.of(0) : content, 1 + random.below(16))
      return { stanza, plaintext: random.chance(0.1) ? mutateBytes(random, padded) : padded }
    },
    async run({ stanza, plaintext }) {
      const incoming = parseIncomingMessage(stanza, me)
      const result = await decryptIncoming(incoming, decryptorOf(plaintext), me)
      const { upsert } = planIncoming(incoming, result, { asked: 0, now: 1_700_000_100 })
      if (!upsert) return
      cleanMessage(upsert, me.id, me.lid)
      messageSideEffects(upsert, { me, unarchiveChats: true })
    },
  },
  {
    name: 'forwarding',
    share: 3,
    make: random => mutateBytes(random, random.pick(samples.encodedMessages), samples.encodedMessages),
    run(bytes) {
      const key = { remoteJid: '6281110002@s.whatsapp.net', id: 'A', fromMe: false }
      proto.Message.encode(generateForwardMessageContent({ key, message: proto.Message.decode(bytes) })).finish()
    },
  },
  {
    name: 'head of a page',
    share: 3,
    make: random => mutateBytes(random, random.pick(pages), pages),
    run: bytes => void readPageHead(bytes, 'text/html'),
  },
  {
    name: 'receipt',
    share: 8,
    make: random => mutateNode(random, random.pick(samples.receiptStanzas)),
    run: stanza => void receiptEffects(parseReceipt(stanza), me),
  },
  {
    name: 'retry receipt',
    share: 6,
    make: random => mutateNode(random, random.pick(samples.retryStanzas)),
    run(stanza) {
      isRetryReceipt(stanza)
      parseRetryReceipt(stanza)
    },
  },
  {
    name: 'message ack',
    share: 5,
    make: random => mutateNode(random, random.pick(samples.ackStanzas)),
    run(stanza) {
      const ack = parseMessageAck(stanza)
      judgeMessageAck(ack, { isGroup: true, phash: '2:abcdefgh' })
      messageUpdateOfAck(ack)
    },
  },
  {
    name: 'usync result',
    share: 8,
    make: random => mutateNode(random, answers.usyncAnswer),
    run(stanza) {
      const result = usyncQuery.parseUSyncQueryResult(stanza)
      for (const { devices } of result?.list ?? []) {
        if (devices) applyDeviceList(devices, { stored: undefined, primaryIdentity: samples.accountKey })
      }
    },
  },
  {
    name: 'passkey notification',
    share: 2,
    make: random => mutateNode(random, random.pick(answers.passkeyNotifications)),
    run: stanza => void parsePasskeyNotification(stanza),
  },
  {
    name: 'device notification',
    share: 4,
    make: random => mutateNode(random, random.pick(answers.deviceNotifications)),
    run(stanza) {
      parseOwnDevices(stanza)
      const change = parseDeviceNotification(stanza)
      const context = { stored: decodeDeviceRecord(deviceRecord), primaryIdentity: samples.accountKey }
      if (change?.kind === 'add') applyAddedDevices(change.devices, change.keyIndex, context)
    },
  },
  {
    name: 'key index list and device record',
    share: 5,
    make: random =>
      random.chance(0.5)
        ? { list: mutateBytes(random, samples.keyIndexList) }
        : { record: mutateBytes(random, deviceRecord) },
    run: ({ list, record }) => void (list ? decodeSignedKeyIndexList(list) : decodeDeviceRecord(record)),
  },
  {
    name: 'key bundles',
    share: 3,
    make: random => mutateNode(random, answers.bundles),
    run: stanza => void parseKeyBundles(stanza),
  },
  {
    name: 'prekey digest and count',
    share: 2,
    make: random => mutateNode(random, answers.digest),
    run(stanza) {
      if (stanza.content?.length === 0) parsePreKeyCount(stanza)
      else parsePreKeyDigest(stanza)
    },
  },
]
