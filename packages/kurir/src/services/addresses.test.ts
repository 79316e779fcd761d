import { describe, expect, it } from 'vitest'
import { chatJidOf } from './chat-address.js'
import { vcardOf } from './vcard.js'

describe('the address of a chat', () => {
  it.each(['6281110001', '+62 811-1000-1', '+62 (811) 10.001'])('is made of the number %s', number => {
    expect(chatJidOf(number)).toBe('6281110001@s.whatsapp.net')
  })

  it.each(['6281110001@s.whatsapp.net', '111@lid', '123-456@g.us', 'status@broadcast', '120363@newsletter'])(
    'may be the JID %s itself',
    jid => {
      expect(chatJidOf(jid)).toBe(jid)
    },
  )

  it.each(['', 'Alice', '+62 811 x', '123456', '1234567890123456', '@s.whatsapp.net', '081 110001a'])(
    'is refused when it is %j',
    chat => {
      expect(() => chatJidOf(chat)).toThrow(expect.objectContaining({ code: 'invalid-jid' }))
    },
  )
})

describe('a contact card', () => {
  it('ties the number to the account, and keeps what the format gives a meaning', () => {
    const card = vcardOf({ name: 'Ali; Baba, Jr.', phone: '+62 811-1000-1', organization: 'Cave\nLtd', email: 'a@b.c' })
    expect(card.split('\n')).toEqual([
      'BEGIN:VCARD',
      'VERSION:3.0',
      'N:;Ali\\; Baba\\, Jr.;;;',
      'FN:Ali\\; Baba\\, Jr.',
      'ORG:Cave\\nLtd',
      'TEL;type=CELL;type=VOICE;waid=6281110001:+6281110001',
      'EMAIL:a@b.c',
      'END:VCARD',
    ])
  })

  it.each([
    [{ name: '', phone: '1' }, 'name'],
    [{ name: 'Ali', phone: 'none' }, 'phone'],
  ])('needs a name and a number', (card, field) => {
    expect(() => vcardOf(card)).toThrow(expect.objectContaining({ code: 'invalid-contact-card', data: { field } }))
  })
})
