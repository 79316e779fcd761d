import type { proto } from '../../proto/index.js'
import type { ContentModifiers, Editable, MessageContentGenerationOptions } from './content-types.js'
import { applyEdit } from './edit.js'
import { applyAlbum, applyContext, applyViewOnce } from './modifiers.js'

/**
 * Applies what goes with any kind: view once, album, mentions, context, edit. Applied to the frame of a message too,
 * before its file is uploaded: what does not fit shows then.
 *
 * @throws KurirError as the parts; `data.field` names the member
 */
export function applyModifiers(
  bare: proto.IMessage,
  modifiers: ContentModifiers & Editable,
  options: MessageContentGenerationOptions,
): proto.IMessage | Promise<proto.IMessage> {
  const media = applyAlbum(applyViewOnce(bare, modifiers), modifiers, options)
  return applyEdit(applyContext(media, modifiers), modifiers, options)
}
