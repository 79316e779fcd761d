import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import { type MexHandler, MexRefusal, type MexService } from '../mex/mex-service.js'
import type { ServiceCore } from '../router/service-core.js'
import { element } from '../router/stanzas.js'
import type { ProfileNotices } from './profile-notices.js'
import { lets } from './visibility.js'

/** The short status with an emoji, as an account has set it. */
export interface TextStatus {
  readonly text: string | undefined
  readonly emoji: string | undefined
  /** Seconds after which nobody sees it any more; 0: it stays. */
  readonly duration: number
  /** Unix seconds. */
  readonly setAt: number
}

/** What is set: without text and emoji it is taken away. */
export type TextStatusChange = Partial<Pick<TextStatus, 'text' | 'emoji' | 'duration'>>

/** Longest about text and text status that the apps let somebody write. */
export const LONGEST_ABOUT = 139

/** Text statuses: who sees the about text sees these (docs/protocol/04 §4.2). */
export class TextStatuses {
  readonly #core: ServiceCore
  readonly #mex: MexService
  readonly #notices: ProfileNotices

  constructor(core: ServiceCore, mex: MexService, notices: ProfileNotices) {
    this.#core = core
    this.#mex = mex
    this.#notices = notices
    mex.serve(this.#operations)
  }

  /** Sets that of the account, and tells its other devices and its contacts. */
  set(device: Device, { text, emoji, duration = 0 }: TextStatusChange): MexRefusal | undefined {
    if ([...(text ?? '')].length > LONGEST_ABOUT) return badRequest
    if (!Number.isSafeInteger(duration) || duration < 0) return badRequest
    const { account } = device
    const status = { text: text || undefined, emoji: emoji || undefined, duration, setAt: this.#core.now() }
    account.textStatus = status
    this.#notices.toOwnDevices(account, textStatusElement(status), device)
    const told = {
      jid: account.lid,
      text: status.text ?? null,
      emoji: status.emoji === undefined ? null : { content: status.emoji },
      ephemeral_duration_sec: duration,
      last_update_time: String(status.setAt),
    }
    for (const other of this.#notices.contactsToTell(account, 'status')) {
      this.#mex.push(other, 'TextStatusUpdateNotification', { xwa2_notify_text_status_on_update: told })
    }
    return undefined
  }

  /** The answer to who asks for it: empty when there is none, when its time is over, and when it is hidden. */
  shown(account: Account | undefined, viewer: Account): BinaryNode {
    const status = account?.textStatus
    const isVisible = account !== undefined && lets(account, viewer, 'status')
    if (status === undefined || !isVisible || this.#isOver(status)) return element('text_status')
    return textStatusElement(status)
  }

  #isOver({ duration, setAt }: TextStatus): boolean {
    return duration > 0 && setAt + duration <= this.#core.now()
  }

  get #operations(): Readonly<Record<string, MexHandler>> {
    return {
      UpdateTextStatus: ({ device, variables }) => {
        const { text, emoji, ephemeral_duration_sec: duration } = membersOf(variables['input'])
        const { content } = membersOf(emoji)
        const change = { text: textIn(text), emoji: textIn(content), duration: Number(duration ?? 0) }
        return this.set(device, change) ?? { result: 'SUCCESS' }
      },
    }
  }
}

const textStatusElement = ({ text, emoji, duration, setAt }: TextStatus): BinaryNode => {
  const attrs = { text, ephemeral_duration_sec: String(duration), last_update_time: String(setAt) }
  return element('text_status', attrs, emoji === undefined ? [] : [element('emoji', { content: emoji })])
}

const badRequest = new MexRefusal(400, 'Bad Request')

const membersOf = (value: unknown): { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null ? { ...value } : {}

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
