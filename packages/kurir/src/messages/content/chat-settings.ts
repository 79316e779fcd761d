import { proto } from '../../proto/index.js'
import { invalidContent } from './content-error.js'
import type { MessageContentGenerationOptions } from './content-types.js'

/** Small messages about the chat itself. */

/** Shows the own phone number to somebody who knows only the LID. */
export interface SharePhoneNumberContent {
  sharePhoneNumber: boolean
}

/** Asks for the phone number in a LID chat. */
export interface RequestPhoneNumberContent {
  requestPhoneNumber: boolean
}

/** "Advanced chat privacy": `true` keeps others from exporting the chat and saving its media by themselves. */
export interface LimitSharingContent {
  limitSharing: boolean
}

export function buildSharePhoneNumber({ sharePhoneNumber }: SharePhoneNumberContent): proto.IMessage {
  checkTrue('sharePhoneNumber', sharePhoneNumber)
  return { protocolMessage: { type: proto.Message.ProtocolMessage.Type.SHARE_PHONE_NUMBER } }
}

export function buildRequestPhoneNumber({ requestPhoneNumber }: RequestPhoneNumberContent): proto.IMessage {
  checkTrue('requestPhoneNumber', requestPhoneNumber)
  return { requestPhoneNumberMessage: {} }
}

export function buildLimitSharing(
  { limitSharing }: LimitSharingContent,
  options: MessageContentGenerationOptions,
): proto.IMessage {
  if (typeof limitSharing !== 'boolean') throw invalidContent('limitSharing', 'true turns it on, false off')
  return {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.LIMIT_SHARING,
      limitSharing: {
        sharingLimited: limitSharing,
        trigger: proto.LimitSharing.Trigger.CHAT_SETTING,
        limitSharingSettingTimestamp: options.now ?? Date.now(),
        initiatedByMe: true,
      },
    },
  }
}

/** These are not switches: there is nothing that `false` could send. */
function checkTrue(field: string, value: boolean): void {
  if (value !== true) throw invalidContent(field, 'Only true can be sent')
}
