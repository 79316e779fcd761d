import { describe, expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import { getBinaryNodeMessages } from './node-messages.js'

const message = (id: string) => ({
  tag: 'message',
  attrs: {},
  content: proto.WebMessageInfo.encode({ key: { id }, message: { conversation: id } }).finish(),
})

describe('getBinaryNodeMessages', () => {
  it('decodes the message children and nothing else', () => {
    const node = { tag: 'list', attrs: {}, content: [message('A'), { tag: 'other', attrs: {} }, message('B')] }
    expect(getBinaryNodeMessages(node).map(({ key, message }) => [key?.id, message?.conversation])).toEqual([
      ['A', 'A'],
      ['B', 'B'],
    ])
    expect(getBinaryNodeMessages({ tag: 'list', attrs: {} })).toEqual([])
  })

  it('refuses what is not a message', () => {
    const node = {
      tag: 'list',
      attrs: {},
      content: [{ tag: 'message', attrs: {}, content: Buffer.from([0x0a, 0x7f]) }],
    }
    expect(() => getBinaryNodeMessages(node)).toThrow(expect.objectContaining({ code: 'invalid-protobuf' }))
  })
})
