import { assertNodeErrorFree, contentString } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { dateAttribute, type USyncQueryProtocol } from './protocol.js'

export interface StatusData {
  /** The about text; '' when it is hidden from us, null when there is none. */
  status?: string | null
  /** When it was written; the epoch when unknown. */
  setAt?: Date
}

/** `status`: the about text of users (docs/protocol/04, about text). */
export class USyncStatusProtocol implements USyncQueryProtocol {
  readonly name = 'status'

  getQueryElement(): BinaryNode {
    return { tag: 'status', attrs: {} }
  }

  getUserElement(): null {
    return null
  }

  parser(node: BinaryNode): StatusData | undefined {
    if (node.tag !== 'status') return undefined
    assertNodeErrorFree(node)
    const hidden = node.attrs['code'] === '401'
    return { status: contentString(node) || (hidden ? '' : null), setAt: dateAttribute(node, 't') }
  }
}
