import { type BinaryNode, getBinaryNodeChild } from 'kurir/binary'
import { aesGcmDecrypt, aesGcmEncrypt, hkdf } from 'kurir/crypto'
import { proto } from 'kurir/proto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bytesOf, element } from '../router/stanzas.js'
import { Simulator } from '../simulator.js'
import { Companion } from '../testing/companion.js'
import { readVectors } from '../testing/vectors.js'
import type { Phone } from './phone.js'

const INFO = 'WhatsApp Media Retry Notification'
const FILE = Buffer.from('The quick brown fox jumps over the lazy dog.')
const { NOT_FOUND, DECRYPTION_ERROR, GENERAL_ERROR, SUCCESS } = proto.MediaRetryNotification.ResultType

let wa: Simulator
let alice: Phone
let bob: Phone
let bot: Companion
/** A picture of Bob's that Alice has. */
let id: string
let mediaKey: Uint8Array
let directPath: string

const request = (iv: Buffer, sealed: Uint8Array, messageId = id): BinaryNode =>
  element('receipt', { id: messageId, to: alice.jid, type: 'server-error' }, [
    element('encrypt', {}, [element('enc_p', {}, sealed), element('enc_iv', {}, iv)]),
    element('rmr', { jid: bob.jid, from_me: 'false' }),
  ])

const sealedRequest = (key: Uint8Array, messageId = id): BinaryNode => {
  const iv = Buffer.alloc(12, 5)
  const plain = proto.ServerErrorReceipt.encode({ stanzaId: messageId }).finish()
  return request(iv, aesGcmEncrypt(hkdf(key, 32, { info: INFO }), iv, plain, Buffer.from(messageId)), messageId)
}

const answerTo = async (node: BinaryNode): Promise<BinaryNode> => {
  bot.send(node)
  return await bot.next(({ tag, attrs }) => tag === 'notification' && attrs['type'] === 'mediaretry')
}

const codeOf = (answer: BinaryNode) => Number(getBinaryNodeChild(answer, 'error')?.attrs['code'])

beforeEach(async () => {
  wa = await Simulator.start({ seed: 'media retry' })
  alice = await wa.phone('6281110001')
  bob = await wa.phone('6281110002')
  bot = await Companion.linked({ url: wa.url, root: wa.noiseRoot }, alice)
  id = await bob.send(alice.jid, { media: 'image', file: FILE })
  const { message } = await alice.waitForMessage(each => each.id === id)
  mediaKey = message.imageMessage?.mediaKey ?? new Uint8Array()
  directPath = message.imageMessage?.directPath ?? ''
})

afterEach(async () => {
  await bot.close()
  await wa.stop()
})

describe('a phone that is asked for a file again', () => {
  it('uploads it, and seals the new path for who knows the key of the file', async () => {
    wa.media.expire(directPath)
    const answer = await answerTo(sealedRequest(mediaKey))
    expect(answer.attrs).toMatchObject({ id, from: alice.jid })
    expect(getBinaryNodeChild(answer, 'rmr')?.attrs).toEqual({ jid: bob.jid, from_me: 'false' })
    const [payload, iv] = ['enc_p', 'enc_iv'].map(tag =>
      bytesOf(getBinaryNodeChild(getBinaryNodeChild(answer, 'encrypt')!, tag)),
    )
    const plain = aesGcmDecrypt(hkdf(mediaKey, 32, { info: INFO }), iv!, payload!, Buffer.from(id))
    const opened = proto.MediaRetryNotification.decode(plain)
    expect(opened).toMatchObject({ stanzaId: id, result: SUCCESS })
    expect(opened.directPath).not.toBe(directPath)
    const [message] = alice.messages
    const renewed = { ...message?.message.imageMessage, directPath: opened.directPath ?? null }
    expect((await alice.download({ imageMessage: renewed })).equals(FILE)).toBe(true)
    expect(wa.violations).toEqual([])
  })

  it('refuses a request that is sealed with another key, and one for a message it has not got', async () => {
    expect(codeOf(await answerTo(sealedRequest(Buffer.alloc(32))))).toBe(DECRYPTION_ERROR)
    expect(codeOf(await answerTo(sealedRequest(mediaKey, '3EB0FFFFFFFFFFFFFFFFFF')))).toBe(NOT_FOUND)
  })

  it.each([
    ['not-found', NOT_FOUND],
    ['decryption-error', DECRYPTION_ERROR],
    ['general-error', GENERAL_ERROR],
  ] as const)('answers %s when it is told so', async (answer, code) => {
    alice.mediaRetry.answer = answer
    expect(codeOf(await answerTo(sealedRequest(mediaKey)))).toBe(code)
  })

  it('opens the request of the vectors', async () => {
    const vector = readVectors<{
      mediaKeyHex: string
      messageId: string
      requestIvHex: string
      requestStanzaDirect: { content: { content: { content: { hex: string } }[] }[] }
    }>('03-media-retry.json')
    const file = { mediaKey: Buffer.from(vector.mediaKeyHex, 'hex'), directPath, mimetype: 'image/jpeg' }
    await bob.send(alice.jid, { message: { imageMessage: file } }, { id: vector.messageId })
    await alice.waitForMessage(each => each.id === vector.messageId)
    const sealed = Buffer.from(vector.requestStanzaDirect.content[0]?.content[0]?.content.hex ?? '', 'hex')
    const answer = await answerTo(request(Buffer.from(vector.requestIvHex, 'hex'), sealed, vector.messageId))
    expect(getBinaryNodeChild(answer, 'encrypt')).toBeDefined()
  })
})
