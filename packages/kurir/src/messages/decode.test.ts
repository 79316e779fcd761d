import { describe, expect, it } from 'vitest'
import { decodeEnvelope, decodeMessageNode, extractAddressingContext } from './decode.js'
import { me, plain, readFixture } from './testing/fixtures.js'

interface Vectors {
  me: string
  meLid: string
  cases: { name: string; attrs: Record<string, string>; result?: unknown; error?: string }[]
}
const vectors = readFixture<Vectors>('vectors/03-decode-node.json')
const own = { id: vectors.me, lid: vectors.meLid }

describe('message stanza to key', () => {
  for (const { name, attrs, result, error } of vectors.cases) {
    it(name, () => {
      const stanza = { tag: 'message', attrs }
      if (error === undefined) expect(plain(decodeMessageNode(stanza, own.id, own.lid))).toEqual(result)
      else {
        expect(() => decodeMessageNode(stanza, own.id, own.lid)).toThrow(error)
        expect(() => decodeMessageNode(stanza, own.id, own.lid)).toThrow(expect.objectContaining({ isBoom: true }))
      }
    })
  }

  it('knows an own status by LID as well (docs/protocol/03, 4.2: PN or LID)', () => {
    const attrs = { from: 'status@broadcast', participant: '100000000000001:3@lid', id: 'S1', t: '1', type: 'text' }
    const { fullMessage } = decodeEnvelope({ tag: 'message', attrs }, me)
    expect(fullMessage.key.fromMe).toBe(true)
  })

  it('does not take a phone number for a LID of equal digits', () => {
    const attrs = { from: '100000000000001@s.whatsapp.net', id: 'X', t: '1' }
    expect(decodeEnvelope({ tag: 'message', attrs }, me).fullMessage.key.fromMe).toBe(false)
  })

  it('refuses a recipient in messages of others (docs/protocol/03, 12: recipient attribute only from own)', () => {
    const attrs = { from: '15550001111@lid', recipient: '1@s.whatsapp.net', id: 'X', t: '1' }
    expect(() => decodeEnvelope({ tag: 'message', attrs }, me)).toThrow(
      expect.objectContaining({ code: 'invalid-stanza' }),
    )
  })

  it('refuses ids that are no ids', () => {
    for (const id of ['', 'a'.repeat(129), 'a\u0000b']) {
      const stanza = { tag: 'message', attrs: { from: '1@lid', id, t: '1' } }
      expect(() => decodeEnvelope(stanza, me)).toThrow(expect.objectContaining({ code: 'invalid-stanza' }))
    }
  })

  it('reads the addressing of sender and recipient', () => {
    const attrs = { from: '1@lid', sender_pn: '2@s.whatsapp.net', recipient_pn: '3@s.whatsapp.net' }
    expect(extractAddressingContext({ tag: 'message', attrs })).toEqual({
      addressingMode: 'lid',
      senderAlt: '2@s.whatsapp.net',
      recipientAlt: '3@s.whatsapp.net',
    })
  })
})
