import type { BinaryNode, BinaryNodeContent } from './node.js'
import { ServerRefusal } from './server-refusal.js'

/**
 * Reading nodes. A peer may write the same content as text or as bytes (docs/protocol/01, node), so `contentBytes` and
 * `contentString` accept both; the functions with Baileys' names behave as there.
 */

const NO_NODES: readonly BinaryNode[] = Object.freeze([])

/** The children, or an empty list when the content is something else. */
export function childNodes(node: BinaryNode | undefined): readonly BinaryNode[] {
  return Array.isArray(node?.content) ? node.content : NO_NODES
}

/** All children with the tag, in order. */
export function getBinaryNodeChildren(node: BinaryNode | undefined, childTag: string): BinaryNode[] {
  return Array.isArray(node?.content) ? node.content.filter(child => child.tag === childTag) : []
}

/** The first child with the tag. */
export function getBinaryNodeChild(node: BinaryNode | undefined, childTag: string): BinaryNode | undefined {
  return Array.isArray(node?.content) ? node.content.find(child => child.tag === childTag) : undefined
}

/** All children: the list itself, not a copy. */
export function getAllBinaryNodeChildren(node: BinaryNode): BinaryNode[] {
  return Array.isArray(node.content) ? node.content : []
}

/** The content as bytes, text as UTF-8; undefined for children or no content. */
export function contentBytes(node: BinaryNode | undefined): Uint8Array | undefined {
  const content = node?.content
  if (typeof content === 'string') return Buffer.from(content)
  return content instanceof Uint8Array ? content : undefined
}

/** The content as text, bytes read as UTF-8; undefined for children or no content. */
export function contentString(node: BinaryNode | undefined): string | undefined {
  const content = node?.content
  if (typeof content === 'string') return content
  return content instanceof Uint8Array ? asBuffer(content).toString('utf8') : undefined
}

/** The content of the first child with the tag if it is bytes; text gives undefined, as in Baileys. */
export function getBinaryNodeChildBuffer(node: BinaryNode | undefined, childTag: string): Uint8Array | undefined {
  const content = getBinaryNodeChild(node, childTag)?.content
  return content instanceof Uint8Array ? content : undefined
}

/** The content of the first child with the tag as text, bytes read as UTF-8. */
export function getBinaryNodeChildString(node: BinaryNode | undefined, childTag: string): string | undefined {
  return contentString(getBinaryNodeChild(node, childTag))
}

/**
 * The first `length` bytes of the child's content as big-endian integer. Undefined when there is no such child, it has
 * no bytes, or fewer than `length` of them. Exact up to 6 bytes.
 */
export function getBinaryNodeChildUInt(node: BinaryNode, childTag: string, length: number): number | undefined {
  const bytes = getBinaryNodeChildBuffer(node, childTag)
  if (bytes === undefined || bytes.length < length) return undefined
  let value = 0
  for (const byte of bytes.subarray(0, length)) value = value * 256 + byte
  return value
}

/** The refusal that an answer carries, if any: in an `error` child, as its type alone, or, of acks, in an attribute. */
export function refusalIn(answer: BinaryNode): ServerRefusal | undefined {
  const error = getBinaryNodeChild(answer, 'error')
  const { error: code, backoff } = answer.attrs
  if (answer.tag === 'ack' && code !== undefined) {
    const attrs = { ...error?.attrs, code, ...(backoff === undefined ? {} : { backoff }) }
    return new ServerRefusal({ tag: 'error', attrs }, answer)
  }
  if (error !== undefined) return new ServerRefusal(error, answer)
  const isFailed = answer.tag === 'iq' && answer.attrs['type'] === 'error'
  return isFailed ? new ServerRefusal({ tag: 'error', attrs: {} }, answer) : undefined
}

/** @throws ServerRefusal when the server refused what this answers */
export function assertNodeErrorFree(node: BinaryNode): void {
  const refusal = refusalIn(node)
  if (refusal !== undefined) throw refusal
}

/** Children with the tag as a map of `name` (or `config_code`) to `value` (or `config_value`). */
export function reduceBinaryNodeToDictionary(node: BinaryNode, tag: string): { [key: string]: string } {
  const entries = getBinaryNodeChildren(node, tag).map(({ attrs }): [string, string] => [
    attrs['name'] ?? attrs['config_code'] ?? 'undefined',
    attrs['value'] || (attrs['config_value'] as string),
  ])
  return Object.fromEntries(entries)
}

/** XML-like text for logs; bytes as hex. Not meant to be parsed: nothing is escaped. */
export function binaryNodeToString(node: BinaryNode | BinaryNodeContent | undefined, i = 0): string {
  if (!node) return ''
  const indent = '\t'.repeat(i)
  if (typeof node === 'string') return indent + node
  if (node instanceof Uint8Array) return indent + asBuffer(node).toString('hex')
  if (Array.isArray(node)) return node.map(child => `${indent}\t${binaryNodeToString(child, i + 1)}`).join('\n')
  const attributes = Object.entries(node.attrs ?? {}).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}='${value}'`],
  )
  const content = binaryNodeToString(node.content, i + 1)
  const open = `<${node.tag} ${attributes.join(' ')}`
  return content ? `${open}>\n${content}\n${indent}</${node.tag}>` : `${open}/>`
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
