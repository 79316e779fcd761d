import { proto } from '../../proto/index.js'
import { checkInteger, checkObject, checkOptionalText, checkText } from './checks.js'
import { invalidContent } from './content-error.js'
import type { ContentModifiers } from './content-types.js'

/** Answers to the buttons and lists of a business. */

export interface ButtonReplyInfo {
  displayText: string
  id: string
  /** Position of the button in its template. */
  index: number
}

export interface ButtonReplyContent extends ContentModifiers {
  buttonReply: ButtonReplyInfo
  /** What the button stood in: a template, or a message with plain buttons. */
  type: 'template' | 'plain'
}

export interface ListReplyContent extends ContentModifiers {
  listReply: Omit<proto.Message.IListResponseMessage, 'contextInfo'>
}

/** docs/protocol/03, 2.4. @throws KurirError `invalid-content` */
export function buildButtonReply({ buttonReply, type }: ButtonReplyContent): proto.IMessage {
  const { displayText, id, index } = checkObject('buttonReply', buttonReply)
  const selectedDisplayText = checkText('buttonReply.displayText', displayText)
  checkText('buttonReply.id', id)
  if (type === 'template') {
    const selectedIndex = checkInteger('buttonReply.index', index, 0, 0xffff_ffff)
    return { templateButtonReplyMessage: { selectedId: id, selectedDisplayText, selectedIndex } }
  }
  if (type !== 'plain') throw invalidContent('type', 'A button stands in a "template" or is "plain"', { type })
  const { DISPLAY_TEXT } = proto.Message.ButtonsResponseMessage.Type
  return { buttonsResponseMessage: { selectedButtonId: id, selectedDisplayText, type: DISPLAY_TEXT } }
}

/** docs/protocol/03, 2.4. @throws KurirError `invalid-content` without a chosen row */
export function buildListReply({ listReply }: ListReplyContent): proto.IMessage {
  const { singleSelectReply, title } = checkObject('listReply', listReply)
  checkOptionalText('listReply.title', title)
  checkText('listReply.singleSelectReply.selectedRowId', singleSelectReply?.selectedRowId)
  return { listResponseMessage: { ...listReply } }
}
