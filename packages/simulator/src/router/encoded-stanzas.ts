import { type BinaryNode, encodeBinaryNode } from 'kurir/binary'

/** Stanzas that go to many devices unchanged are encoded once. */
const encodings = new WeakMap<BinaryNode, Buffer>()
const shared = new WeakSet<BinaryNode>()

/** Marks a node that will be written to several connections. */
export const shareEncoding = (node: BinaryNode): BinaryNode => {
  shared.add(node)
  return node
}

/** Encodes a stanza, once for all connections where it is shared. */
export const encodeStanza = (node: BinaryNode): Buffer => {
  if (!shared.has(node)) return encodeBinaryNode(node)
  const known = encodings.get(node)
  if (known !== undefined) return known
  const encoded = encodeBinaryNode(node)
  encodings.set(node, encoded)
  return encoded
}
