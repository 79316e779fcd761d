import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { ReceiptBatch } from './receipt-batch.js'

const receipt = (id: string, to: string, extra: BinaryNode['attrs'] = {}): BinaryNode => ({
  tag: 'receipt',
  attrs: { id, to, ...extra },
})

describe('ReceiptBatch', () => {
  it('lists the ids of one chat and author in one receipt, in order (docs/protocol/03 §5.1)', () => {
    const batch = new ReceiptBatch()
    for (const id of ['A', 'B', 'C']) batch.add(receipt(id, '1@lid'))
    expect(batch.take()).toEqual([
      {
        tag: 'receipt',
        attrs: { id: 'A', to: '1@lid' },
        content: [
          {
            tag: 'list',
            attrs: {},
            content: [
              { tag: 'item', attrs: { id: 'B' } },
              { tag: 'item', attrs: { id: 'C' } },
            ],
          },
        ],
      },
    ])
    expect(batch.isEmpty).toBe(true)
    expect(batch.take()).toEqual([])
  })

  it('keeps apart what differs in chat, author, type or recipient', () => {
    const batch = new ReceiptBatch()
    batch.add(receipt('A', 'g@g.us', { participant: '1@lid' }))
    batch.add(receipt('B', 'g@g.us', { participant: '2@lid' }))
    batch.add(receipt('C', '1@lid', { type: 'sender', recipient: '9@lid' }))
    batch.add(receipt('D', '1@lid'))
    expect(batch.take().map(({ attrs, content }) => [attrs['id'], content])).toEqual([
      ['A', undefined],
      ['B', undefined],
      ['C', undefined],
      ['D', undefined],
    ])
  })

  it('splits what is too long for one receipt', () => {
    const batch = new ReceiptBatch()
    for (let index = 0; index < 600; index += 1) batch.add(receipt(`M${index}`, '1@lid'))
    const nodes = batch.take()
    expect(nodes.map(({ attrs }) => attrs['id'])).toEqual(['M0', 'M256', 'M512'])
  })
})
