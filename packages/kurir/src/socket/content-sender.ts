import { isJidBroadcast, isJidGroup, isJidNewsletter, jidNormalizedUser } from '../binary/jid.js'
import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import type { GroupMetadata } from '../groups/group-types.js'
import type {
  AnyMessageContent,
  MessageContentGenerationOptions,
  MessageGenerationOptions,
  MiscMessageGenerationOptions,
} from '../messages/content/content-types.js'
import { timerOf } from '../messages/content/disappearing.js'
import { keyOfParent } from '../messages/content/parent-message.js'
import { checkDestinationJid, generateWAMessage } from '../messages/generate.js'
import { generateMessageIDV2 } from '../messages/ids.js'
import type { MessageRetryManager } from '../messages/message-retry-manager.js'
import { isUserChat } from '../messages/own-account.js'
import { addOnParentOf } from '../messages/side-effects.js'
import type { proto } from '../proto/index.js'
import { checkAudience } from './audience-sender.js'
import type { ChatTimers } from './chat-timers.js'
import type { SocketCore } from './core.js'
import type { GroupsSocket } from './groups-layer.js'
import type { MessageSecretStore } from './message-secret-store.js'
import {
  isDestination,
  type MessageRelayOptions,
  type MessageSender,
  unsupportedDestination,
} from './message-sender.js'
import { otherNameOf } from './other-name.js'
import { ownAccount } from './own-account.js'

export interface ContentSenderParts {
  readonly sender: Pick<MessageSender, 'relay'>
  readonly timers: ChatTimers
  readonly retries: MessageRetryManager
  readonly secrets: MessageSecretStore
  readonly groupMetadata: (jid: string, useCache: boolean) => Promise<GroupMetadata>
  readonly setGroupTimer: (jid: string, seconds: number) => Promise<void>
  /** What content may use of the outside world: uploads, link previews. */
  readonly generation: (
    options: MiscMessageGenerationOptions,
  ) => Omit<MessageContentGenerationOptions, 'backgroundColor' | 'font' | 'userJid' | 'userLid'>
}

/** `sendMessage`: makes a message of content with what is known of the chat, and hands it to the {@link MessageSender}. */
export class ContentSender {
  readonly #core: SocketCore
  readonly #socket: GroupsSocket
  readonly #parts: ContentSenderParts

  constructor(core: SocketCore, socket: GroupsSocket, parts: ContentSenderParts) {
    this.#core = core
    this.#socket = socket
    this.#parts = parts
  }

  /** @returns undefined when nothing but a request to the server came of it: the timer of a group */
  async send(
    jid: string,
    content: AnyMessageContent,
    options: MiscMessageGenerationOptions,
  ): Promise<WAMessage | undefined> {
    checkDestinationJid('jid', jid)
    if (!isDestination(jid)) throw unsupportedDestination(jid)
    if (isJidBroadcast(jid)) checkAudience(options.statusJidList)
    if (isJidGroup(jid) && isTimer(content)) {
      await this.#parts.setGroupTimer(jidNormalizedUser(jid), timerOf(content))
      return undefined
    }
    let mediaId: string | undefined
    const message = await generateWAMessage(jid, content, {
      ...this.#parts.generation(options),
      onUploaded: ({ handle }) => {
        mediaId = handle
      },
      ...options,
      ...(await this.#chatOptions(jid, options)),
      ...this.#ownOptions(),
      messageId: options.messageId ?? generateMessageIDV2(this.#core.creds.me?.id),
    })
    const id = await this.#parts.sender.relay(jid, message.message ?? {}, {
      messageId: message.key.id ?? undefined,
      useCachedGroupMetadata: options.useCachedGroupMetadata,
      statusJidList: options.statusJidList,
      statusSetting: options.statusSetting,
      ...(isJidNewsletter(jid) ? channelOptions(content, mediaId) : {}),
    })
    // Changes of a channel's post go under the id of the post.
    message.key.id = id
    this.#rememberTimer(jid, message.message)
    this.#emit(message)
    return message
  }

