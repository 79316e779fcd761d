import { isJidGroup } from '../../binary/jid.js'
import type { WAMessageKey } from '../../events/message-types.js'
import { proto } from '../../proto/index.js'
import { targetKey } from './checks.js'
import { invalidContent } from './content-error.js'
import type { MessageContentGenerationOptions } from './content-types.js'

/** Takes a message back for everyone: an own one, or as admin of a group somebody else's. */
export interface DeleteContent {
  delete: WAMessageKey
}

/** docs/protocol/03, 2.4. @throws KurirError `invalid-content` for a message that only its author can take back */
export function buildRevoke({ delete: key }: DeleteContent, options: MessageContentGenerationOptions): proto.IMessage {
  const target = targetKey('delete', key, options.jid)
  const isGroup = isJidGroup(target.remoteJid ?? undefined) === true
  if (target.fromMe === false && !isGroup && !isChannel(target.remoteJid)) {
    throw invalidContent(
      'delete.fromMe',
      'Only the author deletes a message for everyone here; chatModify({ deleteForMe }) hides it on own devices',
      { id: target.id },
    )
  }
  if (target.fromMe === false && isGroup && !target.participant) {
    throw invalidContent('delete.participant', "Deleting somebody else's message needs its author", { id: target.id })
  }
  return { protocolMessage: { key: target, type: proto.Message.ProtocolMessage.Type.REVOKE } }
}

/** Posts of a channel are not `fromMe`, even our own (docs/protocol/03, 1.2). */
function isChannel(jid: string | null | undefined): boolean {
  return jid?.endsWith('@newsletter') === true
}
