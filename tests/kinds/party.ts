import type { AnyMessageContent, MiscMessageGenerationOptions, WAMessage, WAMessageKey } from 'kurir'
import { type ChatKind, idOf, type KindContext } from './message-kind.js'

/** Somebody who sends and reads messages, whatever program does it. */
export interface Party {
  /** User JID by phone number. */
  readonly jid: string
  /** Sends content; resolves with what was sent. */
  send(chat: string, content: AnyMessageContent, options?: MiscMessageGenerationOptions): Promise<WAMessage>
  /** The message with this id, as soon as it is here. */
  read(id: string): Promise<WAMessage>
}

/** A chat with messages in it that samples refer to. */
export interface Conversation {
  readonly kind: ChatKind
  readonly sender: Party
  readonly reader: Party
  /** What the sender says besides the content: the audience of a status. */
  readonly options: MiscMessageGenerationOptions
  readonly context: KindContext
  /** The keys that the reader has for the messages of the context, by id. */
  readonly readerKeys: ReadonlyMap<string, WAMessageKey>
}

/** What both are in: a group, and a channel of the sender that the reader follows. */
export interface Places {
  readonly group: string
  readonly channel: string
}

const statusChat = 'status@broadcast'

/** Fills a chat of two with what samples refer to: from both sides, and read by both. */
export async function converse(
  kind: ChatKind,
  sender: Party,
  reader: Party,
  { group, channel }: Places,
): Promise<Conversation> {
  const inGroup = kind === 'group' || kind === 'announcement'
  const [chat, back] = inGroup ? [group, group] : [reader.jid, sender.jid]
  const readerKeys = new Map<string, WAMessageKey>()
  const received = async (content: AnyMessageContent) => {
    const { key } = await reader.send(back, content)
    readerKeys.set(key.id ?? '', key)
    return sender.read(key.id ?? '')
  }
  const sent = async (content: AnyMessageContent) => {
    const message = await sender.send(chat, content)
    readerKeys.set(idOf(message), (await reader.read(idOf(message))).key)
    return message
  }
  const context: KindContext = {
    chat: kind === 'status' ? statusChat : kind === 'newsletter' ? channel : chat,
    group,
    person: reader.jid,
    theirs: await received({ text: 'a question' }),
    poll: await received({ poll: { name: 'Lunch?', values: ['Pizza', 'Sushi'], selectableCount: 1 } }),
    own: await sent({ text: 'from us' }),
    event: await sent({ event: { name: 'Meeting', startDate: new Date(1_800_000_000_000) } }),
    album: await sent({ album: { expectedImageCount: 2, expectedVideoCount: 1 } }),
  }
  const options = kind === 'status' ? { statusJidList: [reader.jid] } : {}
  return { kind, sender, reader, options, context, readerKeys }
}
