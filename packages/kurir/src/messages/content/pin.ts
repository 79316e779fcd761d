import type { WAMessageKey } from '../../events/message-types.js'
import { proto } from '../../proto/index.js'
import { targetKey } from './checks.js'
import { invalidContent } from './content-error.js'
import type { MessageContentGenerationOptions } from './content-types.js'

/** Pins a message of the chat for everyone, or takes the pin off. */
export interface PinContent {
  pin: WAMessageKey
  /** 1 pins, 2 takes off. */
  type: proto.PinInChat.Type
  /** Seconds that the pin stays; a day when left out. */
  time?: 86_400 | 604_800 | 2_592_000 | undefined
}

/** Keeps a message of a disappearing chat, or lets it go; Kurir's own member. */
export interface KeepContent {
  keep: WAMessageKey
  /** 1 keeps (default), 2 lets go. */
  type?: proto.KeepType | undefined
}

const pinDurations: ReadonlySet<number> = new Set([86_400, 604_800, 2_592_000])
const pinType = { pin: 1, unpin: 2 }
const keepTypes: ReadonlySet<number> = new Set([1, 2])

/** docs/protocol/03, 2.4. @throws KurirError `invalid-content` for another type or duration */
export function buildPin({ pin, type, time }: PinContent, options: MessageContentGenerationOptions): proto.IMessage {
  const key = targetKey('pin', pin, options.jid)
  const wanted: number = type
  if (wanted !== pinType.pin && wanted !== pinType.unpin) {
    throw invalidContent('type', 'A pin has the type 1 (pin) or 2 (unpin)', { type })
  }
  if (time !== undefined && !pinDurations.has(time)) {
    throw invalidContent('time', 'A pin stays 86400, 604800 or 2592000 seconds', { time })
  }
  return {
    // Receivers ignore a pin without duration.
    messageContextInfo: { messageAddOnDurationInSecs: wanted === pinType.pin ? (time ?? 86_400) : 0 },
    pinInChatMessage: { key, type, senderTimestampMs: options.now ?? Date.now() },
  }
}

/** docs/protocol/03, 2.4. @throws KurirError `invalid-content` */
export function buildKeep({ keep, type }: KeepContent, options: MessageContentGenerationOptions): proto.IMessage {
  const keepType = type ?? proto.KeepType.KEEP_FOR_ALL
  if (!keepTypes.has(keepType)) throw invalidContent('type', 'Keeping has the type 1 (keep) or 2 (undo)', { type })
  const key = targetKey('keep', keep, options.jid)
  return { keepInChatMessage: { key, keepType, timestampMs: options.now ?? Date.now() } }
}
