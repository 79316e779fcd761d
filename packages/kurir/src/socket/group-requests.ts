import type { BinaryNode } from '../binary/node.js'
import { ServerRefusal } from '../binary/server-refusal.js'
import { type GroupRefusal, groupRefusalOf } from '../groups/group-refusal.js'
import type { SocketCore } from './core.js'

const TOO_MANY_QUESTIONS = 429
/** Where the service does not say how long to wait. */
const PAUSE_MS = 30_000
const LONGEST_PAUSE_MS = 600_000

/**
 * The way to the group service. After it has refused a question for too many of them (429), further questions are refused
 * here until its time is over; changes are always tried.
 */
export class GroupRequests {
  readonly #core: Pick<SocketCore, 'config' | 'connection'>
  #pause: { readonly error: GroupRefusal; readonly untilMs: number } | undefined

  constructor(core: Pick<SocketCore, 'config' | 'connection'>) {
    this.#core = core
  }

  /** @throws GroupRefusal, and what `connection.query` rejects with */
  async ask(request: BinaryNode): Promise<BinaryNode> {
    const { connection, config } = this.#core
    const isQuestion = request.attrs['type'] === 'get'
    if (isQuestion && this.#pause && config.clock() < this.#pause.untilMs) throw this.#pause.error
    try {
      return await connection.query(request)
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error
      const refusal = groupRefusalOf(request, error)
      if (isQuestion && refusal.data === TOO_MANY_QUESTIONS) {
        const pauseMs = refusal.backoffSeconds === undefined ? PAUSE_MS : refusal.backoffSeconds * 1000
        this.#pause = { error: refusal, untilMs: config.clock() + Math.min(pauseMs, LONGEST_PAUSE_MS) }
      }
      throw refusal
    }
  }
}
