import { contentBytes, getBinaryNodeChildren } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { proto } from '../proto/index.js'

/**
 * The `<message>` children of a node that hold whole messages, as answers to history queries do.
 *
 * @throws KurirError `invalid-protobuf` for content that is no `WebMessageInfo`
 */
export function getBinaryNodeMessages(node: BinaryNode): proto.WebMessageInfo[] {
  return getBinaryNodeChildren(node, 'message').map(child =>
    proto.WebMessageInfo.decode(contentBytes(child) ?? new Uint8Array(0)),
  )
}
