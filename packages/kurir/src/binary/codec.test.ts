import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { deflateSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { childNodes, contentBytes } from './accessors.js'
import { decodeDecompressedBinaryNode, decodeNode, decompressingIfRequired, MAX_INFLATED_SIZE } from './decode.js'
import { encodeBinaryNode, MAX_NODE_DEPTH } from './encode.js'
import { NodeDecodeError, NodeEncodeError } from './errors.js'
import type { BinaryNode } from './node.js'

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex')
/** The encoding of one attribute value: `<x v=value/>` without flag, list header, tag and name. */
const encodedValue = (value: string): string =>
  encodeBinaryNode({ tag: 'x', attrs: { v: value } })
    .subarray(7)
    .toString('hex')
/** The attribute value that the bytes give. */
const decodedValue = (value: string, strict = false): string | undefined =>
  decodeNode(hex(`00 f803 fc0178 fc0176 ${value}`), { strict }).attrs['v']

function nested(depth: number): BinaryNode {
  let node: BinaryNode = { tag: 'x', attrs: {} }
  for (let level = 1; level < depth; level++) node = { tag: 'x', attrs: {}, content: [node] }
  return node
}

function decodeErrorOf(frame: Uint8Array, strict = false): { code: string; reason: string; offset: number } {
  try {
    decodeNode(frame, { strict })
  } catch (error) {
    if (error instanceof NodeDecodeError) return { code: error.code, ...error.data }
    throw error
  }
  throw new Error('decoded')
}

function encodeErrorOf(node: unknown): { code: string; reason: string; tag: string; attribute?: string } {
  try {
    encodeBinaryNode(node as BinaryNode)
  } catch (error) {
    if (error instanceof NodeEncodeError) return { code: error.code, ...error.data }
    throw error
  }
  throw new Error('encoded')
}

describe('JIDs on the wire (docs/protocol/01 §4.7)', () => {
  const forms: [jid: string, bytes: string][] = [
    ['15550001111@s.whatsapp.net', 'fa ff86 15550001111f 03'],
    ['15550001111:3@s.whatsapp.net', 'f7 00 03 ff86 15550001111f'],
    ['15550001111:255@lid', 'f7 01 ff ff86 15550001111f'],
    ['15550001111:99@hosted', 'f7 80 63 ff86 15550001111f'],
    ['15550001111@hosted.lid', 'fa ff86 15550001111f fc0a686f737465642e6c6964'],
    ['@s.whatsapp.net', 'fa 00 03'],
    ['@g.us', 'fa 00 1c'],
    ['status@broadcast', 'fa 0b 0d'],
    ['a b@c d', 'fa fc03612062 fc03632064'],
    ['0@c.us', 'fa 2d fc04632e7573'],
    ['123:7@msgr', 'f6 ff82123f 0007 cc'],
    ['123:65535@msgr', 'f6 ff82123f ffff cc'],
    ['123@msgr', 'f6 ff82123f 0000 cc'],
    ['5-123:2@interop', 'f5 ff82123f 0002 0005 fc07696e7465726f70'],
    ['5-123@interop', 'f5 ff82123f 0000 0005 fc07696e7465726f70'],
  ]
  for (const [jid, bytes] of forms) {
    it(`${jid} has an exact form`, () => {
      expect(encodedValue(jid)).toBe(bytes.replace(/\s/g, ''))
      expect(decodedValue(bytes, true)).toBe(jid)
    })
  }

  it('Kurir: device 0 is not written', () => {
    expect(encodedValue('15550001111:0@lid')).toBe(encodedValue('15550001111@lid'))
  })

  const raw = [
    '15550001111:256@s.whatsapp.net',
    '15550001111:x@s.whatsapp.net',
    '15550001111:03@s.whatsapp.net',
    '15550001111:1:2@s.whatsapp.net',
    '15550001111:@s.whatsapp.net',
    ':3@s.whatsapp.net',
    '15550001111:5@c.us',
    '120363000000000001:2@g.us',
    '123:65536@msgr',
    '123@interop',
    '99999-123@interop',
    '5-@interop',
    'abc@def@ghi',
    'user@',
    '@',
    'user@host:1',
    '@host:1',
  ]
  for (const text of raw) {
    it(`Kurir: ${text} has no exact form and is written as text`, () => {
      expect(encodedValue(text)).toBe(
        Buffer.concat([Buffer.from([0xfc, text.length]), Buffer.from(text)]).toString('hex'),
      )
    })
  }

  it('Kurir: an agent has no place on the wire and is refused', () => {
    for (const jid of ['15550001111_1:3@s.whatsapp.net', '15550001111_2@s.whatsapp.net', '1_1:4@lid']) {
      expect(encodeErrorOf({ tag: 'to', attrs: { jid } })).toEqual({
        code: 'invalid-jid',
        reason: 'agent-in-jid',
        tag: 'to',
        attribute: 'jid',
      })
    }
    expect(decodedValue(encodedValue('some_name@s.whatsapp.net'))).toBe('some_name@s.whatsapp.net')
  })

  it('reads unknown domain types as phone numbers', () => {
    expect(decodedValue('f7 02 03 ff82123f')).toBe('123:3@s.whatsapp.net')
    expect(decodedValue('f7 82 03 ff82123f')).toBe('123:3@s.whatsapp.net')
  })

  it('leaves out device 0 of every form', () => {
    expect(decodedValue('f7 01 00 ff82123f')).toBe('123@lid')
    expect(decodedValue('f6 ff82123f 0000 cc')).toBe('123@msgr')
  })

  it('refuses a device form without user, a foreign interop server, endless nesting', () => {
    expect(() => decodedValue('f7 00 03 00')).toThrow(NodeDecodeError)
    expect(() => decodedValue('f5 ff82123f 0002 0005 cc')).toThrow(NodeDecodeError)
    expect(decodeErrorOf(Buffer.concat([hex('00 f803 19 19'), Buffer.alloc(200_000, 0xfa)])).reason).toBe('invalid-jid')
  })

  it('reads the pair in a pair that Baileys writes for text with two @', () => {
    expect(decodedValue('fa fc0161 fa fc0162 fc0163')).toBe('a@b@c')
  })
})

describe('strings (docs/protocol/01 §4.5, §4.6)', () => {
  it('Kurir: names of Object.prototype members are text, not tokens', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      const node = { tag: name, attrs: { [name]: name }, content: name }
      const decoded = decodeNode(encodeBinaryNode(node), { strict: true })
      expect(decoded.tag).toBe(name)
      expect(Object.entries(decoded.attrs)).toEqual([[name, name]])
      expect(Buffer.from(decoded.content as Uint8Array).toString()).toBe(name)
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('Kurir: a value that is not a string is a typed error, never a miscount', () => {
    for (const value of [5, true, {}, Buffer.from('x')]) {
      expect(encodeErrorOf({ tag: 'x', attrs: { id: '1', v: value } })).toEqual({
        code: 'unencodable-node',
        reason: 'attribute-not-a-string',
        tag: 'x',
        attribute: 'v',
      })
    }
  })

  it('leaves out attributes and content that are null or undefined', () => {
    const node = { tag: 'x', attrs: { a: undefined, b: null, v: '1' }, content: null } as unknown as BinaryNode
    expect(encodeBinaryNode(node)).toEqual(encodeBinaryNode({ tag: 'x', attrs: { v: '1' } }))
  })

  it('keeps inherited members of attributes off the wire', () => {
    const attrs = Object.assign(Object.create({ inherited: '1' }), { v: '1' })
    expect(decodeNode(encodeBinaryNode({ tag: 'x', attrs })).attrs).toEqual({ v: '1' })
  })

  it('takes the last of two equal keys', () => {
    expect(decodeNode(hex('00 f805 fc0178 fc0176 55 51 fc0179')).attrs).toEqual({ v: 'y' })
  })

  it('drops any padding nibble unless strict', () => {
    expect(decodedValue('ff 82 12 34')).toBe('123')
    expect(() => decodedValue('ff 82 12 34', true)).toThrow(NodeDecodeError)
    expect(() => decodedValue('ff 82 12 3c')).toThrow(NodeDecodeError)
    expect(decodedValue('fb 82 12 3c')).toBe('123')
  })

  it('rejects invalid nibbles wherever they are and says where', () => {
    for (const length of [1, 2, 3, 5, 8, 9, 127]) {
      for (const bad of [0, length >> 1, length - 1]) {
        const packed = Buffer.alloc(length, 0x12)
        packed[bad] = 0xd1
        const frame = Buffer.concat([hex('00 f803 fc0178 fc0176 ff'), Buffer.from([length]), packed])
        expect(decodeErrorOf(frame)).toEqual({ code: 'invalid-node', reason: 'invalid-nibble', offset: 11 + bad })
        packed[bad] = 0x1f // Padding in the middle, or without the odd bit.
        const padded = Buffer.concat([hex('00 f803 fc0178 fc0176 ff'), Buffer.from([length]), packed])
        expect(decodeErrorOf(padded).reason).toBe('invalid-nibble')
      }
    }
  })

  it('reads LIST_EMPTY as an empty value, not as a key', () => {
    expect(decodedValue('00')).toBe('')
    expect(decodeErrorOf(hex('00 f803 19 00 19')).reason).toBe('not-a-string')
  })

  it('rejects an empty tag in every spelling', () => {
    expect(decodeErrorOf(hex('00 f801 00')).reason).toBe('empty-tag')
    expect(decodeErrorOf(hex('00 f801 fc00')).reason).toBe('empty-tag')
    expect(encodeErrorOf({ tag: '', attrs: {} }).reason).toBe('tag-missing')
    expect(encodeErrorOf({ attrs: {} }).reason).toBe('tag-missing')
  })
})

describe('content', () => {
  it('takes every length class', () => {
    for (const length of [0, 1, 255, 256, 65_535, 65_536, (1 << 20) - 1, 1 << 20]) {
      const content = Buffer.alloc(length, 7)
      const decoded = decodeNode(encodeBinaryNode({ tag: 'x', attrs: {}, content }), { strict: true }).content
      expect(content.equals(decoded as Uint8Array)).toBe(true)
    }
  })

  it('ignores the upper four bits of a 20-bit length', () => {
    expect(decodeNode(hex('00 f802 fc0178 fd f0 0002 0102')).content).toEqual(hex('0102'))
  })

  it('reads 32-bit lengths as unsigned', () => {
    expect(decodeErrorOf(hex('00 f802 fc0178 fe ffffffff 0102')).reason).toBe('truncated')
  })

  it('takes any Uint8Array, not only Buffers, with its offset', () => {
    const backing = Uint8Array.of(9, 9, 1, 2, 3, 9)
    const frame = encodeBinaryNode({ tag: 'x', attrs: {}, content: backing.subarray(2, 5) })
    const shifted = new Uint8Array(frame.length + 3)
    shifted.set(frame, 3)
    expect(decodeNode(shifted.subarray(3)).content).toEqual(Buffer.of(1, 2, 3))
  })

  it('skips missing children, refuses other kinds of content', () => {
    const node = { tag: 'x', attrs: {}, content: [undefined, { tag: 'y', attrs: {} }, null] } as unknown as BinaryNode
    expect(decodeNode(encodeBinaryNode(node))).toEqual({ tag: 'x', attrs: {}, content: [{ tag: 'y', attrs: {} }] })
    expect(encodeErrorOf({ tag: 'x', attrs: {}, content: 5 }).reason).toBe('content-type')
  })

  it('gives each caller a buffer of its own', () => {
    const first = encodeBinaryNode({ tag: 'x', attrs: { v: 'first' } })
    const copy = Buffer.from(first)
    encodeBinaryNode({ tag: 'y', attrs: { v: 'second' }, content: Buffer.alloc(100_000) })
    expect(first).toEqual(copy)
  })

  it('does not keep the memory of a large stanza', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const content = Buffer.alloc(32 * 1024 * 1024)
    const held = (): number => {
      collectGarbage()
      return process.memoryUsage().arrayBuffers
    }
    const before = held()
    expect(encodeBinaryNode({ tag: 'x', attrs: {}, content }).length).toBeGreaterThan(content.length)
    await vi.waitFor(() => expect(held() - before).toBeLessThan(4 * 1024 * 1024), { timeout: 4000 })
  })

  it('survives an attribute getter that encodes another node', () => {
    const attrs = {
      get v(): string {
        return encodeBinaryNode({ tag: 'inner', attrs: {} }).toString('hex')
      },
    }
    const inner = encodeBinaryNode({ tag: 'inner', attrs: {} }).toString('hex')
    expect(decodeNode(encodeBinaryNode({ tag: 'x', attrs })).attrs).toEqual({ v: inner })
  })

  it('encodes correctly after a failure', () => {
    expect(encodeErrorOf({ tag: 'x', attrs: { v: 1 } }).reason).toBe('attribute-not-a-string')
    expect(encodeBinaryNode({ tag: 'presence', attrs: {} }).toString('hex')).toBe('00f8011f')
  })

  it('copies small content out of a large frame and shares large content with it', () => {
    const frame = encodeBinaryNode({
      tag: 'list',
      attrs: {},
      content: [
        { tag: 'key', attrs: {}, content: Buffer.alloc(32, 1) },
        { tag: 'media', attrs: {}, content: Buffer.alloc(100_000, 2) },
      ],
    })
    const [small, large] = childNodes(decodeNode(frame)).map(child => (contentBytes(child) ?? Buffer.of()).buffer)
    expect(small).not.toBe(frame.buffer)
    expect(small?.byteLength).toBeLessThanOrEqual(8 * 1024)
    expect(large).toBe(frame.buffer)
  })
})

describe('limits (docs/protocol/01 §4.9)', () => {
  it('takes 64 levels and no more, in both directions', () => {
    const deepest = encodeBinaryNode(nested(MAX_NODE_DEPTH))
    expect(decodeNode(deepest, { strict: true })).toEqual(nested(MAX_NODE_DEPTH))
    expect(encodeErrorOf(nested(MAX_NODE_DEPTH + 1)).reason).toBe('too-deep')
    const tooDeep = Buffer.concat([hex('00'), Buffer.alloc(5 * 100_000, hex('f802 55 f801'))])
    expect(decodeErrorOf(tooDeep)).toMatchObject({ code: 'node-too-deep', reason: 'too-deep' })
  })

  it('refuses a node that contains itself', () => {
    const node: BinaryNode = { tag: 'x', attrs: {} }
    node.content = [node]
    expect(encodeErrorOf(node).reason).toBe('too-deep')
  })

  it('takes 65535 children and no more', () => {
    const children = (count: number): BinaryNode => ({
      tag: 'list',
      attrs: {},
      content: new Array(count).fill({ tag: 'id', attrs: {} }),
    })
    expect((decodeNode(encodeBinaryNode(children(65_535))).content as BinaryNode[]).length).toBe(65_535)
    expect(encodeErrorOf(children(65_536))).toMatchObject({ code: 'unencodable-node', reason: 'list-too-long' })
  })

  it('refuses more children than bytes remain', () => {
    expect(decodeErrorOf(hex('00 f802 19 f9 ffff f80119')).reason).toBe('too-many-children')
  })

  it('refuses a frame that inflates to more than 16 MiB', () => {
    const body = encodeBinaryNode({ tag: 'x', attrs: {}, content: Buffer.alloc(MAX_INFLATED_SIZE) }).subarray(1)
    const bomb = Buffer.concat([Buffer.of(2), deflateSync(body)])
    expect(decodeErrorOf(bomb)).toMatchObject({ code: 'inflated-frame-too-large', reason: 'inflated-too-large' })
  })

  it('refuses a compressed frame of more than a million nodes', () => {
    const list = (children: Buffer, count: number): Buffer =>
      Buffer.concat([
        hex('f802 19 f9'),
        Buffer.of(count >> 8, count & 255),
        Buffer.alloc(children.length * count, children),
      ])
    const body = list(list(hex('f80119'), 1100), 1000)
    expect(decodeErrorOf(Buffer.concat([Buffer.of(2), deflateSync(body)])).reason).toBe('too-many-nodes')
  })
})

describe('frames (docs/protocol/01 §4.1)', () => {
  const node: BinaryNode = { tag: 'iq', attrs: { id: '1' } }
  const compressed = Buffer.concat([Buffer.of(2), deflateSync(encodeBinaryNode(node).subarray(1))])

  it('inflates zlib and nothing else', async () => {
    expect(decodeNode(compressed, { strict: true })).toEqual(node)
    expect(await decompressingIfRequired(compressed)).toEqual(encodeBinaryNode(node).subarray(1))
    expect(await decompressingIfRequired(encodeBinaryNode(node))).toEqual(encodeBinaryNode(node).subarray(1))
    expect(decodeErrorOf(Buffer.concat([Buffer.of(2), hex('f80119')]))).toMatchObject({ reason: 'invalid-compression' })
    expect(decodeErrorOf(compressed.subarray(0, -3)).reason).toBe('invalid-compression')
    expect(decodeErrorOf(hex('0302')).reason).toBe('invalid-compression')
  })

  it('Kurir: bytes after the node or the compressed data are refused when strict, else reported', () => {
    const trailing = Buffer.concat([encodeBinaryNode(node), hex('010203')])
    const counts: number[] = []
    expect(decodeNode(trailing, { onTrailingBytes: count => counts.push(count) })).toEqual(node)
    expect(counts).toEqual([3])
    expect(decodeErrorOf(trailing, true)).toMatchObject({ reason: 'trailing-bytes', offset: trailing.length - 3 })
    const afterZlib = Buffer.concat([compressed, hex('00')])
    expect(decodeNode(afterZlib)).toEqual(node)
    expect(decodeErrorOf(afterZlib, true)).toMatchObject({ reason: 'trailing-bytes', offset: compressed.length })
  })

  it('decodes nodes one after the other without flag byte, in the manner of Baileys', () => {
    const two = Buffer.concat([
      encodeBinaryNode(node).subarray(1),
      encodeBinaryNode({ tag: 'ack', attrs: {} }).subarray(1),
    ])
    const index = { index: 0 }
    expect(decodeDecompressedBinaryNode(two, undefined, index)).toEqual(node)
    expect(decodeDecompressedBinaryNode(two, undefined, index)).toEqual({ tag: 'ack', attrs: {} })
    expect(index.index).toBe(two.length)
  })
})
