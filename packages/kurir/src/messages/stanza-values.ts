import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'

export { parseDecimal } from '../binary/decimal.js'

/** Longest message id that is accepted from the wire; honest ones have 16 to 40 characters. */
const maxMessageIdLength = 128

/**
 * The refusal of a stanza that does not have the shape its tag promises. Answer it with a nack 487 (docs/protocol/02,
 * 10.6): the same bytes will not parse better next time.
 */
export function invalidStanza(node: BinaryNode, message: string, detail: Record<string, unknown> = {}): KurirError {
  return new KurirError('invalid-stanza', message, {
    statusCode: 400,
    data: { tag: node.tag, id: node.attrs['id'], from: node.attrs['from'], ...detail },
  })
}

/** A required, non-empty attribute. @throws KurirError `invalid-stanza` */
export function requireAttribute(node: BinaryNode, name: string): string {
  const value = node.attrs[name]
  if (typeof value === 'string' && value.length > 0) return value
  throw invalidStanza(node, `The ${node.tag} stanza has no ${name} attribute`, { attribute: name })
}

/** An acceptable message or stanza id: 1 to 128 characters without control characters. */
export function isMessageId(value: unknown): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxMessageIdLength) return false
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index)
    if (code < 0x20 || code === 0x7f) return false
  }
  return true
}

/** Drops members that are undefined, so that an attribute is either written or absent. */
export function definedAttributes(attributes: { readonly [name: string]: string | undefined }): BinaryNode['attrs'] {
  const defined: BinaryNode['attrs'] = {}
  for (const name in attributes) {
    const value = attributes[name]
    if (value !== undefined) defined[name] = value
  }
  return defined
}

/** The children of a node; none when it holds bytes, text or nothing. */
export function childNodes(node: BinaryNode): readonly BinaryNode[] {
  return Array.isArray(node.content) ? node.content : []
}

/** The first child with that tag. */
export function childNode(node: BinaryNode, tag: string): BinaryNode | undefined {
  for (const child of childNodes(node)) if (child.tag === tag) return child
  return undefined
}

/** Content as bytes: packed or token text on the wire is legal binary content too (docs/protocol/01, 4.5). */
export function bytesOf(node: BinaryNode | undefined): Uint8Array | undefined {
  if (node === undefined) return undefined
  if (node.content instanceof Uint8Array) return node.content
  return typeof node.content === 'string' ? Buffer.from(node.content, 'utf8') : undefined
}

/** Big-endian integer content of exactly `length` bytes; undefined for anything else. */
export function bigEndianOf(node: BinaryNode | undefined, length: number): number | undefined {
  const bytes = bytesOf(node)
  if (bytes === undefined || bytes.byteLength !== length) return undefined
  let value = 0
  for (const byte of bytes) value = value * 256 + byte
  return value
}
