import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { parseMexNotification } from './notification.js'

const notification = (...content: BinaryNode[]): BinaryNode => ({
  tag: 'notification',
  attrs: { id: 'n', type: 'mex' },
  content,
})
const update = (json: unknown, operation = 'Something'): BinaryNode => ({
  tag: 'update',
  attrs: { op_name: operation },
  content: Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)),
})
const old = (json: unknown): BinaryNode => ({ tag: 'mex', attrs: {}, content: JSON.stringify(json) })

describe('parseMexNotification (docs/protocol/04, 4.16)', () => {
  it('reads every update', () => {
    expect(parseMexNotification(notification(update({ data: { a: 1 } }), update({ data: {} }, 'Other')))).toEqual([
      { operation: 'Something', content: { a: 1 } },
      { operation: 'Other', content: {} },
    ])
  })

  it('reads the old form, which names its operation inside', () => {
    const content = { operation: 'NotificationNewsletterUpdate', updates: [{ jid: '1@newsletter' }] }
    expect(parseMexNotification(notification(old(content)))).toEqual([
      { operation: 'NotificationNewsletterUpdate', content },
    ])
  })

  it('drops errors, empty data and what is no answer', () => {
    const dropped = [
      update({ errors: [{ message: 'x' }], data: { a: 1 } }),
      update({ data: null }),
      update({ data: [] }),
      update('{'),
      update('null'),
      update({ data: {} }, ''),
      old({ operation: 5 }),
      update({ data: { long: 'x'.repeat(1_048_576) } }),
      { tag: 'update', attrs: { op_name: 'Something' } },
    ]
    expect(parseMexNotification(notification(...dropped))).toEqual([])
    expect(parseMexNotification(notification(update({ errors: [], data: { a: 1 } })))).toHaveLength(1)
  })
})
