import type { BinaryNode } from '../binary/node.js'

const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS
/** Phase of the weekly session id that the web client uses (docs/protocol/01, success and what follows). */
const SESSION_PHASE_MS = 3 * DAY_MS

/** The server's time: the local clock corrected by the `t` attributes the server sends. */
export class ServerClock {
  readonly #clock: () => number
  #offsetMs = 0

  constructor(clock: () => number) {
    this.#clock = clock
  }

  get offsetMs(): number {
    return this.#offsetMs
  }

  /** Takes the server's time from a stanza with a `t` attribute (unix seconds); others change nothing. */
  updateFrom(node: BinaryNode): void {
    const seconds = Number(node.attrs['t'])
    if (Number.isFinite(seconds) && seconds > 0) this.#offsetMs = seconds * 1000 - this.#clock()
  }

  nowMs(): number {
    return this.#clock() + this.#offsetMs
  }

  nowSeconds(): number {
    return Math.floor(this.nowMs() / 1000)
  }

  /** Text of the `unified_session` id: the position in the week. */
  unifiedSessionId(): string {
    return String((this.nowMs() + SESSION_PHASE_MS) % WEEK_MS)
  }
}
