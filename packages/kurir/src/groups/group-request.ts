import type { BinaryNode } from '../binary/node.js'

/** Where groups are made, left, listed and joined by code; what concerns one group goes to that group. */
export const GROUP_SERVICE = '@g.us'

/** A question to the group service, or to one group (docs/protocol/05, 1). */
export function groupQuery(to: string, ...content: BinaryNode[]): BinaryNode {
  return { tag: 'iq', attrs: { to, type: 'get', xmlns: 'w:g2' }, content }
}

/** A change by the group service, or of one group. */
export function groupChange(to: string, ...content: BinaryNode[]): BinaryNode {
  return { tag: 'iq', attrs: { to, type: 'set', xmlns: 'w:g2' }, content }
}

/** An element without content, as most settings are. */
export function flag(tag: string): BinaryNode {
  return { tag, attrs: {} }
}

/** Group ids are written without their server in some answers. */
export function groupJid(id: string): string {
  return id.includes('@') ? id : `${id}@g.us`
}

/** A list in pieces that one request may hold. */
export function inPieces<Item>(items: readonly Item[], size: number): (readonly Item[])[] {
  const pieces: (readonly Item[])[] = []
  for (let start = 0; start < items.length; start += size) pieces.push(items.slice(start, start + size))
  return pieces
}
