import type { BinaryNode } from '../binary/node.js'
import type { WACallUpdateType } from './call-types.js'

const statusOfTag: ReadonlyMap<string, WACallUpdateType> = new Map([
  ['offer', 'offer'],
  ['offer_notice', 'offer'],
  ['preaccept', 'preaccept'],
  ['transport', 'transport'],
  ['relaylatency', 'relaylatency'],
  ['reject', 'reject'],
  ['accept', 'accept'],
])

/**
 * The step that a child of a `<call>` stanza stands for (docs/protocol/03 §10). `terminate` covers every end but a
 * time-out; a child that is not known counts as ringing.
 */
export function getCallStatusFromNode({ tag, attrs }: BinaryNode): WACallUpdateType {
  if (tag === 'terminate') return attrs['reason'] === 'timeout' ? 'timeout' : 'terminate'
  return statusOfTag.get(tag) ?? 'ringing'
}
