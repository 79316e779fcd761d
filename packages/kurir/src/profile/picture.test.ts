import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { ServerRefusal } from '../binary/server-refusal.js'
import { buildPictureQuery, parsePictureNotification, parsePictureUrl } from './picture.js'

const BOB = '15550002222@s.whatsapp.net'
const answer = (...content: BinaryNode[]): BinaryNode => ({ tag: 'iq', attrs: { type: 'result' }, content })
const picture = (attrs: BinaryNode['attrs'], ...content: BinaryNode[]): BinaryNode => ({
  tag: 'picture',
  attrs,
  content,
})
const notification = (from: string, ...content: BinaryNode[]): BinaryNode => ({
  tag: 'notification',
  attrs: { from, type: 'picture', participant: '1@lid' },
  content,
})
const child = (tag: string, attrs: BinaryNode['attrs'] = {}): BinaryNode => ({ tag, attrs })

describe('pictures (docs/protocol/04, 4.1)', () => {
  it('are asked for with the token inside', () => {
    const proof = { tag: 'tctoken', attrs: { t: '5' }, content: Buffer.of(1) }
    expect(buildPictureQuery(BOB, 'image', proof).content).toEqual([
      { tag: 'picture', attrs: { type: 'image', query: 'url' }, content: [proof] },
    ])
  })

  it('have an address, or none', () => {
    expect(parsePictureUrl(answer(picture({ url: 'https://x' })))).toBe('https://x')
    expect(parsePictureUrl(answer(picture({ id: '1' })))).toBeUndefined()
    expect(parsePictureUrl(answer())).toBeUndefined()
  })

  it('may be refused inside the answer', () => {
    const refused = answer(picture({}, { tag: 'error', attrs: { code: '404', text: 'item-not-found' } }))
    expect(() => parsePictureUrl(refused)).toThrow(ServerRefusal)
  })
})

describe('notifications about pictures (docs/protocol/04, 4.9)', () => {
  it('tell of each child, with who did it', () => {
    const node = notification('15550002222:3@s.whatsapp.net', child('set', { id: '9', author: BOB }), child('delete'))
    expect(parsePictureNotification(node)).toEqual([
      { kind: 'changed', owner: BOB, id: '9', author: BOB },
      { kind: 'removed', owner: BOB, id: undefined, author: '1@lid' },
    ])
  })

  it('of the service itself name the owner, or a hash of him', () => {
    const owners = (from: string, attrs: BinaryNode['attrs']) =>
      parsePictureNotification(notification(from, child('set', attrs))).map(({ owner }) => owner)
    for (const service of ['s.whatsapp.net', '@s.whatsapp.net']) {
      expect(owners(service, { hash: 'aBcD' })).toEqual(['aBcD'])
      expect(owners(service, { hash: 'aBcD', jid: BOB })).toEqual([BOB])
      expect(owners(service, {})).toEqual([])
    }
  })

  it('about requests and avatars change nothing', () => {
    const node = notification(BOB, child('request', { jid: BOB }), child('set_avatar'))
    expect(parsePictureNotification(node)).toEqual([])
  })
})
