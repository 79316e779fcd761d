import type { WACallEvent } from '../calls/call-types.js'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'

/**
 * The line that a call leaves in its chat (docs/protocol/03, 4A.3): a missed call when nobody answered, the invitation
 * to a call of a group when it is offered; nothing for every other step.
 */
export function callMessage(call: WACallEvent): WAMessage | undefined {
  const key = { remoteJid: call.chatId, id: call.id, fromMe: false }
  const messageTimestamp = Math.floor(call.date.getTime() / 1000)
  if (call.status === 'timeout') return { key, messageTimestamp, messageStubType: missedCallType(call) }
  if (call.status === 'offer' && call.isGroup === true) {
    const message = proto.Message.create({ call: { callKey: Buffer.from(call.id) } })
    return { key, messageTimestamp, message }
  }
  return undefined
}

function missedCallType({ isGroup, isVideo }: WACallEvent): proto.WebMessageInfo.StubType {
  const { StubType } = proto.WebMessageInfo
  if (isGroup === true) return isVideo === true ? StubType.CALL_MISSED_GROUP_VIDEO : StubType.CALL_MISSED_GROUP_VOICE
  return isVideo === true ? StubType.CALL_MISSED_VIDEO : StubType.CALL_MISSED_VOICE
}
