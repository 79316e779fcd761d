import { KurirError } from '../errors/index.js'

/** What exactly was wrong with bytes that should be a node; stable text for logs and tests. */
export type NodeDecodeReason =
  | 'empty-frame'
  | 'truncated'
  | 'not-a-list'
  | 'empty-list'
  | 'empty-tag'
  | 'not-a-string'
  | 'unassigned-tag'
  | 'invalid-nibble'
  | 'invalid-packed-length'
  | 'invalid-jid'
  | 'too-many-children'
  | 'too-many-nodes'
  | 'too-deep'
  | 'trailing-bytes'
  | 'invalid-compression'
  | 'inflated-too-large'

export type NodeDecodeCode = 'invalid-node' | 'node-too-deep' | 'inflated-frame-too-large'

/**
 * A decrypted frame that is not a node. The stream behind it is still in step: drop the stanza, keep the connection
 * (docs/protocol/01, errors a decoder must raise). `data.offset` counts bytes from the start of the (inflated) input.
 */
export class NodeDecodeError extends KurirError<{ readonly reason: NodeDecodeReason; readonly offset: number }> {
  override readonly name = 'NodeDecodeError'

  constructor(code: NodeDecodeCode, reason: NodeDecodeReason, offset: number, cause?: unknown) {
    super(code, `Bytes are not a binary node: ${reason} at offset ${offset}`, {
      statusCode: 400,
      data: { reason, offset },
      cause,
    })
  }
}

export type NodeEncodeReason =
  | 'tag-missing'
  | 'attribute-not-a-string'
  | 'content-type'
  | 'list-too-long'
  | 'content-too-long'
  | 'too-deep'
  | 'agent-in-jid'

/**
 * A node that has no faithful form on the wire (code `unencodable-node`, or `invalid-jid` for a JID part). Thrown before
 * anything is sent, since a miscounted list would corrupt the whole stanza.
 */
export class NodeEncodeError extends KurirError<{
  readonly reason: NodeEncodeReason
  readonly tag: string
  readonly attribute?: string
}> {
  override readonly name = 'NodeEncodeError'

  constructor(reason: NodeEncodeReason, tag: string, attribute?: string) {
    const where = attribute === undefined ? `<${tag}>` : `attribute ${attribute} of <${tag}>`
    super(reason === 'agent-in-jid' ? 'invalid-jid' : 'unencodable-node', `Cannot encode ${where}: ${reason}`, {
      statusCode: 400,
      data: attribute === undefined ? { reason, tag } : { reason, tag, attribute },
    })
  }
}
