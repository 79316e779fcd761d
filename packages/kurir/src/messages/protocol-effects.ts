import { isJidGroup, jidEncode } from '../binary/jid.js'
import type { ChatUpdate } from '../chats/chat-types.js'
import { KurirError } from '../errors/index.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { editUpdate } from './add-on-effects.js'
import type { MessageEffect } from './message-effects.js'
import { toNumber } from './numbers.js'
import type { OwnAccount } from './own-account.js'
import { authorOf, isOtherPerson } from './people.js'

/** Largest inflated LID migration payload: some hundred thousand contacts. */
const maxMigrationLength = 16 * 1_048_576

/** Effects of a protocol message, and what it changes about its chat. */
export interface ProtocolEffects {
  readonly effects: readonly MessageEffect[]
  readonly chat: ChatUpdate
}

/** Protocol messages that are believed from the own account only (docs/protocol/02, 9.5). */
export function isSpoofed(message: WAMessage, protocol: proto.Message.IProtocolMessage): boolean {
  if (message.key.fromMe === true) return false
  const { Type } = proto.Message.ProtocolMessage
  switch (protocol.type) {
    case Type.HISTORY_SYNC_NOTIFICATION:
    case Type.APP_STATE_SYNC_KEY_SHARE:
    case Type.LID_MIGRATION_MAPPING_SYNC:
    case Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE:
      return true
    default:
      return false
  }
}

/** What a protocol message changes (docs/protocol/03, 4A.2). */
export function protocolEffects(
  message: WAMessage,
  protocol: proto.Message.IProtocolMessage,
  me: OwnAccount,
): ProtocolEffects {
  const { Type } = proto.Message.ProtocolMessage
  switch (protocol.type) {
    case Type.REVOKE:
      return only(revokeEffects(message, protocol, me))
    case Type.MESSAGE_EDIT:
      return only(editEffects(message, protocol, me))
    case Type.EPHEMERAL_SETTING:
      // Groups tell their setting by notification: any member could send this.
      if (isJidGroup(message.key.remoteJid ?? undefined)) return only([])
      return {
        effects: [],
        chat: {
          ephemeralSettingTimestamp: toNumber(message.messageTimestamp),
          ephemeralExpiration: protocol.ephemeralExpiration || null,
        },
      }
    case Type.HISTORY_SYNC_NOTIFICATION:
      return only(historyEffects(message, protocol))
    case Type.APP_STATE_SYNC_KEY_SHARE:
      return only(keyShareEffects(protocol))
    case Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE:
      return only(phoneAnswerEffects(protocol))
    case Type.LID_MIGRATION_MAPPING_SYNC:
      return only(lidMigrationEffects(protocol))
    case Type.LIMIT_SHARING:
      return { effects: [], chat: limitSharingOf(message, protocol) }
    case Type.GROUP_MEMBER_LABEL_CHANGE:
      return only(memberLabelEffects(message, protocol))
    default:
      return only([])
  }
}

const only = (effects: readonly MessageEffect[]): ProtocolEffects => ({ effects, chat: {} })

/**
 * The author deletes a message, or an admin of the group somebody else's: its key is then the one that the deletion
 * names, so that a message of ours is found too.
 */
function revokeEffects(
  message: WAMessage,
  { key: target }: proto.Message.IProtocolMessage,
  me: OwnAccount,
): MessageEffect[] {
  if (!target?.id) return []
  const isOwnMessage = !isOtherPerson(authorOf(target, me), authorOf(message.key, me))
  if (!isOwnMessage && !isJidGroup(message.key.remoteJid ?? undefined)) return []
  const key: WAMessageKey = isOwnMessage ? { ...message.key, id: target.id } : { ...target }
  const update = { message: null, messageStubType: proto.WebMessageInfo.StubType.REVOKE, key: message.key }
  return [
    {
      kind: 'authored-change',
      change: 'revoke',
      right: isOwnMessage ? 'author' : 'admin',
      key: message.key,
      targetId: target.id,
      event: { kind: 'event', event: 'messages.update', data: [{ key, update }] },
    },
  ]
}

/** Nobody edits somebody else's message. */
function editEffects(
  message: WAMessage,
  { key: target, editedMessage, timestampMs }: proto.Message.IProtocolMessage,
  me: OwnAccount,
): MessageEffect[] {
  if (!target?.id || !editedMessage) return []
  if (isOtherPerson(authorOf(target, me), authorOf(message.key, me))) return []
  return [
    {
      kind: 'authored-change',
      change: 'edit',
      right: 'author',
      key: message.key,
      targetId: target.id,
      event: editUpdate(message, target.id, editedMessage, toNumber(timestampMs)),
    },
  ]
}

