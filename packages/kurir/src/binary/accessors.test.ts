import { Boom } from '@hapi/boom'
import { describe, expect, it } from 'vitest'
import {
  assertNodeErrorFree,
  binaryNodeToString,
  childNodes,
  contentBytes,
  contentString,
  getAllBinaryNodeChildren,
  getBinaryNodeChild,
  getBinaryNodeChildBuffer,
  getBinaryNodeChildren,
  getBinaryNodeChildString,
  getBinaryNodeChildUInt,
  reduceBinaryNodeToDictionary,
} from './accessors.js'
import type { BinaryNode } from './node.js'
import { ServerRefusal } from './server-refusal.js'

const tree: BinaryNode = {
  tag: 'iq',
  attrs: { id: '1' },
  content: [
    { tag: 'a', attrs: { n: '1' }, content: 'text ✓' },
    { tag: 'b', attrs: {}, content: Buffer.from('bytes ✓') },
    { tag: 'a', attrs: { n: '2' }, content: Buffer.of(0x01, 0x02, 0x03, 0x04) },
    { tag: 'c', attrs: {} },
  ],
}

describe('children', () => {
  it('finds by tag, in order', () => {
    expect(getBinaryNodeChildren(tree, 'a').map(node => node.attrs['n'])).toEqual(['1', '2'])
    expect(getBinaryNodeChild(tree, 'a')?.attrs['n']).toBe('1')
    expect(getBinaryNodeChild(tree, 'z')).toBeUndefined()
    expect(getAllBinaryNodeChildren(tree)).toBe(tree.content)
    expect(childNodes(tree)).toBe(tree.content)
  })

  it('sees children that were added later', () => {
    const node: BinaryNode = { tag: 'x', attrs: {}, content: [] }
    expect(getBinaryNodeChild(node, 'y')).toBeUndefined()
    ;(node.content as BinaryNode[]).push({ tag: 'y', attrs: {} })
    expect(getBinaryNodeChild(node, 'y')).toEqual({ tag: 'y', attrs: {} })
  })

  it('finds nothing in text, bytes, no content, no node', () => {
    for (const node of [undefined, { tag: 'x', attrs: {} }, { tag: 'x', attrs: {}, content: 'a' }]) {
      expect(getBinaryNodeChildren(node, 'a')).toEqual([])
      expect(getBinaryNodeChild(node, 'a')).toBeUndefined()
      expect(childNodes(node)).toEqual([])
    }
    expect(getAllBinaryNodeChildren({ tag: 'x', attrs: {}, content: Buffer.of(1) })).toEqual([])
  })
})

describe('content', () => {
  it('reads text and bytes alike (docs/protocol/01 §4.3)', () => {
    const asText: BinaryNode = { tag: 'x', attrs: {}, content: '✓' }
    const asBytes: BinaryNode = { tag: 'x', attrs: {}, content: new Uint8Array(Buffer.from('✓')) }
    expect([contentString(asText), contentString(asBytes)]).toEqual(['✓', '✓'])
    expect(Buffer.from(contentBytes(asText) ?? [])).toEqual(Buffer.from('✓'))
    expect(contentBytes(asBytes)).toBe(asBytes.content)
    expect([contentString(tree), contentBytes(tree), contentString(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('reads the content of a child', () => {
    expect(getBinaryNodeChildString(tree, 'a')).toBe('text ✓')
    expect(getBinaryNodeChildString(tree, 'b')).toBe('bytes ✓')
    expect(getBinaryNodeChildString(tree, 'c')).toBeUndefined()
    expect(getBinaryNodeChildBuffer(tree, 'b')).toEqual(Buffer.from('bytes ✓'))
    expect(getBinaryNodeChildBuffer(tree, 'a')).toBeUndefined()
  })

  it('reads integers, and nothing rather than NaN when bytes are missing', () => {
    const node: BinaryNode = {
      tag: 'key',
      attrs: {},
      content: [{ tag: 'id', attrs: {}, content: Buffer.of(0xff, 0x01, 0x02, 0x09) }],
    }
    expect(getBinaryNodeChildUInt(node, 'id', 3)).toBe(0xff0102)
    expect(getBinaryNodeChildUInt(node, 'id', 4)).toBe(0xff010209)
    expect(getBinaryNodeChildUInt(node, 'id', 5)).toBeUndefined()
    expect(getBinaryNodeChildUInt(node, 'value', 1)).toBeUndefined()
  })
})

describe('errors in answers', () => {
  const answer = (attrs: Record<string, string>): BinaryNode => ({
    tag: 'iq',
    attrs: { type: 'error' },
    content: [{ tag: 'error', attrs }],
  })
  const errorOf = (node: BinaryNode): ServerRefusal => {
    try {
      assertNodeErrorFree(node)
    } catch (error) {
      if (error instanceof ServerRefusal) return error
      throw error
    }
    throw new Error('no error')
  }

  it('has the shape Baileys programs know', () => {
    const error = errorOf(answer({ code: '404', text: 'item-not-found' }))
    expect(error.message).toBe('item-not-found')
    expect(error.data).toBe(404)
    // Baileys leaves 500 there for every refusal; the number is in `data` as well.
    expect(error.output.statusCode).toBe(404)
    expect(error.code).toBe('server-refused')
    expect(error instanceof Boom).toBe(true)
    expect(error.retryable).toBe(false)
  })

  it('says when asking again makes sense, and when', () => {
    const error = errorOf(answer({ code: '429', text: 'rate-overlimit', backoff: '7200' }))
    expect([error.retryable, error.backoffSeconds]).toEqual([true, 7200])
    expect(errorOf(answer({ code: '503' })).retryable).toBe(true)
    expect(errorOf(answer({ code: '503' })).backoffSeconds).toBeUndefined()
  })

  it('takes an error without code or text', () => {
    const error = errorOf(answer({}))
    expect([error.message, error.data]).toEqual(['Unknown error', Number.NaN])
    expect(error.output.statusCode).toBe(500)
    // Nor even an <error>: the type says it all.
    expect(errorOf({ tag: 'iq', attrs: { type: 'error' } }).data).toBeNaN()
  })

  it('lets other answers pass', () => {
    expect(() => assertNodeErrorFree({ tag: 'iq', attrs: { type: 'result' } })).not.toThrow()
  })
})

it('reduces a list of properties to a dictionary', () => {
  const node: BinaryNode = {
    tag: 'props',
    attrs: {},
    content: [
      { tag: 'prop', attrs: { name: 'a', value: '1' } },
      { tag: 'prop', attrs: { config_code: '7', config_value: '2' } },
      { tag: 'other', attrs: { name: 'b', value: '3' } },
    ],
  }
  expect(reduceBinaryNodeToDictionary(node, 'prop')).toEqual({ a: '1', 7: '2' })
})

it('prints nodes for logs', () => {
  expect(binaryNodeToString(tree)).toBe(
    [
      "<iq id='1'>",
      "\t\t<a n='1'>\n\t\t\ttext ✓\n\t\t</a>",
      '\t\t<b >\n\t\t\t627974657320e29c93\n\t\t</b>',
      "\t\t<a n='2'>\n\t\t\t01020304\n\t\t</a>",
      '\t\t<c />',
      '</iq>',
    ].join('\n'),
  )
  expect(binaryNodeToString(undefined)).toBe('')
})
