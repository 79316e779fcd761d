/**
 * One stanza or stanza element: the unit of everything that is said after the handshake.
 * Content is a list of children, bytes, or text (docs/protocol/01, binary nodes).
 */
export interface BinaryNode {
  tag: string
  attrs: BinaryNodeAttributes
  content?: BinaryNodeContent
}

export type BinaryNodeAttributes = { [key: string]: string }
export type BinaryNodeContent = BinaryNode[] | string | Uint8Array
