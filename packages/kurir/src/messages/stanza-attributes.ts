import { isJidGroup } from '../binary/jid.js'
import { proto } from '../proto/index.js'
import { type ContentType, getContentType, type MessageWrapper, unwrapMessage } from './content-type.js'

export type MessageStanzaType = 'text' | 'media' | 'poll' | 'event' | 'reaction'

/** `1` edit, `2` pin or unpin, `3` channel edit, `7` own revoke or withdrawal, `8` revoke by an admin. */
export type MessageEditAttribute = '1' | '2' | '3' | '7' | '8'

/** What the stanza around a message says about it (docs/protocol/02, 7.3; docs/protocol/03, 2.10). */
export interface StanzaAttributes {
  /** `type` of `<message>`. */
  readonly type: MessageStanzaType
  /** `mediatype` of every `<enc>` that carries the content. */
  readonly mediatype: string | undefined
  /** `edit` of `<message>`. */
  readonly edit: MessageEditAttribute | undefined
  /** `decrypt-fail=hide` on `<enc>`: no placeholder is shown when the message cannot be read. */
  readonly decryptFail: boolean
  /** Attributes of the `<meta/>` child; empty for no child. */
  readonly meta: { readonly [name: string]: string }
}

/**
 * Computes the stanza attributes that follow from a message alone. What depends on the occasion (`status_setting`,
 * `appdata`, `tag_reason`, edits of channel posts) is added by the builder of that occasion.
 */
export function stanzaAttributesOf(message: proto.IMessage): StanzaAttributes {
  const { content, wrappers } = unwrapMessage(message)
  const kind = kindOf(content)
  const isEditWrapper = wrappers.includes('editedMessage')
  return {
    type: isEditWrapper ? 'text' : typeOf(content, kind),
    mediatype: isEditWrapper ? undefined : mediatypeOf(content, kind),
    edit: isEditWrapper ? '1' : editOf(content, kind),
    decryptFail: isEditWrapper || hidesDecryptFailure(content, kind),
    meta: metaOf(content, kind, wrappers),
  }
}

/** The content field; history notices have no `Message` in their name and count here all the same. */
function kindOf(content: proto.IMessage): ContentType | undefined {
  return content.messageHistoryNotice ? 'messageHistoryNotice' : getContentType(content)
}

/** The enums are looked up when they are used: loading them while this file is imported would cost start-up time. */
const secretTypes = () => proto.Message.SecretEncryptedMessage.SecretEncType
const protocolTypes = () => proto.Message.ProtocolMessage.Type

const pollCreations: ReadonlySet<ContentType | undefined> = new Set<ContentType>([
  'pollCreationMessage',
  'pollCreationMessageV2',
  'pollCreationMessageV3',
  'pollCreationMessageV4',
  'pollCreationMessageV5',
  'pollCreationMessageV6',
])

/** Kinds other than these, polls, events and reactions travel as `media`. */
const textKinds: ReadonlySet<ContentType | undefined> = new Set<ContentType | undefined>([
  undefined,
  'conversation',
  'protocolMessage',
  'interactiveMessage',
  'keepInChatMessage',
  'pinInChatMessage',
  'encCommentMessage',
  'requestPhoneNumberMessage',
  'newsletterAdminInviteMessage',
  'pollResultSnapshotMessage',
  'pollResultSnapshotMessageV3',
  'templateButtonReplyMessage',
  'messageHistoryNotice',
  'editedMessage',
])

function typeOf(content: proto.IMessage, kind: ContentType | undefined): MessageStanzaType {
  switch (kind) {
    case 'reactionMessage':
    case 'encReactionMessage':
      return 'reaction'
    case 'eventMessage':
    case 'encEventResponseMessage':
      return 'event'
    case 'pollUpdateMessage':
      return 'poll'
    case 'extendedTextMessage':
      return hasLinkPreview(content) ? 'media' : 'text'
    case 'secretEncryptedMessage':
      return typeOfSecret(content.secretEncryptedMessage?.secretEncType)
    default:
      if (pollCreations.has(kind)) return 'poll'
      return textKinds.has(kind) ? 'text' : 'media'
  }
}

function typeOfSecret(type: number | null | undefined): MessageStanzaType {
  const SecretEncType = secretTypes()
  switch (type) {
    case SecretEncType.EVENT_EDIT:
      return 'event'
    case SecretEncType.POLL_EDIT:
    case SecretEncType.POLL_ADD_OPTION:
      return 'poll'
    case SecretEncType.MESSAGE_EDIT:
    case SecretEncType.MESSAGE_SCHEDULE:
      return 'text'
    default:
      return 'media'
  }
}

function hasLinkPreview(content: proto.IMessage): boolean {
  return (content.extendedTextMessage?.matchedText ?? '').trim() !== ''
}

/** Kinds with one fixed mediatype. */
const fixedMediatypes: { readonly [K in ContentType]?: string } = {
  imageMessage: 'image',
  ptvMessage: 'ptv',
  stickerMessage: 'sticker',
  stickerPackMessage: 'sticker_pack',
  documentMessage: 'document',
  liveLocationMessage: 'livelocation',
  contactMessage: 'vcard',
  contactsArrayMessage: 'contact_array',
  buttonsMessage: 'button',
  buttonsResponseMessage: 'buttons_response',
  listMessage: 'list',
  listResponseMessage: 'list_response',
  orderMessage: 'order',
  productMessage: 'product',
  interactiveResponseMessage: 'native_flow_response',
  messageHistoryBundle: 'group_history',
  groupInviteMessage: 'url',
}

