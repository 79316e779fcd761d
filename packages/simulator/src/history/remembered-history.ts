import { proto } from 'kurir/proto'
import { keyOf, type RememberedMessage } from '../phone/phone-memory.js'
import type { HistoryArchive, HistoryChat } from './history-archive.js'

/** Both names of a user. */
export type Names = (
  jid: string,
) => { readonly pnJid: string; readonly lidJid: string; readonly name: string } | undefined

/** Members of a group: user JIDs, the superadmin first. */
export type Members = (group: string) => { readonly subject: string; readonly members: readonly string[] } | undefined

/** What a phone has sent and read, as history tells it: edits done, reactions beside their message. */
export const rememberedHistory = (
  messages: readonly RememberedMessage[],
  names: Names,
  members: Members,
): HistoryArchive => {
  const chats = new Map<string, proto.IWebMessageInfo[]>()
  const byId = new Map<string, proto.IWebMessageInfo>()
  const pushNames = new Map<string, string>()
  for (const message of messages) {
    if (message.pushName !== undefined && !message.fromMe) pushNames.set(message.author, message.pushName)
    if (applyTo(byId, message)) continue
    const info = historyMessage(message)
    byId.set(message.id, info)
    chats.set(message.chat, [info, ...(chats.get(message.chat) ?? [])])
  }
  const statuses = chats.get('status@broadcast') ?? []
  chats.delete('status@broadcast')
  return {
    chats: [...chats].map(([jid, list]) => rememberedChat(jid, list, names, members)),
    statuses,
    pushNames,
  }
}

/** A message as history and resends carry it. */
export const historyMessage = (message: RememberedMessage): proto.IWebMessageInfo => {
  const key = keyOf(message)
  return {
    key,
    message: message.message,
    messageTimestamp: message.timestamp,
    ...(key.participant == null ? {} : { participant: key.participant }),
    ...(message.fromMe ? { status: proto.WebMessageInfo.Status.DELIVERY_ACK } : {}),
    ...(message.pushName === undefined || message.fromMe ? {} : { pushName: message.pushName }),
  }
}

const rememberedChat = (
  jid: string,
  list: readonly proto.IWebMessageInfo[],
  names: Names,
  membersOf: Members,
): HistoryChat => {
  const user = names(jid)
  const group = membersOf(jid)
  return {
    jid,
    pnJid: user?.pnJid,
    lidJid: user?.lidJid,
    name: user?.name ?? group?.subject ?? jid,
    ...(group === undefined ? {} : { members: group.members }),
    unreadCount: 0,
    size: list.length,
    message: index => list[index] ?? {},
    indexOf: id => {
      const index = list.findIndex(({ key }) => key?.id === id)
      return index < 0 ? undefined : index
    },
  }
}

/** True when a message only changes an earlier one: that is done to it, as far as history can show it. */
const applyTo = (
  byId: ReadonlyMap<string, proto.IWebMessageInfo>,
  { message, id, ...rest }: RememberedMessage,
): boolean => {
  const { reactionMessage, protocolMessage, pollUpdateMessage } = message
  const key = reactionMessage?.key ?? protocolMessage?.key ?? pollUpdateMessage?.pollCreationMessageKey
  const target = byId.get(key?.id ?? '')
  const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type
  if (target !== undefined && reactionMessage != null) {
    const { text, senderTimestampMs } = reactionMessage
    const reaction = {
      key: keyOf({ message, id, ...rest }),
      text: text ?? null,
      senderTimestampMs: senderTimestampMs ?? null,
    }
    target.reactions = [...(target.reactions ?? []), reaction]
  }
  if (target !== undefined && protocolMessage?.type === REVOKE) {
    target.message = null
    target.messageStubType = proto.WebMessageInfo.StubType.REVOKE
  }
  if (target !== undefined && protocolMessage?.type === MESSAGE_EDIT) {
    target.message = {
      ...protocolMessage.editedMessage,
      messageContextInfo: target.message?.messageContextInfo ?? null,
    }
  }
  return reactionMessage != null || protocolMessage != null || pollUpdateMessage != null
}