/** Advanced privacy of a chat was switched. */
function limitSharingOf(message: WAMessage, { limitSharing }: proto.Message.IProtocolMessage): ChatUpdate {
  if (!limitSharing) return {}
  return {
    limitSharing: limitSharing.sharingLimited === true,
    limitSharingSettingTimestamp: toNumber(limitSharing.limitSharingSettingTimestamp),
    // The sender says of itself that it did it.
    limitSharingInitiatedByMe: message.key.fromMe === true,
    ...(limitSharing.trigger == null ? {} : { limitSharingTrigger: limitSharing.trigger }),
  }
}

function historyEffects(message: WAMessage, protocol: proto.Message.IProtocolMessage): MessageEffect[] {
  const notification = protocol.historySyncNotification
  if (!notification) return []
  const timestamp = toNumber(message.messageTimestamp)
  return [{ kind: 'history-sync', notification, key: message.key, timestamp }]
}

function keyShareEffects({ appStateSyncKeyShare: share }: proto.Message.IProtocolMessage): MessageEffect[] {
  return share ? [{ kind: 'app-state-keys', share }] : []
}

function phoneAnswerEffects(protocol: proto.Message.IProtocolMessage): MessageEffect[] {
  const answer = protocol.peerDataOperationRequestResponseMessage
  const requestId = answer?.stanzaId
  if (!requestId) return []
  return (answer.peerDataOperationResult ?? []).map((result): MessageEffect => {
    const bytes = result.placeholderMessageResendResponse?.webMessageInfoBytes
    if (!bytes) return { kind: 'phone-answer', requestId, result }
    try {
      const { key, ...rest } = proto.WebMessageInfo.decode(bytes)
      if (!key?.id || !key.remoteJid) throw unreadable('resent message without key')
      return { kind: 'resent-by-phone', message: { ...rest, key: { ...key } }, requestId }
    } catch (error) {
      return { kind: 'unreadable', error: KurirError.is(error) ? error : unreadable('resent message', error) }
    }
  })
}

function lidMigrationEffects(protocol: proto.Message.IProtocolMessage): MessageEffect[] {
  const payload = protocol.lidMigrationMappingSyncMessage?.encodedMappingPayload
  if (!payload) return []
  try {
    const mappings = decodeLidMigration(payload)
    return mappings.length === 0 ? [] : [{ kind: 'lid-migration', mappings }]
  } catch (error) {
    return [{ kind: 'unreadable', error: KurirError.is(error) ? error : unreadable('LID migration', error) }]
  }
}

/**
 * The pairs of a LID migration payload. Phones compress it; other clients decode it as it is and fail: both forms are
 * read (docs/protocol/02, 6.3).
 *
 * @throws KurirError `invalid-protobuf`, `unreadable-payload` for damaged or too large compressed data
 */
export function decodeLidMigration(payload: Uint8Array): { pn: string; lid: string }[] {
  const isCompressed = payload[0] === 0x1f && payload[1] === 0x8b
  const bytes = isCompressed ? inflate(payload) : payload
  const { pnToLidMappings } = proto.LIDMigrationMappingSyncPayload.decode(bytes)
  const pairs: { pn: string; lid: string }[] = []
  for (const { pn, assignedLid, latestLid } of pnToLidMappings) {
    const user = String(pn ?? 0)
    const lid = [latestLid, assignedLid].map(candidate => String(candidate ?? 0)).find(text => text !== '0')
    if (user === '0' || lid === undefined) continue
    pairs.push({ pn: jidEncode(user, 's.whatsapp.net'), lid: jidEncode(lid, 'lid') })
  }
  return pairs
}

function inflate(payload: Uint8Array): Buffer {
  try {
    // Loaded with the first payload: importing the library stays cheap (docs/decisions/0004).
    return process.getBuiltinModule('node:zlib').gunzipSync(payload, { maxOutputLength: maxMigrationLength })
  } catch (error) {
    throw unreadable('LID migration', error)
  }
}

/** An empty label means that it was removed. */
function memberLabelEffects(message: WAMessage, protocol: proto.Message.IProtocolMessage): MessageEffect[] {
  const { remoteJid, participant, participantAlt } = message.key
  if (!protocol.memberLabel || !remoteJid || !participant) return []
  return [
    {
      kind: 'event',
      event: 'group.member-tag.update',
      data: {
        groupId: remoteJid,
        participant,
        participantAlt,
        label: protocol.memberLabel.label ?? '',
        messageTimestamp: toNumber(message.messageTimestamp),
      },
    },
  ]
}

function unreadable(what: string, cause?: unknown): KurirError {
  return new KurirError('unreadable-payload', `Cannot be read: ${what}`, { statusCode: 400, data: { what }, cause })
}
