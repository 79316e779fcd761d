import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { buildBlock, buildUnblock, parseBlocklist, parseBlocklistChange, parseBlocklistHash } from './blocklist.js'

const item = (attrs: BinaryNode['attrs']): BinaryNode => ({ tag: 'item', attrs })
const list = (attrs: BinaryNode['attrs'], ...content: BinaryNode[]): BinaryNode => ({
  tag: 'iq',
  attrs: {},
  content: [{ tag: 'list', attrs, content }],
})

describe('the blocklist (docs/protocol/04, 5.3)', () => {
  it('names people by LID with one more name, or by number alone', () => {
    expect(buildBlock('1@lid', '1@s.whatsapp.net').content).toEqual([
      item({ action: 'block', jid: '1@lid', pn_jid: '1@s.whatsapp.net' }),
    ])
    expect(buildBlock('1@lid').content).toEqual([item({ action: 'block', jid: '1@lid', unknown_identifier: 'true' })])
    expect(buildBlock('1@s.whatsapp.net').content).toEqual([item({ action: 'block', jid: '1@s.whatsapp.net' })])
    expect(buildUnblock('1@lid').content).toEqual([item({ action: 'unblock', jid: '1@lid' })])
  })

  it('is read as a whole', () => {
    expect(parseBlocklist(list({ dhash: '3' }, item({ jid: '1@lid', pn_jid: '1@s.whatsapp.net' }), item({})))).toEqual({
      hash: '3',
      users: [{ jid: '1@lid', phoneNumber: '1@s.whatsapp.net' }],
    })
  })

  it('is not told when nothing has changed, or when a change was taken', () => {
    expect(parseBlocklist({ tag: 'iq', attrs: {} })).toBeUndefined()
    const taken = list({ dhash: '4', matched: 'true' })
    expect([parseBlocklist(taken), parseBlocklistHash(taken)]).toEqual([undefined, '4'])
    expect(parseBlocklist(list({ dhash: '5', matched: 'false' }))).toEqual({ hash: '5', users: [] })
  })

  it('changes by items; what is none is left out', () => {
    const content = [
      item({ jid: '1@lid', action: 'block' }),
      item({ jid: '2@lid', action: 'unblock' }),
      item({ jid: '3@lid', action: 'what' }),
      item({ action: 'block' }),
    ]
    expect(parseBlocklistChange({ tag: 'blocklist', attrs: { dhash: '2', prev_dhash: '1' }, content })).toEqual({
      hash: '2',
      previousHash: '1',
      items: [
        { jid: '1@lid', action: 'add' },
        { jid: '2@lid', action: 'remove' },
      ],
    })
  })
})
