import { assertNodeErrorFree } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import type { USyncQueryProtocol } from './protocol.js'
import type { USyncUser } from './user.js'

/** `contact`: is this number, username or account on WhatsApp? */
export class USyncContactProtocol implements USyncQueryProtocol {
  readonly name = 'contact'
  readonly #addressing: 'lid' | undefined

  /** @param addressing `lid`: the answer names people by LID, with the number beside it */
  constructor(addressing?: 'lid') {
    this.#addressing = addressing
  }

  getQueryElement(): BinaryNode {
    return { tag: 'contact', attrs: this.#addressing ? { addressing_mode: this.#addressing } : {} }
  }

  getUserElement(user: USyncUser): BinaryNode {
    // As bytes, so that no reader takes the number for a packed string (docs/protocol/01, node).
    if (user.phone) return { tag: 'contact', attrs: {}, content: Buffer.from(user.phone) }
    if (user.username) {
      const attrs: BinaryNode['attrs'] = { username: user.username }
      if (user.usernameKey) attrs['pin'] = user.usernameKey
      if (user.lid) attrs['lid'] = user.lid
      return { tag: 'contact', attrs }
    }
    return { tag: 'contact', attrs: user.type ? { type: user.type } : {} }
  }

  /** True for `in`; false for `out` and `invalid`. */
  parser(node: BinaryNode): boolean {
    if (node.tag !== 'contact') return false
    assertNodeErrorFree(node)
    return node.attrs['type'] === 'in'
  }
}
