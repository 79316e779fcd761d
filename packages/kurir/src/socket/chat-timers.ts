import { isLidUser, jidNormalizedUser } from '../binary/jid.js'
import type { WAMessage } from '../events/message-types.js'
import { contextInfoOf, normalizeMessageContent } from '../messages/content-type.js'
import { isUserChat } from '../messages/own-account.js'
import type { proto } from '../proto/index.js'
import { ExpiringMap } from '../time/expiring-map.js'
import type { SocketCore } from './core.js'

const CHATS_KEPT = 10_000
const KEPT_MS = 30 * 86_400_000
const LONGEST_TIMER_SECONDS = 0xffff_ffff

/** The timer of a chat, and when it was set (Unix seconds). */
export interface ChatTimer {
  readonly expiration: number
  readonly settingTimestamp: number
}

/**
 * Knows after how many seconds messages disappear in 1:1 chats, as far as history, settings and received messages have
 * told. Messages that are sent carry the timer of their chat (docs/protocol/03, 14). Groups have it in their metadata.
 */
export class ChatTimers {
  readonly #core: SocketCore
  readonly #timers: ExpiringMap<ChatTimer>

  constructor(core: SocketCore) {
    this.#core = core
    this.#timers = new ExpiringMap({ limit: CHATS_KEPT, ttlMs: KEPT_MS, clock: core.config.clock })
    core.ev.on('messaging-history.set', ({ chats }) => this.#learnChats(chats))
    core.ev.on('chats.upsert', chats => this.#learnChats(chats))
    core.ev.on('chats.update', chats => this.#learnChats(chats))
    core.ev.on('messages.upsert', ({ messages }) => {
      for (const message of messages) this.#learnFromMessage(message)
    })
  }

  /** The timer of a chat under either of its names, as far as that is known without asking. */
  async timerOf(jid: string): Promise<ChatTimer | undefined> {
    const chat = jidNormalizedUser(jid)
    const number = isLidUser(chat) ? await this.#core.repository.lidMapping.getPNForLID(chat) : undefined
    return this.#timers.get(chat) ?? this.#timers.get(jidNormalizedUser(number ?? undefined))
  }

  /** What was set last counts. */
  set(jid: string, timer: ChatTimer): void {
    this.#setFor(jidNormalizedUser(jid), timer)
    if (isLidUser(jid)) void this.#setForNumber(jid, timer)
  }

  /** Programs may know a LID chat by its number. */
  async #setForNumber(lid: string, timer: ChatTimer): Promise<void> {
    try {
      const number = await this.#core.repository.lidMapping.getPNForLID(jidNormalizedUser(lid))
      if (number) this.#setFor(jidNormalizedUser(number), timer)
    } catch (error) {
      this.#core.logger.debug({ err: error, lid }, 'the number of a chat could not be looked up')
    }
  }

  #setFor(chat: string, timer: ChatTimer): void {
    const known = this.#timers.get(chat)
    if (known === undefined || known.settingTimestamp <= timer.settingTimestamp) this.#timers.set(chat, timer)
  }

  #learnChats(
    chats: readonly Partial<Pick<proto.IConversation, 'id' | 'ephemeralExpiration' | 'ephemeralSettingTimestamp'>>[],
  ): void {
    for (const { id, ephemeralExpiration, ephemeralSettingTimestamp } of chats) {
      if (id && ephemeralExpiration !== undefined) this.#learn(id, ephemeralExpiration ?? 0, ephemeralSettingTimestamp)
    }
  }

  /** Official clients name the chat's timer in every message; others' settings count from the time they give. */
  #learnFromMessage({ key, message }: WAMessage): void {
    if (!key.remoteJid || !isUserChat(key.remoteJid)) return
    const { expiration, ephemeralSettingTimestamp } = contextInfoOf(normalizeMessageContent(message)) ?? {}
    if (ephemeralSettingTimestamp) this.#learn(key.remoteJid, expiration ?? 0, ephemeralSettingTimestamp)
  }

  #learn(jid: string, expiration: number, settingTimestamp: proto.IConversation['ephemeralSettingTimestamp']): void {
    const seconds = Number(settingTimestamp ?? 0)
    if (!Number.isInteger(expiration) || expiration < 0 || expiration > LONGEST_TIMER_SECONDS) return
    if (Number.isFinite(seconds)) this.set(jid, { expiration, settingTimestamp: seconds })
  }
}
