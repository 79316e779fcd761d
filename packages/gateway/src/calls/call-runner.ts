import { callEntry, isRemoteMethod, type RemoteMethod } from '@kurir/remote/wire'
import type { WASocket } from 'kurir'
import { KurirError } from 'kurir/errors'
import type { Clock } from 'kurir/time'
import type { Session } from '../sessions/session.js'
import { fingerprintOf, KeyedResults, messageIdOf } from './keyed-results.js'

export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
  /** Tells this call from others with the same key. */
  readonly argumentText: string
  readonly deadlineMs: number
  readonly key?: string | undefined
  readonly signal: AbortSignal
}

/** How long a call waits for a session that is connecting. */
const longestWaitMs = 30_000

/** Calls of programs to the socket of one session. */
export class CallRunner {
  readonly #session: Session
  readonly #results: KeyedResults

  constructor(session: Session, clock: Clock) {
    this.#session = session
    this.#results = new KeyedResults(clock)
  }

  /**
   * @throws KurirError `unknown-method` (404), `session-not-open` (503), `timed-out` (408), `aborted` (499),
   *   `idempotency-conflict` (409), and what the method throws
   */
  async run(call: Call): Promise<unknown> {
    const { method, key } = call
    if (!isRemoteMethod(method))
      throw new KurirError('unknown-method', `There is no method ${method}`, { statusCode: 404 })
    const work = () => this.#invoke(method, named(this.#session.id, call), call.deadlineMs)
    const outcome = key === undefined ? work() : this.#results.run(key, fingerprintOf(method, call.argumentText), work)
    return await withinDeadline(outcome, call)
  }

  async #invoke(method: RemoteMethod, args: readonly unknown[], deadlineMs: number): Promise<unknown> {
    if (method === 'logout') return await this.#session.logout()
    if (method === 'requestPairingCode') {
      const [phoneNumber, customCode] = args as Parameters<WASocket['requestPairingCode']>
      return await this.#session.requestPairingCode(phoneNumber, customCode)
    }
    const socket = await this.#session.openSocket(Math.min(deadlineMs, longestWaitMs))
    const member: unknown = Reflect.get(socket, method)
    if (typeof member !== 'function') {
      throw new KurirError('unknown-method', `This gateway has no method ${method}`, { statusCode: 404 })
    }
    return await member.apply(socket, args)
  }
}

/** The arguments, with the id of the message where the key decides it. */
function named(session: string, { method, args, key }: Call): readonly unknown[] {
  if (key === undefined || callEntry(method)?.repeat !== 'named') return args
  const [jid, content, options] = args
  const given = typeof options === 'object' && options !== null ? options : {}
  if ('messageId' in given && given.messageId !== undefined) return args
  return [jid, content, { ...given, messageId: messageIdOf(session, key) }]
}

function withinDeadline(outcome: Promise<unknown>, { method, deadlineMs, signal }: Call): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAbort = () => settle(() => reject(new KurirError('aborted', `${method} was given up`, { statusCode: 499 })))
    const timer = setTimeout(() => {
      const error = new KurirError('timed-out', `${method} was not answered in time`, {
        statusCode: 408,
        retryable: true,
        data: { stage: method, milliseconds: deadlineMs },
      })
      settle(() => reject(error))
    }, deadlineMs)
    const settle = (how: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      how()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    outcome.then(
      value => settle(() => resolve(value)),
      error => settle(() => reject(error)),
    )
  })
}
