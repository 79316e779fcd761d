import { createDecipheriv } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { FrameCipher, type FrameCipherOptions } from './frame-cipher.js'

const code = (value: string) => expect.objectContaining({ code: value })
const [left, right] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const pair = (counts: Pick<FrameCipherOptions, 'sent' | 'received'> = {}) => {
  const { sent, received } = counts
  const sending = new FrameCipher({ sendKey: left, receiveKey: right, ...(sent === undefined ? {} : { sent }) })
  const receiving = new FrameCipher({
    sendKey: right,
    receiveKey: left,
    ...(received === undefined ? {} : { received }),
  })
  return { sending, receiving }
}
const body = (frame: Buffer) => frame.subarray(3)
const messages = ['first', 'second', 'third'].map(text => Buffer.from(text))

describe('FrameCipher', () => {
  it('frames AES-256-GCM with the counter as nonce and no additional data (docs/protocol/01 §2.7)', () => {
    const { sending } = pair({ sent: 0x01020304 })
    const frame = sending.encrypt(Buffer.from('hello'))
    expect(frame.subarray(0, 3).toString('hex')).toBe('000015')
    const decipher = createDecipheriv('aes-256-gcm', left, Buffer.from('000000000000000001020304', 'hex'))
    decipher.setAuthTag(frame.subarray(-16))
    expect(Buffer.concat([decipher.update(frame.subarray(3, -16)), decipher.final()]).toString()).toBe('hello')
  })

  it('decrypts in order', () => {
    const { sending, receiving } = pair()
    for (const message of messages) expect(receiving.decrypt(body(sending.encrypt(message)))).toEqual(message)
    expect(sending.sent).toBe(3)
    expect(receiving.received).toBe(3)
  })

  it('refuses a replayed, a reordered and a dropped frame, and everything after them', () => {
    for (const order of [
      [0, 0],
      [1, 0],
      [0, 2],
    ]) {
      const { sending, receiving } = pair()
      const frames = messages.map(message => body(sending.encrypt(message)))
      const deliver = () => {
        for (const index of order) receiving.decrypt(frames[index]!)
      }
      expect(deliver).toThrowError(code('mac-mismatch'))
      expect(() => receiving.decrypt(frames[receiving.received] ?? frames[0]!)).toThrowError(
        code('noise-stream-broken'),
      )
    }
  })

  it('refuses an altered frame, a foreign one and one shorter than a tag', () => {
    const { sending, receiving } = pair()
    const altered = body(sending.encrypt(Buffer.from('text')))
    altered[0] = altered[0]! ^ 1
    expect(() => receiving.decrypt(altered)).toThrowError(code('mac-mismatch'))
    const own = pair().sending
    expect(() => own.decrypt(body(pair().sending.encrypt(Buffer.from('text'))))).toThrowError(code('mac-mismatch'))
    for (const length of [0, 1, 15, 16]) {
      expect(() => pair().receiving.decrypt(Buffer.alloc(length))).toThrowError(code('mac-mismatch'))
    }
  })

  it('raises an error instead of using a nonce twice (docs/protocol/01 §2.2)', () => {
    const last = 2 ** 32 - 1
    const { sending, receiving } = pair({ sent: last, received: last })
    const frame = sending.encrypt(Buffer.from('last'))
    expect(receiving.decrypt(body(frame)).toString()).toBe('last')
    expect(() => sending.encrypt(Buffer.from('one more'))).toThrowError(code('noise-counter-exhausted'))
    expect(() => receiving.decrypt(body(frame))).toThrowError(code('noise-counter-exhausted'))
  })

  it('carries the largest frame and refuses a larger one without using up a nonce', () => {
    const { sending, receiving } = pair()
    expect(() => sending.encrypt(Buffer.alloc(2 ** 24 - 16))).toThrowError(code('noise-frame-too-large'))
    expect(sending.sent).toBe(0)
    const largest = Buffer.alloc(2 ** 24 - 17, 3)
    expect(receiving.decrypt(body(sending.encrypt(largest))).equals(largest)).toBe(true)
  })
})
