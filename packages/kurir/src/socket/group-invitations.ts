import { jidNormalizedUser } from '../binary/jid.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { buildInvitationAccept, buildInvitationRevoke, parseInvitationRevoke } from '../groups/group-invites.js'
import { type AddRequest, buildMetadataQuery, parseGroupAnswer } from '../groups/group-queries.js'
import type { GroupMetadata } from '../groups/group-types.js'
import { invitationAccepted } from '../messages/group-invitations.js'
import { proto } from '../proto/index.js'
import type { SocketCore } from './core.js'
import { checkGroup, checkUser } from './group-actions.js'
import type { GroupDirectory } from './group-directory.js'
import type { GroupRequests } from './group-requests.js'

export interface GroupInvitationParts {
  readonly requests: GroupRequests
  readonly directory: GroupDirectory
  readonly upsert: (message: WAMessage) => Promise<void>
}

/** Invitations to groups that travel in messages (docs/protocol/05, 1.17). */
export class GroupInvitations {
  readonly #core: SocketCore
  readonly #parts: GroupInvitationParts

  constructor(core: SocketCore, parts: GroupInvitationParts) {
    this.#core = core
    this.#parts = parts
  }

  /** The events of it come together. */
  accept(key: string | WAMessageKey, message: proto.Message.IGroupInviteMessage): Promise<string | undefined> {
    return this.#core.ev.createBufferedFunction(() => this.#accept(key, message))()
  }

  async #accept(given: string | WAMessageKey, message: proto.Message.IGroupInviteMessage): Promise<string | undefined> {
    const { ev, creds, clock } = this.#core
    const key: WAMessageKey = typeof given === 'string' ? { remoteJid: given } : given
    const { group, invitation } = invitationOf(key.remoteJid, message)
    const answer = await this.#parts.requests.ask(buildInvitationAccept(group, invitation))
    this.#parts.directory.changed(group)
    if (key.id) {
      const groupInviteMessage = proto.Message.GroupInviteMessage.create({
        ...message,
        inviteExpiration: 0,
        inviteCode: '',
      })
      ev.emit('messages.update', [{ key, update: { message: { groupInviteMessage } } }])
    }
    await this.#parts.upsert(invitationAccepted(group, invitation.admin, creds.me, clock.nowSeconds()))
    return answer.attrs['from']
  }

  async revoke(jid: string, invited: string): Promise<boolean> {
    return parseInvitationRevoke(
      await this.#parts.requests.ask(buildInvitationRevoke(checkGroup(jid), checkUser(invited))),
    )
  }

  async preview(inviter: string, message: proto.Message.IGroupInviteMessage): Promise<GroupMetadata> {
    const { group, invitation } = invitationOf(inviter, message)
    return parseGroupAnswer(await this.#parts.requests.ask(buildMetadataQuery(group, invitation)))
  }
}

/** @throws KurirError `invalid-jid` */
function invitationOf(
  inviter: string | null | undefined,
  { groupJid, inviteCode, inviteExpiration }: proto.Message.IGroupInviteMessage,
): { readonly group: string; readonly invitation: AddRequest } {
  return {
    group: checkGroup(groupJid ?? ''),
    invitation: {
      code: inviteCode ?? '',
      expiration: Number(inviteExpiration ?? 0),
      admin: checkUser(jidNormalizedUser(inviter ?? undefined)),
    },
  }
}
