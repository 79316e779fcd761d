import { proto } from '../proto/index.js'

/** Characters of a label (docs/protocol/03, 12). */
const maxLabelLength = 30

/**
 * The message that changes the own label in a group; empty takes it off (docs/protocol/05, 1.20). Longer labels are cut.
 *
 * @param nowMs Unix milliseconds
 */
export function buildMemberLabel(label: string, nowMs: number): proto.IMessage {
  return {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.GROUP_MEMBER_LABEL_CHANGE,
      memberLabel: {
        label: [...label].slice(0, maxLabelLength).join(''),
        labelTimestamp: Math.floor(nowMs / 1000),
      },
    },
  }
}

/** What the stanza says beside it. */
export const memberLabelMeta = { tag: 'meta', attrs: { tag_reason: 'user_update', appdata: 'member_tag' } } as const
