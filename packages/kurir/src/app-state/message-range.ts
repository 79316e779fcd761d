import { isJidBroadcast, isJidGroup, jidNormalizedUser } from '../binary/jid.js'
import type { MinimalMessage, WAMessageKey } from '../events/message-types.js'
import type { proto } from '../proto/index.js'
import { toNumber } from '../proto/integer.js'
import { invalidModification } from './app-state-error.js'

/**
 * The last messages of a chat, newest first, and the last one of the list the last that was received; or the range that
 * other devices get to see (docs/protocol/04, 2.5).
 */
export type LastMessageList = MinimalMessage[] | proto.SyncActionValue.ISyncActionMessageRange

/**
 * Up to where this device has seen a chat, so that others can tell which messages are newer.
 *
 * @throws AppStateError `invalid-chat-modification` for a message without id, chat, time or author
 */
export function messageRange(lastMessages: LastMessageList): proto.SyncActionValue.ISyncActionMessageRange {
  if (!Array.isArray(lastMessages)) return lastMessages
  const messages = lastMessages.map(({ key, messageTimestamp }) => {
    const wireKey = messageKey(key)
    const timestamp = toNumber(messageTimestamp)
    if (timestamp === 0) throw invalidModification('Missing timestamp in last message list')
    return { key: wireKey, timestamp }
  })
  const last = messages.at(-1)
  return last === undefined ? {} : { lastMessageTimestamp: last.timestamp, messages }
}

function messageKey(key: WAMessageKey): proto.IMessageKey {
  const { remoteJid, fromMe, id, participant } = key
  if (!id || !remoteJid) throw invalidModification('Incomplete key')
  if (isJidGroup(remoteJid) && !fromMe && !participant) {
    throw invalidModification('Expected not from me message to have participant')
  }
  const author = participant ? { participant: jidNormalizedUser(participant) } : {}
  return { remoteJid, fromMe: fromMe === true, id, ...author }
}

/** The slots that name one message in an index: id, whether it is own, and its author in groups (docs/protocol/04, 2.1). */
export function messageSlots(
  chatJid: string,
  { id, fromMe, participant }: Pick<WAMessageKey, 'id' | 'fromMe' | 'participant'>,
): readonly [id: string, fromMe: '0' | '1', participant: string] {
  if (!id) throw invalidModification('Incomplete key')
  if (fromMe) return [id, '1', '0']
  if (!isJidGroup(chatJid) && !isJidBroadcast(chatJid)) return [id, '0', '0']
  // Without the author other devices would not find the message.
  if (!participant) throw invalidModification('Expected not from me message to have participant')
  return [id, '0', jidNormalizedUser(participant)]
}
