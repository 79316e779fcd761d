import { assertNodeErrorFree, contentString } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import type { USyncQueryProtocol } from './protocol.js'

/** `username`: the names that users chose. */
export class USyncUsernameProtocol implements USyncQueryProtocol {
  readonly name = 'username'

  getQueryElement(): BinaryNode {
    return { tag: 'username', attrs: {} }
  }

  getUserElement(): null {
    return null
  }

  /** Null when the user has none. Text and bytes are both read; Baileys sees text only. */
  parser(node: BinaryNode): string | null {
    if (node.tag !== 'username') return null
    assertNodeErrorFree(node)
    return contentString(node) || null
  }
}
