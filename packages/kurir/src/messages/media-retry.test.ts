import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { aesGcmEncrypt } from '../crypto/aes.js'
import { hkdf } from '../crypto/hkdf.js'
import {
  decodeMediaRetryNode,
  decryptMediaRetryData,
  directPathOfAnswer,
  encryptMediaRetryRequest,
  getStatusCodeForMediaRetry,
} from './media-retry.js'

interface Answer {
  readonly notification: { readonly stanzaId: string; readonly directPath?: string; readonly result: number }
  readonly ciphertextHex: string
  readonly decodedResult: string
  readonly directPath: string | null
}

const vectors: {
  mediaKeyHex: string
  messageId: string
  retryKeyHex: string
  requestIvHex: string
  requestStanzaDirect: unknown
  requestStanzaGroup: unknown
  answerIvHex: string
  answers: Answer[]
  resultToHttpLikeStatus: Record<string, number>
} = JSON.parse(readFileSync(new URL('../../../../tests/fixtures/vectors/03-media-retry.json', import.meta.url), 'utf8'))
const hex = (text: string) => Buffer.from(text, 'hex')
const mediaKey = hex(vectors.mediaKeyHex)
const id = vectors.messageId
const answerIv = hex(vectors.answerIvHex)

/** As the vectors write nodes: bytes as `{ hex }`. */
function plain(node: BinaryNode): unknown {
  const { tag, attrs, content } = node
  if (content === undefined) return { tag, attrs }
  if (Array.isArray(content)) return { tag, attrs, content: content.map(plain) }
  return { tag, attrs, content: { hex: Buffer.from(content).toString('hex') } }
}

function notification(...content: BinaryNode[]): BinaryNode {
  const rmr = { tag: 'rmr', attrs: { jid: '15550002222@s.whatsapp.net', from_me: 'false' } }
  return {
    tag: 'notification',
    attrs: { id, type: 'mediaretry', from: '15550001111@s.whatsapp.net' },
    content: [rmr, ...content],
  }
}

const sealed = (ciphertext: Uint8Array, iv: Uint8Array): BinaryNode => ({
  tag: 'encrypt',
  attrs: {},
  content: [
    { tag: 'enc_p', attrs: {}, content: ciphertext },
    { tag: 'enc_iv', attrs: {}, content: iv },
  ],
})

describe('asking for a new upload (docs/protocol/03, 7.9)', () => {
  const own = '15550001111:7@s.whatsapp.net'

  it('of a message in a direct chat', () => {
    const key = { id, remoteJid: '15550002222@s.whatsapp.net', fromMe: false }
    const request = encryptMediaRetryRequest(key, mediaKey, own, hex(vectors.requestIvHex))
    expect(plain(request)).toEqual(vectors.requestStanzaDirect)
    // Some keys name the author in direct chats too; the request does not.
    const named = { ...key, participant: '15550002222@s.whatsapp.net' }
    expect(plain(encryptMediaRetryRequest(named, mediaKey, own, hex(vectors.requestIvHex)))).toEqual(plain(request))
  })

  it('of a message in a group', () => {
    const key = { id, remoteJid: '120363000000000001@g.us', fromMe: false, participant: '15550002222@s.whatsapp.net' }
    const request = encryptMediaRetryRequest(key, mediaKey, own, hex(vectors.requestIvHex))
    expect(plain(request)).toEqual(vectors.requestStanzaGroup)
  })

  it('needs a key', () => {
    expect(() => encryptMediaRetryRequest({ id }, mediaKey, own)).toThrow(
      expect.objectContaining({ code: 'invalid-receipt' }),
    )
  })
})

describe('the answer of the phone', () => {
  it.each(vectors.answers)('$decodedResult', answer => {
    const ciphertext = hex(answer.ciphertextHex)
    const decoded = decodeMediaRetryNode(notification(sealed(ciphertext, answerIv)))
    expect(decoded.key).toEqual({ id, remoteJid: '15550002222@s.whatsapp.net', fromMe: false })
    expect(decoded.media).toEqual({ ciphertext, iv: answerIv })
    const opened = decryptMediaRetryData({ ciphertext, iv: answerIv }, mediaKey, id)
    expect(opened).toMatchObject(answer.notification)
    const status = vectors.resultToHttpLikeStatus[answer.decodedResult] ?? 0
    expect(getStatusCodeForMediaRetry(answer.notification.result)).toBe(status)
    if (answer.directPath !== null) {
      expect(directPathOfAnswer(decoded, mediaKey)).toBe(answer.directPath)
    } else {
      expect(() => directPathOfAnswer(decoded, mediaKey)).toThrow(
        expect.objectContaining({
          code: 'media-retry-refused',
          output: expect.objectContaining({ statusCode: status }),
        }),
      )
    }
  })

  it.each([
    ['0', 418],
    ['2', 404],
    ['3', 412],
    ['77', 418],
  ])('may be the bare error %s', (code, statusCode) => {
    const { error } = decodeMediaRetryNode(notification({ tag: 'error', attrs: { code } }))
    expect(error).toMatchObject({ code: 'media-retry-refused', output: { statusCode }, data: { code } })
  })

  it('without error and without both sealed parts is a 404', () => {
    const half: BinaryNode = { tag: 'encrypt', attrs: {}, content: [{ tag: 'enc_iv', attrs: {}, content: answerIv }] }
    for (const node of [notification(), notification(half)]) {
      expect(decodeMediaRetryNode(node).error?.output.statusCode).toBe(404)
    }
  })

  it('is refused when it names no message', () => {
    const node: BinaryNode = { tag: 'notification', attrs: { id } }
    expect(() => decodeMediaRetryNode(node)).toThrow(expect.objectContaining({ code: 'invalid-stanza' }))
  })

  it('is refused when it was sealed for another message or file, or names another message inside', () => {
    const ciphertext = hex(vectors.answers[0]?.ciphertextHex ?? '')
    const media = { ciphertext, iv: answerIv }
    const mismatch = expect.objectContaining({ code: 'mac-mismatch' })
    expect(() => decryptMediaRetryData(media, mediaKey, '3EB0')).toThrow(mismatch)
    expect(() => decryptMediaRetryData(media, Buffer.alloc(32), id)).toThrow(mismatch)
    expect(() => decryptMediaRetryData({ ...media, iv: Buffer.alloc(5) }, mediaKey, id)).toThrow(
      expect.objectContaining({ code: 'invalid-stanza' }),
    )
    const retryKey = hkdf(mediaKey, 32, { info: 'WhatsApp Media Retry Notification' })
    expect(retryKey.toString('hex')).toBe(vectors.retryKeyHex)
    const other = aesGcmEncrypt(retryKey, answerIv, Buffer.from('0a024142', 'hex'), Buffer.from(id))
    expect(() => decryptMediaRetryData({ ciphertext: other, iv: answerIv }, mediaKey, id)).toThrow(
      expect.objectContaining({ code: 'invalid-stanza' }),
    )
  })
})
