import { WA_DEFAULT_EPHEMERAL } from '../../chats/default-timer.js'
import { proto } from '../../proto/index.js'
import { invalidContent } from './content-error.js'
import type { MessageContentGenerationOptions } from './content-types.js'

/** Changes the timer of a chat. In groups `sendMessage` makes a request to the server of it. */
export interface DisappearingMessagesContent {
  /** `true`: a week; `false` or 0: off; else 86400, 604800 or 7776000 seconds. */
  disappearingMessagesInChat: boolean | number
}

/** Seconds that the service takes for a chat's timer (docs/protocol/03, 12). */
const timers: ReadonlySet<number> = new Set([0, 86_400, WA_DEFAULT_EPHEMERAL, 7_776_000])

/** The timer that a caller names. @throws KurirError `invalid-content` for another number */
export function timerOf({ disappearingMessagesInChat: wanted }: DisappearingMessagesContent): number {
  const seconds = typeof wanted === 'boolean' ? (wanted ? WA_DEFAULT_EPHEMERAL : 0) : wanted
  if (timers.has(seconds)) return seconds
  throw invalidContent('disappearingMessagesInChat', 'Messages disappear after 0, 86400, 604800 or 7776000 seconds', {
    seconds,
  })
}

export function buildDisappearingSetting(
  content: DisappearingMessagesContent,
  options: MessageContentGenerationOptions,
): proto.IMessage {
  return timerSetting(timerOf(content), options.now ?? Date.now())
}

/**
 * The message that changes the timer of a 1:1 chat. Bare and with its time, as current clients send it; Baileys wraps it
 * in `ephemeralMessage` (docs/protocol/03, 14).
 *
 * @param ephemeralExpiration seconds; 0 turns the timer off
 */
export function prepareDisappearingMessageSettingContent(ephemeralExpiration = 0): proto.Message {
  return proto.Message.create(timerSetting(ephemeralExpiration, Date.now()))
}

function timerSetting(ephemeralExpiration: number, nowMs: number): proto.IMessage {
  return {
    protocolMessage: {
      type: proto.Message.ProtocolMessage.Type.EPHEMERAL_SETTING,
      ephemeralExpiration,
      ephemeralSettingTimestamp: Math.floor(nowMs / 1000),
    },
  }
}
