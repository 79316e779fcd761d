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

/** Names the label to put on a chat, or to take off. */
export interface ChatLabelAssociationActionBody {
  labelId: string
}

/** Names the label to put on a message, or to take off. */
export interface MessageLabelAssociationActionBody {
  labelId: string
  messageId: string
}

/** Colour indexes of labels: `Color1` is 0, `Color20` is 19. */
export const LabelColor = {
  Color1: 0,
  Color2: 1,
  Color3: 2,
  Color4: 3,
  Color5: 4,
  Color6: 5,
  Color7: 6,
  Color8: 7,
  Color9: 8,
  Color10: 9,
  Color11: 10,
  Color12: 11,
  Color13: 12,
  Color14: 13,
  Color15: 14,
  Color16: 15,
  Color17: 16,
  Color18: 17,
  Color19: 18,
  Color20: 19,
} as const
export type LabelColor = (typeof LabelColor)[keyof typeof LabelColor]
