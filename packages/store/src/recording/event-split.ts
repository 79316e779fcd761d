import { type BaileysEventMap, jidNormalizedUser, type WAMessage, type WAMessageKey } from 'kurir'
import type { NewEvent } from '../events/event-log.js'

/** What `ev.process` hands out: payloads by the name of the event. */
export type EventBatch = Partial<BaileysEventMap>

/** Never kept: credentials are the auth state's. */
const left: ReadonlySet<string> = new Set<keyof BaileysEventMap>(['creds.update'])

/**
 * The events of a batch as the log keeps them: one per chat where an event tells of several, and one per message, so that
 * each can be acknowledged alone and the order within a chat is kept.
 */
export function logEvents(batch: EventBatch): NewEvent[] {
  return Object.entries(batch).flatMap(([event, payload]) =>
    left.has(event) || payload === undefined ? [] : splitEvent(event, payload),
  )
}

function splitEvent(event: string, payload: unknown): NewEvent[] {
  switch (event) {
    case 'messages.upsert':
      return splitUpsert(payload as BaileysEventMap['messages.upsert'])
    case 'connection.update':
      return [{ event, payload: withoutQr(payload as BaileysEventMap['connection.update']) }]
    case 'messages.delete':
      return splitDelete(payload as BaileysEventMap['messages.delete'])
    default:
      return Array.isArray(payload) ? splitList(event, payload) : [{ event, payload, chat: chatOf(payload) }]
  }
}

/** A QR is a secret of the moment. */
function withoutQr({ qr, ...update }: BaileysEventMap['connection.update']): object {
  return update
}

function splitUpsert({ messages, type, requestId }: BaileysEventMap['messages.upsert']): NewEvent[] {
  return messages.map(message => ({
    event: 'messages.upsert',
    payload: { messages: [message], type, ...(requestId !== undefined && { requestId }) },
    chat: chatOfKey(message.key),
    key: keyOf(message, requestId),
  }))
}

/** A message that a restart hands over again is the one that the log has; its content after a placeholder is news. */
function keyOf({ key, message }: WAMessage, requestId: string | undefined): string | undefined {
  const { remoteJid, id, fromMe, participant } = key
  if (!remoteJid || !id) return undefined
  return JSON.stringify([
    remoteJid,
    id,
    fromMe === true,
    participant ?? '',
    message !== null && message !== undefined,
    requestId ?? '',
  ])
}

function splitDelete(payload: BaileysEventMap['messages.delete']): NewEvent[] {
  const event = 'messages.delete'
  if (!('keys' in payload)) return [{ event, payload, chat: jidNormalizedUser(payload.jid) }]
  return grouped(payload.keys, chatOfKey).map(({ chat, items }) => ({ event, payload: { keys: items }, chat }))
}

function splitList(event: string, items: readonly unknown[]): NewEvent[] {
  return grouped(items, chatOf).map(group => ({ event, payload: group.items, chat: group.chat }))
}

interface Group<Item> {
  readonly chat: string | undefined
  readonly items: Item[]
}

/** By chat, in the order in which chats first occur. */
function grouped<Item>(items: readonly Item[], chatOfItem: (item: Item) => string | undefined): Group<Item>[] {
  const groups = new Map<string | undefined, Group<Item>>()
  for (const item of items) {
    const chat = chatOfItem(item)
    const known = groups.get(chat)
    if (known === undefined) groups.set(chat, { chat, items: [item] })
    else known.items.push(item)
  }
  return [...groups.values()]
}

/** Events about a chat name it by their key, or by an id that is a JID. */
function chatOf(item: unknown): string | undefined {
  if (typeof item === 'string') return jidOf(item)
  if (typeof item !== 'object' || item === null) return undefined
  if ('key' in item && typeof item.key === 'object' && item.key !== null) return chatOfKey(item.key as WAMessageKey)
  if ('chatId' in item && typeof item.chatId === 'string') return jidOf(item.chatId)
  return 'id' in item && typeof item.id === 'string' ? jidOf(item.id) : undefined
}

const chatOfKey = ({ remoteJid }: WAMessageKey): string | undefined => jidOf(remoteJid ?? '')

const jidOf = (text: string): string | undefined => (text.includes('@') ? jidNormalizedUser(text) || text : undefined)
