import type { BinaryNode, BinaryNodeContent } from 'kurir/binary'

/** The service's own address. The codec writes this form as `FA 00 03`, the only one all clients accept. */
export const SERVICE = '@s.whatsapp.net'

/** A node without the ceremony of optional properties. */
export const element = (
  tag: string,
  attrs: Readonly<Record<string, string | undefined>> = {},
  content?: BinaryNodeContent,
): BinaryNode => {
  const present: Record<string, string> = {}
  for (const name in attrs) {
    const value = attrs[name]
    if (value !== undefined) present[name] = value
  }
  return content === undefined ? { tag, attrs: present } : { tag, attrs: present, content }
}

/** An unsigned integer as big-endian bytes, as key ids (3) and registration ids (4) are written. */
export const bigEndian = (value: number, length: 3 | 4): Buffer => {
  const bytes = Buffer.alloc(length)
  bytes.writeUIntBE(value, 0, length)
  return bytes
}

/** Children that are nodes; none when the content is text or bytes. */
export const childrenOf = (node: BinaryNode): readonly BinaryNode[] => (Array.isArray(node.content) ? node.content : [])

/** Content as bytes: packed and token strings are legal content too (docs/protocol/01 §4.3). */
export const bytesOf = (node: BinaryNode | undefined): Uint8Array | undefined => {
  if (node === undefined || node.content === undefined || Array.isArray(node.content)) return undefined
  return typeof node.content === 'string' ? Buffer.from(node.content) : node.content
}

/** Content as an unsigned big-endian integer of at most 6 bytes. */
export const integerOf = (node: BinaryNode | undefined): number | undefined => {
  const bytes = bytesOf(node)
  if (bytes === undefined || bytes.length === 0 || bytes.length > 6) return undefined
  return Buffer.from(bytes).readUIntBE(0, bytes.length)
}

export const textOf = (node: BinaryNode | undefined): string | undefined => {
  const bytes = bytesOf(node)
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8')
}

/** `<stream:error>` with a conflict, which clients read as the end of this login (docs/protocol/01 §5.5). */
export const conflict = (type: 'replaced' | 'device_removed'): BinaryNode =>
  element('stream:error', type === 'device_removed' ? { code: '401' } : {}, [element('conflict', { type })])

export const streamError = (code: number): BinaryNode => element('stream:error', { code: String(code) })

/** The refusal of a login (docs/protocol/01 §5.7). */
export const failure = (reason: number): BinaryNode => element('failure', { reason: String(reason), location: 'sim' })
