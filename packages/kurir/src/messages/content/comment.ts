import { isJidGroup } from '../../binary/jid.js'
import { proto } from '../../proto/index.js'
import { MessageSecretUseCase } from '../message-secrets.js'
import { checkObject, checkText } from './checks.js'
import { invalidContent } from './content-error.js'
import type { MessageContentGenerationOptions } from './content-types.js'
import { type ParentMessage, resolveParent, sealFor } from './parent-message.js'

/** A comment on a message of a community's announcement group; Kurir's own member. */
export interface CommentContent {
  comment: { message: ParentMessage; text: string }
}

/**
 * docs/protocol/03, 8.5. The plaintext is a `CommentMessage`, as the web schema has it.
 *
 * @throws KurirError `invalid-content`, `missing-message-secret`
 */
export async function buildComment(
  { comment }: CommentContent,
  options: MessageContentGenerationOptions,
): Promise<proto.IMessage> {
  const { message, text } = checkObject('comment', comment)
  const conversation = checkText('comment.text', text)
  if (isJidGroup(options.jid) !== true || options.isCommunityAnnouncement === false) {
    throw invalidContent('comment', 'Comments belong into the announcement group of a community', { jid: options.jid })
  }
  const parent = await resolveParent('comment.message', message, options)
  // Readers find the author here and in the stanza, even when it is ourselves.
  const targetMessageKey = { ...parent.key, participant: parent.author }
  const plaintext = proto.Message.CommentMessage.encode({ message: { conversation }, targetMessageKey }).finish()
  const sealed = sealFor(parent, plaintext, MessageSecretUseCase.EncComment, options)
  return { encCommentMessage: { targetMessageKey, ...sealed } }
}
