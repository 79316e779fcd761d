import { childNodes, getBinaryNodeChild, refusalIn } from '../binary/accessors.js'
import { jidDecode, jidNormalizedUser, S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'

/** Pictures of people and groups (docs/protocol/04, 4.1); the connection adds the id. */

/** `preview` has 96 pixels, `image` up to 640. */
export type PictureSize = 'preview' | 'image'

/**
 * Asks for the address of a picture.
 *
 * @param proof the `tctoken` of the person, never of the own account and never of a group: it belongs inside `picture`
 */
export function buildPictureQuery(target: string, type: PictureSize, proof?: BinaryNode): BinaryNode {
  const picture: BinaryNode = { tag: 'picture', attrs: { type, query: 'url' }, ...(proof && { content: [proof] }) }
  return iq('get', target, picture)
}

/** Sets the picture of a group, or of the own account when no group is named. */
export function buildPictureChange(jpeg: Uint8Array, group: string | undefined): BinaryNode {
  return iq('set', group, { tag: 'picture', attrs: { type: 'image' }, content: jpeg })
}

export function buildPictureRemoval(group: string | undefined): BinaryNode {
  return iq('set', group)
}

/**
 * The address of the picture; undefined when the answer has none.
 *
 * @throws ServerRefusal 404 without picture, 401 when it is hidden, where the answer says so inside
 */
export function parsePictureUrl(answer: BinaryNode): string | undefined {
  const picture = getBinaryNodeChild(answer, 'picture')
  const refusal = picture && refusalIn(picture)
  if (refusal) throw refusal
  return picture?.attrs['url']
}

/** What a `picture` notification says of one picture. */
export interface PictureChange {
  readonly kind: 'changed' | 'removed'
  /**
   * Whose picture: a person, a group, or the first characters of a hash of somebody whom the service does not name.
   */
  readonly owner: string
  /** Id of the new picture. */
  readonly id: string | undefined
  /** Who changed it. */
  readonly author: string | undefined
}

/**
 * Reads a `picture` notification. Requests for pictures and new avatars change nothing (docs/protocol/04, 4.9: Baileys
 * takes them for removals).
 */
export function parsePictureNotification(node: BinaryNode): PictureChange[] {
  const from = userIn(node.attrs['from'])
  return childNodes(node).flatMap(({ tag, attrs }): PictureChange[] => {
    if (tag !== 'set' && tag !== 'delete') return []
    const owner = from ?? userIn(attrs['jid']) ?? attrs['hash']
    if (!owner) return []
    const author = attrs['author'] ?? node.attrs['participant']
    return [{ kind: tag === 'set' ? 'changed' : 'removed', owner, id: attrs['id'], author }]
  })
}

/** Of somebody who is not named, the service itself tells. */
function userIn(jid: string | undefined): string | undefined {
  return jidDecode(jid)?.user ? jidNormalizedUser(jid) : undefined
}

function iq(type: 'get' | 'set', target: string | undefined, child?: BinaryNode): BinaryNode {
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type, xmlns: 'w:profile:picture', ...(target !== undefined && { target }) },
    ...(child && { content: [child] }),
  }
}
