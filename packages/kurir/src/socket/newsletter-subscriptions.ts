import { buildLiveUpdatesRequest, liveUpdatesDuration } from '../newsletters/newsletter-requests.js'
import type { SocketCore } from './core.js'

/** Most channels whose subscription is renewed at a time: each costs a question every few minutes. */
const mostChannels = 500
/** A subscription is renewed when this part of it is over. */
const renewAt = 0.9
/** Shortest and longest time that is believed, in seconds (docs/protocol/05, 4.5). */
const shortest = 30
const longest = 600

/**
 * Live updates of channels. The service sends them for some minutes only: a subscription is renewed before it is over,
 * until it is taken back or the connection ends.
 */
export class NewsletterSubscriptions {
  readonly #core: Pick<SocketCore, 'connection' | 'logger'>
  readonly #renewals = new Map<string, NodeJS.Timeout>()

  constructor(core: Pick<SocketCore, 'connection' | 'logger'>) {
    this.#core = core
    core.connection.onEnd(() => this.#endAll())
  }

  /** @returns for how many seconds, as the service writes it; null when it does not say, and nothing is renewed then */
  async subscribe(jid: string): Promise<{ duration: string } | null> {
    const duration = liveUpdatesDuration(await this.#core.connection.query(buildLiveUpdatesRequest(jid)))
    if (duration === undefined) return null
    this.#renewAfter(jid, Number(duration))
    return { duration }
  }

  /** No more renewals: updates end with the present subscription. */
  unsubscribe(jid: string): void {
    clearTimeout(this.#renewals.get(jid))
    this.#renewals.delete(jid)
  }

  #renewAfter(jid: string, seconds: number): void {
    if (this.#core.connection.phase === 'ended') return
    this.unsubscribe(jid)
    const [oldest] = this.#renewals.keys()
    if (this.#renewals.size >= mostChannels && oldest !== undefined) this.unsubscribe(oldest)
    const delayMs = Math.min(Math.max(seconds, shortest), longest) * renewAt * 1000
    const timer = setTimeout(() => void this.#renew(jid, timer), delayMs)
    timer.unref()
    this.#renewals.set(jid, timer)
  }

  async #renew(jid: string, timer: NodeJS.Timeout): Promise<void> {
    try {
      const answer = await this.#core.connection.query(buildLiveUpdatesRequest(jid))
      // Taken back, or subscribed to anew, while the service was asked.
      if (this.#renewals.get(jid) !== timer) return
      const duration = liveUpdatesDuration(answer)
      if (duration === undefined) this.unsubscribe(jid)
      else this.#renewAfter(jid, Number(duration))
    } catch (error) {
      if (this.#renewals.get(jid) !== timer) return
      this.unsubscribe(jid)
      this.#core.logger.warn({ err: error, jid }, 'live updates of a channel could not be renewed')
    }
  }

  #endAll(): void {
    for (const jid of [...this.#renewals.keys()]) this.unsubscribe(jid)
  }
}
