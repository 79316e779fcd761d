import { readFileSync } from 'node:fs'
import type { BinaryNode } from '../node.js'

/** A node as the vector files write it: bytes are `{ "hex": … }`. */
export interface VectorNode {
  tag: string
  attrs: Record<string, string>
  content?: VectorNode[] | string | { hex: string }
}

export function readVectors<T>(name: string): T {
  const url = new URL(`../../../../../tests/fixtures/vectors/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as T
}

export function nodeOfVector({ tag, attrs, content }: VectorNode): BinaryNode {
  if (content === undefined) return { tag, attrs }
  if (typeof content === 'string') return { tag, attrs, content }
  if (Array.isArray(content)) return { tag, attrs, content: content.map(nodeOfVector) }
  return { tag, attrs, content: Buffer.from(content.hex, 'hex') }
}

/** The node without `content: undefined` and with bytes as Buffer, for comparisons. */
export function plainNode({ tag, attrs, content }: BinaryNode): BinaryNode {
  if (content === undefined) return { tag, attrs }
  if (typeof content === 'string') return { tag, attrs, content }
  if (Array.isArray(content)) return { tag, attrs, content: content.map(plainNode) }
  return { tag, attrs, content: Buffer.from(content) }
}
