import type { proto } from '../proto/index.js'

/** Names that Baileys gives to members of the protobuf schema. */
export type WAMessageContent = proto.IMessage
export type WAContextInfo = proto.IContextInfo
export type WATextMessage = proto.Message.IExtendedTextMessage
export type WALocationMessage = proto.Message.ILocationMessage
export type WAContactMessage = proto.Message.IContactMessage
export type WAContactsArrayMessage = proto.Message.IContactsArrayMessage
export type WAGenericMediaMessage =
  | proto.Message.IVideoMessage
  | proto.Message.IImageMessage
  | proto.Message.IAudioMessage
  | proto.Message.IDocumentMessage
  | proto.Message.IStickerMessage
/** A kind of content: the member of a message that holds it. */
export type MessageType = keyof proto.Message

type Content = Required<proto.IMessage>

/** The kinds of content that can say what they answer, whom they mention and how long they live. */
export type MessageWithContextInfo = {
  [Kind in keyof Content]: NonNullable<Content[Kind]> extends { contextInfo?: proto.IContextInfo | null | undefined }
    ? 'contextInfo' extends keyof NonNullable<Content[Kind]>
      ? Kind
      : never
    : never
}[keyof Content]