function mediatypeOf(content: proto.IMessage, kind: ContentType | undefined): string | undefined {
  switch (kind) {
    case undefined:
      return undefined
    case 'videoMessage':
      return content.videoMessage?.gifPlayback === true ? 'gif' : 'video'
    case 'audioMessage':
      return content.audioMessage?.ptt === true ? 'ptt' : 'audio'
    case 'locationMessage':
      return content.locationMessage?.isLive === true ? 'livelocation' : 'location'
    case 'extendedTextMessage':
      return hasLinkPreview(content) ? 'url' : undefined
    default:
      return fixedMediatypes[kind]
  }
}

function editOf(content: proto.IMessage, kind: ContentType | undefined): MessageEditAttribute | undefined {
  switch (kind) {
    case 'protocolMessage':
      return editOfProtocol(content.protocolMessage)
    case 'pinInChatMessage':
      return '2'
    case 'reactionMessage':
      return (content.reactionMessage?.text ?? '') === '' ? '7' : undefined
    case 'keepInChatMessage':
      return content.keepInChatMessage?.keepType === proto.KeepType.UNDO_KEEP_FOR_ALL &&
        content.keepInChatMessage.key?.fromMe === true
        ? '7'
        : undefined
    case 'secretEncryptedMessage': {
      const SecretEncType = secretTypes()
      const type = content.secretEncryptedMessage?.secretEncType
      return type === SecretEncType.EVENT_EDIT || type === SecretEncType.MESSAGE_EDIT ? '1' : undefined
    }
    default:
      return undefined
  }
}

function editOfProtocol(protocol: proto.Message.IProtocolMessage | null | undefined): MessageEditAttribute | undefined {
  const ProtocolType = protocolTypes()
  if (protocol?.type === ProtocolType.MESSAGE_EDIT) return '1'
  if (protocol?.type !== ProtocolType.REVOKE) return undefined
  // Only groups have admins: the server refuses 8 elsewhere.
  const isAdminRevoke = protocol.key?.fromMe === false && isJidGroup(protocol.key.remoteJid ?? undefined) === true
  return isAdminRevoke ? '8' : '7'
}

function hidesDecryptFailure(content: proto.IMessage, kind: ContentType | undefined): boolean {
  switch (kind) {
    case 'reactionMessage':
    case 'encReactionMessage':
    case 'keepInChatMessage':
    case 'pinInChatMessage':
    case 'encCommentMessage':
    case 'encEventResponseMessage':
    case 'messageHistoryNotice':
      return true
    case 'pollUpdateMessage':
      return Boolean(content.pollUpdateMessage?.vote)
    case 'secretEncryptedMessage': {
      const SecretEncType = secretTypes()
      const type = content.secretEncryptedMessage?.secretEncType
      return (
        type === SecretEncType.EVENT_EDIT || type === SecretEncType.POLL_EDIT || type === SecretEncType.POLL_ADD_OPTION
      )
    }
    case 'protocolMessage': {
      const ProtocolType = protocolTypes()
      const protocol = content.protocolMessage
      return (
        Boolean(protocol?.editedMessage) ||
        protocol?.type === ProtocolType.EPHEMERAL_SYNC_RESPONSE ||
        protocol?.type === ProtocolType.REQUEST_WELCOME_MESSAGE
      )
    }
    default:
      return false
  }
}

const viewOnceWrappers: readonly MessageWrapper[] = [
  'viewOnceMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
]

function metaOf(
  content: proto.IMessage,
  kind: ContentType | undefined,
  wrappers: readonly MessageWrapper[],
): StanzaAttributes['meta'] {
  const SecretEncType = secretTypes()
  const meta: { [name: string]: string } = {}
  const secret = kind === 'secretEncryptedMessage' ? content.secretEncryptedMessage?.secretEncType : undefined
  if (pollCreations.has(kind)) meta['polltype'] = 'creation'
  else if (kind === 'pollUpdateMessage') meta['polltype'] = 'vote'
  else if (secret === SecretEncType.POLL_EDIT || secret === SecretEncType.POLL_ADD_OPTION) meta['polltype'] = 'edit'
  if (kind === 'eventMessage') meta['event_type'] = 'creation'
  else if (kind === 'encEventResponseMessage') meta['event_type'] = 'response'
  else if (secret === SecretEncType.EVENT_EDIT) meta['event_type'] = 'edit'
  const thread = content.encCommentMessage?.targetMessageKey
  if (thread?.id) meta['thread_msg_id'] = thread.id
  if (thread?.participant) meta['thread_msg_sender_jid'] = thread.participant
  if (isViewOnce(content) || viewOnceWrappers.some(wrapper => wrappers.includes(wrapper))) meta['view_once'] = 'true'
  return meta
}

function isViewOnce({ imageMessage, videoMessage, ptvMessage, audioMessage }: proto.IMessage): boolean {
  return [imageMessage, videoMessage, ptvMessage, audioMessage].some(media => media?.viewOnce === true)
}
