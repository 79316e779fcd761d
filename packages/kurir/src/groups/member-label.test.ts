import { expect, it } from 'vitest'
import { proto } from '../proto/index.js'
import { buildMemberLabel } from './member-label.js'

it('a label has at most 30 characters, as people count them', () => {
  const { protocolMessage } = buildMemberLabel('🎖'.repeat(31), 1_700_000_000_999)
  expect(protocolMessage).toEqual({
    type: proto.Message.ProtocolMessage.Type.GROUP_MEMBER_LABEL_CHANGE,
    memberLabel: { label: '🎖'.repeat(30), labelTimestamp: 1_700_000_000 },
  })
})
