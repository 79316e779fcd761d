import { aesGcmEncrypt, hkdf } from 'kurir/crypto'
import {
  expandMediaKey,
  MediaDecryptor,
  MediaEncryptor,
  parseImageHeader,
  parseMediaConnection,
  parseResumeAnswer,
  parseUploadAnswer,
  planRange,
  RangeDecryptor,
  readMp4,
  readOggOpusDuration,
  readWebp,
  withRandomAccess,
} from 'kurir/media'
import { decodeMediaRetryNode, directPathOfAnswer } from 'kurir/messages'
import { proto } from 'kurir/proto'
import { mutateBytes, mutateNode } from './mutate.mjs'

/** Files of others, what media hosts answer, and what the phone says about files. */

const mediaKey = Buffer.alloc(32, 7)
const keys = expandMediaKey(mediaKey, 'video')
const encryptor = new MediaEncryptor(keys)
const head = encryptor.update(Buffer.alloc(1000, 'x'))
const { rest, info } = encryptor.finish()
const encrypted = Buffer.concat([head, rest])

const hex = text => Buffer.from(text.replaceAll(' ', ''), 'hex')
const box = (type, content) => {
  const header = Buffer.alloc(8)
  header.writeUInt32BE(8 + content.length)
  header.write(type, 4, 'latin1')
  return Buffer.concat([header, content])
}
const track = box('trak', box('tkhd', Buffer.concat([Buffer.alloc(76), hex('05000000 02d00000')])))
const movieHead = box('mvhd', hex('00000000 00000000 00000000 000003e8 000030d4'))
const files = [
  Buffer.concat([box('ftyp', Buffer.from('isom')), box('moov', Buffer.concat([movieHead, track]))]),
  Buffer.concat([
    hex('52494646 60000000 57454250 56503858 0a000000 12000000 ff0100 ff0100'),
    hex('414e494d 06000000 ffffffff 0000 414e4d46 10000000'),
    Buffer.alloc(40),
  ]),
  hex('89504e47 0d0a1a0a 0000000d 49484452 00000280 000001e0 08020000 00'),
  hex(
    'ffd8 ffe1 0022 457869660000 49492a00 08000000 0100 1201 0300 01000000 06000000 00000000 0000 ffc0 0011 08 00f0 0140 03',
  ),
  hex('47494638 3961 4001 f000'),
  Buffer.concat([
    Buffer.from('OggS'),
    Buffer.alloc(24),
    Buffer.from('OpusHead'),
    hex('0101 3801 80bb0000 000000'),
    Buffer.from('OggS'),
    hex('0004 80bb000000000000'),
    Buffer.alloc(40),
  ]),
]

const connection = {
  tag: 'iq',
  attrs: { type: 'result' },
  content: [
    {
      tag: 'media_conn',
      attrs: { auth: 'AQ', ttl: '300', auth_ttl: '21600', max_buckets: '12' },
      content: [
        { tag: 'host', attrs: { hostname: 'mmg.whatsapp.net', type: 'primary', fallback_hostname: 'f.whatsapp.net' } },
        { tag: 'host', attrs: { hostname: 'mmg-fallback.whatsapp.net', type: 'fallback', maxContentLengthBytes: '9' } },
      ],
    },
  ],
}
const messageId = '3EB0AABBCCDDEEFF001122'
const retryIv = Buffer.alloc(12, 2)
const sealedAnswer = aesGcmEncrypt(
  hkdf(mediaKey, 32, { info: 'WhatsApp Media Retry Notification' }),
  retryIv,
  proto.MediaRetryNotification.encode({ stanzaId: messageId, directPath: '/v/new', result: 1 }).finish(),
  Buffer.from(messageId),
)
const retryAnswer = {
  tag: 'notification',
  attrs: { id: messageId, type: 'mediaretry', from: '6281110001@s.whatsapp.net', t: '1700000000' },
  content: [
    { tag: 'rmr', attrs: { jid: '120363000000000001@g.us', from_me: 'false', participant: '6281110002@lid' } },
    {
      tag: 'encrypt',
      attrs: {},
      content: [
        { tag: 'enc_p', attrs: {}, content: sealedAnswer },
        { tag: 'enc_iv', attrs: {}, content: retryIv },
      ],
    },
  ],
}
const refusedAnswer = { ...retryAnswer, content: [retryAnswer.content[0], { tag: 'error', attrs: { code: '2' } }] }
const uploadAnswers = [
  '{"url":"https://mmg.whatsapp.net/o1/x","direct_path":"/o1/x","handle":"h","ts":1,"fbid":"7"}',
  '{"resume":"complete","url":"https://mmg.whatsapp.net/o1/x","direct_path":"/o1/x"}',
  '{"resume":"5000000"}',
].map(text => Buffer.from(text))

export const mediaTargets = [
  {
    name: 'media decryptor',
    share: 4,
    make: random => ({ file: mutateBytes(random, encrypted), cut: 1 + random.below(1200), start: random.below(1100) }),
    run: ({ file, cut, start }) => {
      const range = planRange(start, start + cut)
      const readers = [new MediaDecryptor(keys, info), new RangeDecryptor(keys, range, file.length)]
      for (const [index, reader] of readers.entries()) {
        const content = []
        let failed = false
        try {
          const bytes = index === 0 ? file : file.subarray(range.from, (range.to ?? file.length) + 1)
          for (let at = 0; at < bytes.length; at += cut) content.push(...reader.update(bytes.subarray(at, at + cut)))
          content.push(reader.finish())
        } catch (error) {
          if (error.code !== 'media-integrity-failed') throw error
          failed = true
        }
        if (index === 0 && !failed && !file.equals(encrypted)) throw new Error('a changed file was believed')
      }
    },
  },
  {
    name: 'probes of files',
    share: 4,
    make: random => mutateBytes(random, random.pick(files), files),
    run: async file => {
      parseImageHeader(file)
      await withRandomAccess(file, async bytes => {
        await readMp4(bytes)
        await readWebp(bytes)
        await readOggOpusDuration(bytes)
      })
    },
  },
  {
    name: 'media connection',
    share: 2,
    make: random => mutateNode(random, connection),
    run: node => parseMediaConnection(node, 1_700_000_000_000),
  },
  {
    name: 'answers of media hosts',
    share: 2,
    make: random => mutateBytes(random, random.pick(uploadAnswers), uploadAnswers).toString(),
    run: text => {
      parseUploadAnswer(text)
      const resume = parseResumeAnswer(text, 10_000_000)
      if (resume.state === 'partial' && !(resume.offset > 0 && resume.offset < 10_000_000))
        throw new Error('bad offset')
    },
  },
  {
    name: 'answers about media',
    share: 2,
    make: random => mutateNode(random, random.pick([retryAnswer, refusedAnswer])),
    run: node => directPathOfAnswer(decodeMediaRetryNode(node), mediaKey),
  },
]