  #ownOptions(): Pick<MessageGenerationOptions, 'userJid' | 'userLid' | 'logger' | 'getMessage' | 'now'> {
    const { creds, logger, config } = this.#core
    const me = ownAccount(creds)
    return {
      userJid: me.id,
      userLid: me.lid,
      logger,
      now: config.clock(),
      getMessage: key => this.#find(key),
    }
  }

  /** What the chat itself says about messages in it; a timer that the caller names goes before. */
  async #chatOptions(
    jid: string,
    { useCachedGroupMetadata, ephemeralExpiration }: MiscMessageGenerationOptions,
  ): Promise<
    Pick<MessageGenerationOptions, 'ephemeralExpiration' | 'ephemeralSettingTimestamp' | 'isCommunityAnnouncement'>
  > {
    if (isJidGroup(jid)) {
      const metadata = await this.#parts.groupMetadata(jid, useCachedGroupMetadata !== false)
      return {
        ephemeralExpiration: ephemeralExpiration ?? metadata.ephemeralDuration ?? 0,
        isCommunityAnnouncement: metadata.isCommunityAnnounce === true,
      }
    }
    if (ephemeralExpiration !== undefined) return {}
    const timer = isUserChat(jid) ? await this.#parts.timers.timerOf(jid) : undefined
    if (timer === undefined || timer.expiration === 0) return {}
    return { ephemeralExpiration: timer.expiration, ephemeralSettingTimestamp: timer.settingTimestamp }
  }

  /**
   * A message that votes and the like belong to: one that we sent a moment ago, or one that the program has kept. Of
   * others the secret is remembered, which is enough to seal something for them.
   */
  async #find(key: WAMessageKey): Promise<proto.IMessage | undefined> {
    const chat = jidNormalizedUser(key.remoteJid ?? undefined)
    const other = await otherNameOf(this.#core, chat)
    const aliases = other ? [other] : []
    const recent = this.#parts.retries.getRecentMessage(chat, key.id ?? '', aliases)
    const message = recent?.message ?? (await this.#core.config.getMessage(key))
    if (message?.messageContextInfo?.messageSecret) return message
    const [remembered] = await this.#parts.secrets.find(key)
    return remembered ? { ...message, messageContextInfo: { messageSecret: remembered.secret } } : message
  }

  #rememberTimer(jid: string, message: proto.IMessage | null | undefined): void {
    const { ephemeralExpiration, ephemeralSettingTimestamp } = message?.protocolMessage ?? {}
    if (typeof ephemeralExpiration !== 'number' || !isUserChat(jid)) return
    this.#parts.timers.set(jid, {
      expiration: ephemeralExpiration,
      settingTimestamp: Number(ephemeralSettingTimestamp ?? 0),
    })
  }

  /**
   * On the next turn, so that the caller holds the result before the event reports it. Without the event, the secret is
   * kept all the same: votes on our own polls are sealed with it.
   */
  #emit(message: WAMessage): void {
    const { config, logger } = this.#core
    if (!config.emitOwnEvents) {
      this.#rememberSecret(message)
      return
    }
    setImmediate(() => {
      this.#socket
        .upsertMessage(message, 'append')
        .catch((error: unknown) => logger.error({ err: error }, 'own message was not emitted'))
    })
  }

  #rememberSecret(message: WAMessage): void {
    const parent = addOnParentOf(message)
    if (!parent) return
    this.#parts.secrets
      .remember([parent], ownAccount(this.#core.creds))
      .catch((error: unknown) => this.#core.logger.error({ err: error }, 'the secret of an own message was not kept'))
  }
}

function isTimer(content: AnyMessageContent): content is { disappearingMessagesInChat: boolean | number } {
  return (
    typeof content === 'object' &&
    content !== null &&
    (Reflect.get(content, 'disappearingMessagesInChat') ?? null) !== null
  )
}

/** Reactions and votes name a channel's post by its number; a file is named by the handle of its upload. */
function channelOptions(
  content: AnyMessageContent,
  mediaId: string | undefined,
): Pick<MessageRelayOptions, 'additionalAttributes'> {
  const key: WAMessageKey | null | undefined =
    'react' in content
      ? content.react.key
      : 'pollVote' in content
        ? keyOfParent('pollVote.poll', content.pollVote.poll).key
        : undefined
  if (key) return { additionalAttributes: key.server_id === undefined ? {} : { server_id: key.server_id } }
  return mediaId === undefined ? {} : { additionalAttributes: { media_id: mediaId } }
}
