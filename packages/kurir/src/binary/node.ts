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
/** Baileys' name for the content of a node, absence included. */
export type BinaryNodeData = BinaryNode['content']

/** Baileys' table of tags and tokens, which its codec functions take as an argument. Kurir's need none. */
export interface BinaryNodeCodingOptions {
  readonly TAGS: Readonly<Record<string, number>>
  readonly SINGLE_BYTE_TOKENS: readonly string[]
  readonly DOUBLE_BYTE_TOKENS: readonly (readonly string[])[]
  readonly TOKEN_MAP: Readonly<Record<string, { readonly dict?: number; readonly index: number }>>
}
