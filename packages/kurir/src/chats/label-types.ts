/** A label (coloured tag) of a business account. Ids are decimal text. */
export interface Label {
  id: string
  name: string
  /** Colour index, 0 to 19. */
  color: number
  deleted: boolean
  /** Set for the labels WhatsApp comes with ("New customer" …). */
  predefinedId?: string | undefined
}

/** What to change of a label, as `addLabel` takes it. */
export interface LabelActionBody {
  id: string
  name?: string | undefined
  color?: number | undefined
  deleted?: boolean | undefined
  predefinedId?: number | undefined
}

export const LabelAssociationType = { Chat: 'label_jid', Message: 'label_message' } as const
export type LabelAssociationType = (typeof LabelAssociationType)[keyof typeof LabelAssociationType]

export interface ChatLabelAssociation {
  type: typeof LabelAssociationType.Chat
  chatId: string
  labelId: string
}

export interface MessageLabelAssociation {
  type: typeof LabelAssociationType.Message
  chatId: string
  messageId: string
  labelId: string
}

/** A label put on a chat or on one message. */
export type LabelAssociation = ChatLabelAssociation | MessageLabelAssociation
