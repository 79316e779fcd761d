import { jidEncode } from '../binary/jid.js'
import type { ChatUpdate } from '../chats/chat-types.js'
import { KurirError } from '../errors/index.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import type { AppStateKey, MessageEffect } from './message-effects.js'
import { toNumber } from './numbers.js'

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
export function protocolEffects(message: WAMessage, protocol: proto.Message.IProtocolMessage): ProtocolEffects {
  const { Type } = proto.Message.ProtocolMessage
  switch (protocol.type) {
    case Type.REVOKE:
      return only(revokeEffects(message, protocol))
    case Type.MESSAGE_EDIT:
      return only(editEffects(message, protocol))
    case Type.EPHEMERAL_SETTING:
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
    case Type.GROUP_MEMBER_LABEL_CHANGE:
      return only(memberLabelEffects(message, protocol))
    default:
      return only([])
  }
}

const only = (effects: readonly MessageEffect[]): ProtocolEffects => ({ effects, chat: {} })

/** The key of the message that a protocol message is about: same chat and author, other id. */
function targetKey(message: WAMessage, protocol: proto.Message.IProtocolMessage): WAMessageKey | undefined {
  const id = protocol.key?.id
  return id ? { ...message.key, id } : undefined
}

/** Check the author before deleting anything: the same sender, or a group admin (stanza attribute `edit=8`). */
function revokeEffects(message: WAMessage, protocol: proto.Message.IProtocolMessage): MessageEffect[] {
  const key = targetKey(message, protocol)
  if (key === undefined) return []
  const update = { message: null, messageStubType: proto.WebMessageInfo.StubType.REVOKE, key: message.key }
  return [{ kind: 'event', event: 'messages.update', data: [{ key, update }] }]
}

function editEffects(message: WAMessage, protocol: proto.Message.IProtocolMessage): MessageEffect[] {
  const key = targetKey(message, protocol)
  const content = protocol.editedMessage
  if (key === undefined || !content) return []
  const editedAt = Math.floor(toNumber(protocol.timestampMs) / 1000)
  const update: Partial<WAMessage> = {
    message: { editedMessage: { message: content } },
    messageTimestamp: editedAt > 0 ? editedAt : toNumber(message.messageTimestamp),
  }
  return [{ kind: 'event', event: 'messages.update', data: [{ key, update }] }]
}

function historyEffects(message: WAMessage, protocol: proto.Message.IProtocolMessage): MessageEffect[] {
  const notification = protocol.historySyncNotification
  if (!notification) return []
  const timestamp = toNumber(message.messageTimestamp)
  return [{ kind: 'history-sync', notification, key: message.key, timestamp }]
}

function keyShareEffects(protocol: proto.Message.IProtocolMessage): MessageEffect[] {
  const keys: AppStateKey[] = []
  for (const { keyId, keyData } of protocol.appStateSyncKeyShare?.keys ?? []) {
    if (!keyId?.keyId?.byteLength || !keyData) continue
    keys.push({ id: Buffer.from(keyId.keyId).toString('base64'), data: keyData })
  }
  const current = keys.at(-1)
  if (current === undefined) return []
  return [
    { kind: 'app-state-keys', keys },
    { kind: 'event', event: 'creds.update', data: { myAppStateKeyId: current.id } },
  ]
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
