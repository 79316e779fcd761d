import { assertNodeErrorFree } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import type { USyncQueryProtocol } from './protocol.js'

/** `picture`: which profile picture users have; another id means another picture (docs/protocol/02 §5.2). */
export class USyncPictureProtocol implements USyncQueryProtocol {
  readonly name = 'picture'

  getQueryElement(): BinaryNode {
    return { tag: 'picture', attrs: { type: 'preview' } }
  }

  getUserElement(): null {
    return null
  }

  /** The id of the picture; null when there is none. */
  parser(node: BinaryNode): string | null {
    if (node.tag !== 'picture') return null
    assertNodeErrorFree(node)
    return node.attrs['id'] || null
  }
}
