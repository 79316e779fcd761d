import { assertNodeErrorFree } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { dateAttribute, invalidResult, numberAttribute, type USyncQueryProtocol } from './protocol.js'

export interface DisappearingModeData {
  /** Seconds after which messages of new chats disappear; 0 when they stay. */
  duration: number
  /** When the user chose it; the epoch when unknown. */
  setAt?: Date
  /** The user cannot use disappearing messages at all. */
  ephemeralityDisabled?: boolean
}

/** `disappearing_mode`: the default timer of users. */
export class USyncDisappearingModeProtocol implements USyncQueryProtocol {
  readonly name = 'disappearing_mode'

  getQueryElement(): BinaryNode {
    return { tag: 'disappearing_mode', attrs: {} }
  }

  getUserElement(): null {
    return null
  }

  parser(node: BinaryNode): DisappearingModeData | undefined {
    if (node.tag !== 'disappearing_mode') return undefined
    assertNodeErrorFree(node)
    const duration = numberAttribute(node, 'duration')
    if (duration === undefined) throw invalidResult('a timer without duration', node)
    const disabled = node.attrs['ephemerality_disabled'] === 'true'
    return { duration, setAt: dateAttribute(node, 't'), ...(disabled && { ephemeralityDisabled: true }) }
  }
}
