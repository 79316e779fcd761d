import { isJidMetaAI } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { aesGcmDecrypt, aesGcmEncrypt } from '../crypto/aes.js'
import { hkdf } from '../crypto/hkdf.js'
import { KurirError } from '../errors/index.js'
import { proto } from '../proto/index.js'
import { deriveSecretKey, type SealedPayload } from './message-secrets.js'
import { type OwnAccount, userFormOf } from './own-account.js'
import { childNode, invalidStanza, requireAttribute } from './stanza-values.js'

/** Answers of bots are sealed with a key from the prompt's secret instead of a session (docs/protocol/02, 13.5). */

/** The secret that a bot is given instead of the message's own. */
export function botSecretOf(messageSecret: Uint8Array): Buffer {
  return hkdf(messageSecret, 32, { info: 'Bot Message' })
}

/** What a bot reply answers, and under which id it is sealed. */
export interface BotReplyContext {
  /** Message whose secret opens the reply. */
  readonly targetId: string
  /** Author of that message, without device. */
  readonly targetSender: string
  readonly targetChat: string | undefined
  /** Id that the key is bound to: the message being streamed for later parts, else the stanza's own. */
  readonly sealedId: string
  /** Without device. */
  readonly botJid: string
}

/** Reads which prompt a `msmsg` stanza answers. @throws KurirError `invalid-stanza` without a target */
export function botReplyContext(stanza: BinaryNode, author: string, me: OwnAccount): BotReplyContext {
  const meta = childNode(stanza, 'meta')?.attrs ?? {}
  const bot = childNode(stanza, 'bot')?.attrs ?? {}
  const id = requireAttribute(stanza, 'id')
  const targetId = meta['target_id']
  if (!targetId) throw invalidStanza(stanza, 'The bot reply does not name the message it answers')
  const isLaterPart = bot['edit'] === 'inner' || bot['edit'] === 'last'
  const ownJid = isJidMetaAI(author) === true ? (me.lid ?? me.id) : me.id
  return {
    targetId,
    targetSender: userFormOf(meta['target_sender_jid'] ?? ownJid),
    targetChat: meta['target_chat_jid'],
    sealedId: isLaterPart ? (bot['edit_target_id'] ?? id) : id,
    botJid: userFormOf(author),
  }
}

function botReplyKey(messageSecret: Uint8Array, context: BotReplyContext): Buffer {
  return deriveSecretKey(
    botSecretOf(messageSecret),
    { messageId: context.sealedId, originalSender: context.targetSender, modifier: context.botJid },
    '',
  )
}

function botReplyData(context: BotReplyContext): Buffer {
  return Buffer.from(`${context.sealedId}\0${context.botJid}`, 'utf8')
}

/**
 * Opens the content of an `<enc type=msmsg>`.
 *
 * @param messageSecret secret of the prompt that the reply answers
 * @returns the encoded `Message`, without padding
 * @throws KurirError `invalid-protobuf`, `invalid-sealed-payload`, `mac-mismatch`
 */
export function openBotReply(content: Uint8Array, messageSecret: Uint8Array, context: BotReplyContext): Buffer {
  const { encIv, encPayload } = proto.MessageSecretMessage.decode(content)
  if (!encPayload || encIv?.byteLength !== 12) {
    throw new KurirError('invalid-sealed-payload', 'A bot reply has a payload and a nonce of 12 bytes', {
      statusCode: 400,
      data: { messageId: context.sealedId },
    })
  }
  return aesGcmDecrypt(botReplyKey(messageSecret, context), encIv, encPayload, botReplyData(context))
}

/** Seals a bot reply, for the side that plays the bot. */
export function sealBotReply(
  plaintext: Uint8Array,
  messageSecret: Uint8Array,
  context: BotReplyContext,
  iv: Uint8Array,
): SealedPayload {
  return {
    encPayload: aesGcmEncrypt(botReplyKey(messageSecret, context), iv, plaintext, botReplyData(context)),
    encIv: iv,
  }
}
