import { isJidGroup } from '../../binary/jid.js'
import type { proto } from '../../proto/index.js'
import { checkInteger, checkJid, checkObject, checkOptionalText, checkText } from './checks.js'
import type { ContentModifiers, MessageContentGenerationOptions } from './content-types.js'

/** An invitation that one person gets, as the server makes it for somebody who cannot be added (docs/protocol/05, v4). */
export interface GroupInviteInfo {
  inviteCode: string
  /** Unix seconds. */
  inviteExpiration: number
  /** Shown below the card. */
  text: string
  /** The group. */
  jid: string
  /** Name of the group. */
  subject: string
}

export interface GroupInviteContent extends ContentModifiers {
  groupInvite: GroupInviteInfo
}

const maxSeconds = 0xffff_ffff_ffff

/**
 * docs/protocol/03, 2.4. The group's picture is shown when `getGroupPicture` gives it; without one, or when that fails,
 * the invitation goes without.
 *
 * @throws KurirError `invalid-content`
 */
export async function buildGroupInvite(
  { groupInvite }: GroupInviteContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const { inviteCode, inviteExpiration, text, jid, subject } = checkObject('groupInvite', groupInvite)
  const groupJid = checkJid('groupInvite.jid', jid, isJidGroup)
  const message: proto.Message.IGroupInviteMessage = {
    groupJid,
    inviteCode: checkText('groupInvite.inviteCode', inviteCode),
    inviteExpiration: checkInteger('groupInvite.inviteExpiration', inviteExpiration, 0, maxSeconds),
    groupName: checkText('groupInvite.subject', subject),
    caption: checkOptionalText('groupInvite.text', text) ?? '',
  }
  const picture = await pictureOf(groupJid, options)
  if (picture !== undefined) message.jpegThumbnail = picture
  return { groupInviteMessage: message }
}

async function pictureOf(
  group: string,
  { getGroupPicture, logger }: MessageContentGenerationOptions,
): Promise<Uint8Array | undefined> {
  try {
    return await getGroupPicture?.(group)
  } catch (error) {
    logger?.debug({ err: error, group }, 'the picture of a group could not be had')
    return undefined
  }
}
