import { jidNormalizedUser } from '../binary/jid.js'
import type { Contact } from '../chats/contact-types.js'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { generateMessageIDV2 } from './ids.js'

/** The line of a group which says that we came in by the invitation of an admin (docs/protocol/05, 1.17). */
export function invitationAccepted(
  group: string,
  admin: string,
  me: Contact | undefined,
  unixSeconds: number,
): WAMessage {
  const { id = '', lid, name } = me ?? {}
  const participant = { id: jidNormalizedUser(id), ...(lid && { lid: jidNormalizedUser(lid) }), name, admin: null }
  return {
    key: { remoteJid: group, fromMe: false, id: generateMessageIDV2(id), participant: admin },
    messageStubType: proto.WebMessageInfo.StubType.GROUP_PARTICIPANT_ADD,
    messageStubParameters: [JSON.stringify(participant)],
    participant: admin,
    messageTimestamp: unixSeconds,
  }
}
