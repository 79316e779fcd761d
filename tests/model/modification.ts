import type { ChatModification } from 'kurir/app-state'
import type { SharedChange } from './changes.js'

/** A change as the argument of `chatModify`, which is the same in Kurir and Baileys. */
export const modificationOf = (change: SharedChange): readonly [ChatModification, jid: string] => {
  switch (change.action) {
    case 'archive':
      return [{ archive: change.on, lastMessages: [] }, change.chat]
    case 'pin':
      return [{ pin: change.on }, change.chat]
    case 'mute':
      return [{ mute: change.until }, change.chat]
    case 'read':
      return [{ markRead: change.on, lastMessages: [] }, change.chat]
    case 'clear':
      return [{ clear: true, lastMessages: [] }, change.chat]
    case 'delete-chat':
      return [{ delete: true, lastMessages: [] }, change.chat]
    case 'star': {
      const { chat, id } = change.message
      return [{ star: { messages: [{ id, fromMe: true }], star: change.on } }, chat]
    }
    case 'delete-for-me': {
      const { chat, id } = change.message
      const key = { remoteJid: chat, id, fromMe: true }
      return [{ deleteForMe: { key, deleteMedia: false, timestamp: 1_800_000_000 } }, chat]
    }
    case 'contact':
      return [{ contact: change.contact }, change.jid]
    case 'push-name':
      return [{ pushNameSetting: change.name }, '']
    case 'link-previews':
      return [{ disableLinkPreviews: { isPreviewsDisabled: change.disabled } }, '']
    case 'label':
      return [{ addLabel: { id: change.id, ...change.label } }, '']
    case 'label-chat': {
      const body = { labelId: change.label }
      return [change.on ? { addChatLabel: body } : { removeChatLabel: body }, change.chat]
    }
    case 'label-message': {
      const body = { labelId: change.label, messageId: change.message.id }
      return [change.on ? { addMessageLabel: body } : { removeMessageLabel: body }, change.message.chat]
    }
    case 'quick-reply':
      return [{ quickReply: { timestamp: change.id, ...change.reply } as never }, '']
  }
}
