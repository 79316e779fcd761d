import { isJidNewsletter } from '../../binary/jid.js'
import type { WAMessageKey } from '../../events/message-types.js'
import { proto } from '../../proto/index.js'
import { MessageSecretUseCase } from '../message-secrets.js'
import { checkObject, checkOptionalText, targetKey } from './checks.js'
import type { MessageContentGenerationOptions } from './content-types.js'
import { resolveParent, sealFor } from './parent-message.js'

/** A reaction; an empty text takes it back. */
export interface ReactionContent {
  react: Omit<proto.Message.IReactionMessage, 'key'> & {
    /** In channels with `server_id`. */
    key?: WAMessageKey | null | undefined
  }
}

/** Far longer than any emoji sequence. */
const maxLength = 64

/**
 * docs/protocol/03, 2.4. In the announcement group of a community it is sealed with the secret of the message (8.5).
 *
 * @throws KurirError `invalid-content`, and in announcement groups `missing-message-secret`
 */
export async function buildReaction(
  { react }: ReactionContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const { key, text, senderTimestampMs } = checkObject('react', react)
  const reaction: proto.Message.IReactionMessage = {
    text: checkOptionalText('react.text', text, maxLength) ?? '',
    senderTimestampMs: senderTimestampMs ?? options.now ?? Date.now(),
  }
  const target = targetKey('react.key', key, options.jid)
  if (options.isCommunityAnnouncement !== true || isJidNewsletter(options.jid)) {
    return { reactionMessage: { ...reaction, key: target } }
  }
  const parent = await resolveParent('react.key', { ...key, ...target } as WAMessageKey, options)
  const plaintext = proto.Message.ReactionMessage.encode(reaction).finish()
  const sealed = sealFor(parent, plaintext, MessageSecretUseCase.EncReaction, options)
  return { encReactionMessage: { targetMessageKey: parent.key, ...sealed } }
}
