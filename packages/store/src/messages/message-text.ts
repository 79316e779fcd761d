import { extractMessageContent, type proto } from 'kurir'

/** What a person reads in a message, as far as it is worth searching: text, captions, names, options. */
export function searchableText(message: proto.IMessage | null | undefined): string {
  const content = extractMessageContent(message)
  if (content === undefined) return ''
  return textsOf(content)
    .filter(text => typeof text === 'string')
    .join('\n')
}

type MaybeText = string | null | undefined

function textsOf(content: proto.IMessage): MaybeText[] {
  const poll = content.pollCreationMessage ?? content.pollCreationMessageV2 ?? content.pollCreationMessageV3
  return [
    content.conversation,
    content.extendedTextMessage?.text,
    content.imageMessage?.caption,
    content.videoMessage?.caption,
    content.documentMessage?.caption,
    content.documentMessage?.title,
    content.documentMessage?.fileName,
    content.contactMessage?.displayName,
    ...(content.contactsArrayMessage?.contacts ?? []).map(({ displayName }) => displayName),
    content.locationMessage?.name,
    content.locationMessage?.address,
    content.liveLocationMessage?.caption,
    content.groupInviteMessage?.groupName,
    content.groupInviteMessage?.caption,
    poll?.name,
    ...(poll?.options ?? []).map(({ optionName }) => optionName),
    content.eventMessage?.name,
    content.eventMessage?.description,
    content.listMessage?.title,
    content.listMessage?.description,
    content.buttonsResponseMessage?.selectedDisplayText,
    content.listResponseMessage?.title,
    content.templateButtonReplyMessage?.selectedDisplayText,
    content.productMessage?.product?.title,
    content.orderMessage?.message,
  ]
}
