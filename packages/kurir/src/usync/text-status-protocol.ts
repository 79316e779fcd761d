import { assertNodeErrorFree, contentString, getBinaryNodeChild } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { dateAttribute, numberAttribute, type USyncQueryProtocol } from './protocol.js'

export interface TextStatusData {
  /** '' when there is none. */
  text: string
  emoji?: string
  /** Seconds after which it disappears; absent when it stays. */
  duration?: number
  /** When it was set; the epoch when unknown. */
  setAt: Date
}

/** `text_status`: the short status with an emoji that takes the place of the about text (docs/protocol/04 §4.2). */
export class USyncTextStatusProtocol implements USyncQueryProtocol {
  readonly name = 'text_status'

  getQueryElement(): BinaryNode {
    return { tag: 'text_status', attrs: {} }
  }

  getUserElement(): null {
    return null
  }

  /** The emoji is read as a child and as an attribute: both have been described. */
  parser(node: BinaryNode): TextStatusData | undefined {
    if (node.tag !== 'text_status') return undefined
    assertNodeErrorFree(node)
    const child = getBinaryNodeChild(node, 'emoji')
    const emoji = child?.attrs['content'] ?? contentString(child) ?? node.attrs['emoji']
    const duration = numberAttribute(node, 'ephemeral_duration_sec')
    return {
      text: node.attrs['text'] ?? '',
      ...(emoji && { emoji }),
      ...(duration && { duration }),
      setAt: dateAttribute(node, 'last_update_time'),
    }
  }
}
