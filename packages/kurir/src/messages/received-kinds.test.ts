import { describe, expect, it } from 'vitest'
import type { WAMessage } from '../events/message-types.js'
import { proto } from '../proto/index.js'
import { cleanMessage, isRealMessage } from './clean.js'
import { getContentType, normalizeMessageContent } from './content-type.js'
import { messageSideEffects } from './side-effects.js'
import { hex, me, readFixture } from './testing/fixtures.js'

interface Case {
  name: string
  messageProtoHex: string
  /** In the file of what `sendMessage` takes. */
  normalizedContentType?: string | null
  /** In the other file. Null: Baileys' older schema lacks the field. */
  baileysContentType?: string | null
}
const casesOf = (file: string) => readFixture<{ cases: Case[] }>(`vectors/${file}.json`).cases
const cases = [...casesOf('03-messages'), ...casesOf('03-messages-extra')]

/** Kurir's schema is newer, and it unwraps what any client unwraps (docs/protocol/03, 3.1: the union of the lists). */
const otherwise: { readonly [name: string]: string } = {
  poll_add_option_enabled: 'pollCreationMessageV6',
  poll_hidden_voters: 'pollCreationMessageV6',
  poll_result_snapshot_v3: 'pollResultSnapshotMessageV3',
  lottie_sticker: 'stickerMessage',
  bot_invoke: 'extendedTextMessage',
  device_sent_wrapper_zapo: 'extendedTextMessage',
  device_sent_wrapper_baileys: 'extendedTextMessage',
}

/** Kinds that change other messages or settings and are none that anybody reads (docs/protocol/03, 4A.2). */
const unread = /^(protocolMessage|reactionMessage|pollUpdateMessage|pinInChatMessage|keepInChatMessage)$/

function received(messageProtoHex: string): WAMessage {
  const message: WAMessage = {
    key: { remoteJid: '120363000000000001@g.us', fromMe: false, id: 'IN', participant: '15550002222@s.whatsapp.net' },
    messageTimestamp: 1_700_000_000,
    message: proto.Message.decode(hex(messageProtoHex)),
  }
  cleanMessage(message, me.id, me.lid)
  return message
}

describe('every kind of message, as it is received', () => {
  for (const { name, messageProtoHex, ...expected } of cases) {
    it(name, () => {
      const message = received(messageProtoHex)
      const type = getContentType(normalizeMessageContent(message.message))
      expect(type).toBe(otherwise[name] ?? expected.normalizedContentType ?? expected.baileysContentType)
      expect(isRealMessage(message)).toBe(!unread.test(type ?? ''))
      const effects = messageSideEffects(message, { me, unarchiveChats: false })
      const chats = effects.flatMap(effect =>
        effect.kind === 'event' && effect.event === 'chats.update' ? effect.data : [],
      )
      expect(chats.some(({ unreadCount }) => unreadCount === 1)).toBe(isRealMessage(message))
      expect(effects.filter(({ kind }) => kind === 'unreadable')).toEqual([])
    })
  }
})
