import { assertNodeErrorFree } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import type { USyncQueryProtocol } from './protocol.js'
import type { USyncUser } from './user.js'

/** `lid`: the LID of users known by phone number. */
export class USyncLIDProtocol implements USyncQueryProtocol {
  readonly name = 'lid'

  getQueryElement(): BinaryNode {
    return { tag: 'lid', attrs: {} }
  }

  getUserElement(user: USyncUser): BinaryNode | null {
    return user.lid ? { tag: 'lid', attrs: { jid: user.lid } } : null
  }

  /** The LID as JID; null when the user has none. */
  parser(node: BinaryNode): string | null {
    if (node.tag !== 'lid') return null
    assertNodeErrorFree(node)
    return node.attrs['val'] || null
  }
}
