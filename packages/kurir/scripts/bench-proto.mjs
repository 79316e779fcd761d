/**
 * Compares Kurir's protobuf codec with Baileys' protobufjs code: time of encode, decode, fromObject, toJSON (user CPU
 * time, medians of alternating rounds) and the cost of importing. Run by hand after a build:
 *
 *   node packages/kurir/scripts/bench-proto.mjs [encode|decode|convert|import]
 */
import { execFileSync } from 'node:child_process'

const OURS = new URL('../dist/proto/index.js', import.meta.url).href
const THEIRS = import.meta.resolve('baileys/WAProto/index.js')
const only = process.argv[2]
/** Results go here, so that no call is optimised away. */
let _sink
const wants = part => only === undefined || only === part

if (wants('import')) benchImport()
if (only !== 'import') await benchCodec()

async function benchCodec() {
  const { proto: ours } = await import(OURS)
  const { proto: theirs } = await import(THEIRS)
  benchMix(ours.Message, theirs.Message)
  const cases = Object.entries(samples()).map(([name, [type, message]]) => {
    const [mine, other] = [ours[type], theirs[type]]
    const bytes = Buffer.from(other.encode(message).finish())
    if (JSON.stringify(mine.decode(bytes)) !== JSON.stringify(other.decode(bytes))) throw new Error(`${name} differs`)
    return { name, message, bytes, mine, other, isLarge: bytes.length > 10_000 }
  })
  warmUp(cases)
  for (const { name, message, bytes, mine, other } of cases) {
    if (wants('encode'))
      compare(
        `${name}: encode`,
        () => other.encode(message).finish(),
        () => mine.encode(message).finish(),
      )
    if (wants('decode'))
      compare(
        `${name}: decode`,
        () => other.decode(bytes),
        () => mine.decode(bytes),
      )
    if (wants('convert')) {
      const [a, b] = [other.decode(bytes), mine.decode(bytes)]
      compare(
        `${name}: fromObject`,
        () => other.fromObject(message),
        () => mine.fromObject(message),
      )
      compare(
        `${name}: toJSON`,
        () => a.toJSON(),
        () => b.toJSON(),
      )
    }
  }
}

/** Ten kinds of content in turn: what a process that handles traffic sees, and what call sites cannot specialise on. */
function benchMix(mine, other) {
  const contents = kinds()
  const [a, b] = [contents.map(content => other.fromObject(content)), contents.map(content => mine.fromObject(content))]
  const bytes = contents.map(content => Buffer.from(other.encode(content).finish()))
  let turn = 0
  const next = list => list[turn++ % list.length]
  if (wants('encode')) {
    compare(
      'ten kinds in turn: encode',
      () => other.encode(next(a)).finish(),
      () => mine.encode(next(b)).finish(),
    )
  }
  if (wants('decode'))
    compare(
      'ten kinds in turn: decode',
      () => other.decode(next(bytes)),
      () => mine.decode(next(bytes)),
    )
  if (wants('convert')) {
    compare(
      'ten kinds in turn: fromObject',
      () => other.fromObject(next(contents)),
      () => mine.fromObject(next(contents)),
    )
    compare(
      'ten kinds in turn: toJSON',
      () => next(a).toJSON(),
      () => next(b).toJSON(),
    )
  }
}

function kinds() {
  const messageContextInfo = { messageSecret: Buffer.alloc(32), deviceListMetadataVersion: 2 }
  const key = { remoteJid: '6281234567890@s.whatsapp.net', fromMe: true, id: '3EB0ABCDEF0123456789' }
  return [
    { conversation: 'Halo', messageContextInfo },
    { imageMessage: { url: 'https://mmg.whatsapp.net/x', caption: 'c', height: 3 } },
    { extendedTextMessage: { text: 'Halo', contextInfo: { stanzaId: key.id } }, messageContextInfo },
    { reactionMessage: { text: '👍', key } },
    { protocolMessage: { type: 0, key } },
    { audioMessage: { url: 'https://mmg.whatsapp.net/x', seconds: 3, ptt: true } },
    { videoMessage: { url: 'https://mmg.whatsapp.net/x' } },
    { stickerMessage: { url: 'https://mmg.whatsapp.net/x' }, messageContextInfo },
    { pollCreationMessageV3: { name: 'Makan?', options: [{ optionName: 'Ya' }] }, messageContextInfo },
    { documentMessage: { url: 'https://mmg.whatsapp.net/x', fileName: 'a.pdf' } },
  ]
}

/** Every call site sees every shape before anything is measured, as in a process that handles traffic. */
function warmUp(cases) {
  for (let i = 0; i < 3000; i++) {
    for (const { message, bytes, mine, other, isLarge } of cases) {
      if (isLarge && i % 30 > 0) continue
      for (const type of [mine, other]) {
        type.encode(message).finish()
        type.encode(type.decode(bytes)).finish()
      }
    }
  }
}

