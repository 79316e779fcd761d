import { describe, expect, it } from 'vitest'
import { decodeBinaryNode, decodeNode } from './decode.js'
import { encodeBinaryNode } from './encode.js'
import { NodeDecodeError, type NodeDecodeReason } from './errors.js'
import { nodeOfVector, plainNode, readVectors, type VectorNode } from './testing/vectors.js'

interface EncodeCase {
  description: string
  node: VectorNode
  encoded?: string
  encodedByZapo?: string
  decodedByBaileys?: VectorNode
  encodedPrefix?: string
  encodedLength?: number
}
interface DecodeCase {
  description: string
  frame: string
  baileys: VectorNode | { error: string }
  zapo: VectorNode | { error: string }
  expected?: string
}
const vectors = readVectors<{ encode: EncodeCase[]; decode: DecodeCase[] }>('01-binary-nodes')

/** docs/protocol/01, JIDs on the wire: a device of 0 is not written (whatsmeow and zapo; Baileys writes it). */
const DEVICE_ZERO = 'explicit device 0 in the string gives an AD JID with device 0 in Baileys'

describe('encode vectors', () => {
  for (const vector of vectors.encode) {
    it(vector.description, () => {
      if (vector.encodedPrefix !== undefined) {
        const frame = encodeBinaryNode({ tag: vector.node.tag, attrs: {}, content: Buffer.alloc(1048581, 1) })
        expect(frame.toString('hex').startsWith(vector.encodedPrefix)).toBe(true)
        expect(frame.length).toBe(vector.encodedLength)
        expect(Buffer.alloc(1048581, 1).equals(decodeNode(frame, { strict: true }).content as Buffer)).toBe(true)
        return
      }
      const expected = vector.description === DEVICE_ZERO ? vector.encodedByZapo : vector.encoded
      expect(encodeBinaryNode(nodeOfVector(vector.node)).toString('hex')).toBe(expected)
    })
  }
})

describe('decode what encoders write', () => {
  for (const vector of vectors.encode) {
    if (vector.encoded === undefined) continue
    const expected = nodeOfVector(vector.decodedByBaileys ?? vector.node)
    it(`Baileys: ${vector.description}`, () => {
      expect(plainNode(decodeNode(Buffer.from(vector.encoded ?? '', 'hex'), { strict: true }))).toStrictEqual(expected)
    })
    if (vector.encodedByZapo === undefined) continue
    it(`zapo: ${vector.description}`, () => {
      const decoded = decodeNode(Buffer.from(vector.encodedByZapo ?? '', 'hex'), { strict: true })
      // zapo writes the server address and text content differently; the rest of the node is the same.
      expect(textual(plainNode(decoded))).toStrictEqual(textual(expected))
    })
  }

  /** Text and bytes content made comparable, the two spellings of the server address made one. */
  function textual(node: VectorNode | ReturnType<typeof plainNode>): unknown {
    const { content } = node
    const attrs = Object.fromEntries(
      Object.entries(node.attrs).map(([key, value]) => [key, value === '@s.whatsapp.net' ? 's.whatsapp.net' : value]),
    )
    const text = Array.isArray(content)
      ? content.map(child => textual(child as VectorNode))
      : content instanceof Uint8Array
        ? Buffer.from(content).toString('latin1')
        : content
    return { tag: node.tag, attrs, content: text }
  }
})

describe('decode vectors', () => {
  const rejections: Record<string, NodeDecodeReason> = {
    'INTEROP_JID without the trailing server string': 'truncated',
    'JID_PAIR with empty server': 'invalid-jid',
    'empty frame': 'empty-frame',
    'empty list as node': 'empty-list',
    'LIST_EMPTY as node': 'empty-list',
    'bad list tag': 'not-a-list',
    'truncated: list says two items, tag only': 'truncated',
    'truncated binary length': 'truncated',
    'unknown token 240 as tag': 'unassigned-tag',
    'dictionary index past the end is impossible (256 entries each), dictionary tag without index': 'truncated',
    'nibble 12 in packed string': 'invalid-nibble',
    'list as attribute key': 'not-a-string',
    'child list of length 1 holding a string, not a list': 'not-a-list',
  }
  const strictRejections: Record<string, NodeDecodeReason> = {
    'packed string of zero bytes with the odd bit': 'invalid-packed-length',
    'trailing bytes after the node': 'trailing-bytes',
  }
  const expectations: Record<string, unknown> = {
    'frame of a single byte 0x02 (stream end)': { tag: 'xmlstreamend', attrs: {} },
  }

  for (const { description, frame, baileys } of vectors.decode) {
    const bytes = Buffer.from(frame, 'hex')
    const rejection = rejections[description]
    if (rejection !== undefined) {
      it(`rejects: ${description}`, async () => {
        expect(reasonOf(() => decodeNode(bytes))).toBe(rejection)
        expect(reasonOf(() => decodeNode(bytes, { strict: true }))).toBe(rejection)
        await expect(decodeBinaryNode(bytes)).rejects.toBeInstanceOf(NodeDecodeError)
      })
      continue
    }
    it(description, () => {
      expect(plainNode(decodeNode(bytes))).toStrictEqual(expectations[description] ?? baileys)
      const strict = strictRejections[description]
      if (strict !== undefined) expect(reasonOf(() => decodeNode(bytes, { strict: true }))).toBe(strict)
      else expect(plainNode(decodeNode(bytes, { strict: true }))).toStrictEqual(expectations[description] ?? baileys)
    })
  }

  it('has an expectation for every row that a reference rejects', () => {
    const unexplained = vectors.decode.filter(
      ({ description, baileys }) =>
        'error' in baileys && !(description in rejections) && !(description in expectations),
    )
    expect(unexplained).toEqual([])
  })
})

function reasonOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof NodeDecodeError) return error.data.reason
    throw error
  }
  return 'no error'
}
