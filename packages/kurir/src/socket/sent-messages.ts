import { type AckAdvice, judgeMessageAck } from '../messages/ack-verdict.js'
import type { MessageAck } from '../messages/acks.js'
import type { proto } from '../proto/index.js'
import { ExpiringMap } from '../time/expiring-map.js'

/** A message that the server has not answered yet. */
export interface SentMessage {
  readonly id: string
  /** User or group. */
  readonly to: string
  readonly isGroup: boolean
  readonly message: proto.IMessage
  /** The devices that it was written for: in groups all that were to read it. */
  readonly devices: readonly string[]
  readonly phash?: string
  readonly addressingMode?: 'lid' | 'pn'
}

const REMEMBERED = 1000
/** Answers come within seconds. */
const REMEMBERED_MS = 300_000

/** What was sent lately, until the server answers it: the answer may ask for more. */
export class SentMessages {
  readonly #unanswered = new ExpiringMap<SentMessage>({ limit: REMEMBERED, ttlMs: REMEMBERED_MS })

  add(sent: SentMessage): void {
    this.#unanswered.set(sent.id, sent)
  }

  /** The message that an answer is for, and what it asks for; once. */
  answered(ack: MessageAck): { readonly sent: SentMessage; readonly advice: readonly AckAdvice[] } | undefined {
    const sent = this.#unanswered.get(ack.id)
    if (!sent) return undefined
    this.#unanswered.delete(ack.id)
    return { sent, advice: judgeMessageAck(ack, sent).advice }
  }
}