/** Nanoseconds of user CPU time per call. */
function time(work) {
  for (let count = 1; ; count *= 2) {
    const start = process.cpuUsage()
    for (let i = 0; i < count; i++) _sink = work()
    const { user } = process.cpuUsage(start)
    if (user > 60_000) return (user * 1000) / count
  }
}

function compare(name, baileys, kurir) {
  const rounds = Array.from({ length: 9 }, () => [time(baileys), time(kurir)])
  const median = column => rounds.map(round => round[column]).sort((a, b) => a - b)[4]
  const [a, b] = [median(0), median(1)]
  console.log(`${name.padEnd(34)} baileys ${format(a)}  kurir ${format(b)}  ratio ${(a / b).toFixed(2)}`)
}

function format(nanoseconds) {
  return `${Math.round(nanoseconds)} ns`.padStart(11)
}

function benchImport() {
  const measure = code => {
    const report =
      '; const { user, system } = process.cpuUsage(); console.log((user + system) / 1000, process.memoryUsage().rss / 2 ** 20)'
    const runs = Array.from({ length: 15 }, () =>
      execFileSync(process.execPath, ['--input-type=module', '-e', code + report], { encoding: 'utf8' })
        .split(' ')
        .map(Number),
    )
    return [0, 1].map(column => runs.map(run => run[column]).sort((a, b) => a - b)[7])
  }
  const [bareTime, bareMemory] = measure('')
  for (const [name, url] of Object.entries({ baileys: THEIRS, kurir: OURS })) {
    const [cpu, memory] = measure(`await import('${url}')`)
    console.log(
      `import ${name}: ${(cpu - bareTime).toFixed(1)} ms CPU, ${(memory - bareMemory).toFixed(1)} MiB over bare Node`,
    )
  }
}

/** What real traffic looks like. */
function samples() {
  const bytes = length => Buffer.from(Array.from({ length }, (_, i) => (i * 37 + 11) & 255))
  const jid = '6281234567890@s.whatsapp.net'
  const directPath =
    '/v/t62.7118-24/12345678_1234567890_1234567890123456789_n.enc?ccb=11-4&oh=01_Q5AaIabcdefghijklm&oe=66A1B2C3'
  const messageContextInfo = {
    deviceListMetadata: {
      senderKeyHash: bytes(10),
      senderTimestamp: 1_720_000_000,
      recipientKeyHash: bytes(10),
      recipientTimestamp: 1_720_000_001,
    },
    deviceListMetadataVersion: 2,
    messageSecret: bytes(32),
  }
  const text = { conversation: 'Halo, apa kabar hari ini? Nanti malam jadi makan?', messageContextInfo }
  const image = {
    imageMessage: {
      url: `https://mmg.whatsapp.net${directPath}&mms3=true`,
      mimetype: 'image/jpeg',
      caption: 'Liburan di Bali 🏖️ tahun lalu',
      fileSha256: bytes(32),
      fileLength: 123_456,
      height: 1600,
      width: 1200,
      mediaKey: bytes(32),
      fileEncSha256: bytes(32),
      directPath,
      mediaKeyTimestamp: 1_720_000_000,
      jpegThumbnail: bytes(1500),
      contextInfo: {
        stanzaId: '3EB0ABCDEF0123456789',
        participant: jid,
        quotedMessage: { conversation: 'mana fotonya?' },
        mentionedJid: [jid, '6289876543210@s.whatsapp.net'],
        forwardingScore: 1,
        isForwarded: true,
      },
    },
    messageContextInfo,
  }
  const stored = (i, message) => ({
    key: { remoteJid: jid, fromMe: i % 2 === 0, id: `3EB0${(1e15 + i * 829_300_651).toString(16).toUpperCase()}` },
    message,
    messageTimestamp: 1_720_000_000 + i * 61,
    status: 4,
    participant: jid,
    pushName: 'Budi',
    userReceipt: [{ userJid: jid, receiptTimestamp: 1_720_000_010 + i, readTimestamp: 1_720_000_020 + i }],
    messageSecret: bytes(32),
  })
  const messages = Array.from({ length: 50 }, (_, i) => {
    const words = `Pesan nomor ${i} dengan isi yang berbeda-beda panjangnya`.slice(0, 15 + (i % 35))
    return { message: stored(i, i % 5 === 4 ? image : { ...text, conversation: words }), msgOrderId: i }
  })
  return {
    'text message': ['Message', text],
    'image with context': ['Message', image],
    WebMessageInfo: ['WebMessageInfo', stored(1, text)],
    'Conversation of 50': [
      'Conversation',
      { id: jid, messages, unreadCount: 3, name: 'Budi Santoso', tcToken: bytes(64) },
    ],
    SignalMessage: ['SignalMessage', { ratchetKey: bytes(33), counter: 5, previousCounter: 0, ciphertext: bytes(160) }],
    SenderKeyMessage: ['SenderKeyMessage', { id: 12_345_678, iteration: 17, ciphertext: bytes(160) }],
  }
}
