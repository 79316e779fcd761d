import { KurirError } from 'kurir/errors'
import { HostedSession, type HostParts } from './hosted-session.js'

const idPattern = /^[A-Za-z0-9_.-]{1,64}$/
/** Sessions that are started with the gateway. */
const active = 'active'
const stopped = 'stopped'

/** The sessions of a gateway. What a session should be is in the store, so that the next start goes on with it. */
export class SessionManager {
  readonly #parts: HostParts
  readonly #sessions = new Map<string, HostedSession>()
  readonly #opening = new Map<string, Promise<HostedSession>>()
  #isDraining = false

  constructor(parts: HostParts) {
    this.#parts = parts
  }

  /** Opens the sessions of the store and starts those that are active. One that cannot be opened does not stop the others. */
  async restore(): Promise<void> {
    for (const { id, status } of await this.#parts.store.sessions.list()) {
      try {
        const hosted = await this.#open(id)
        if (status === active) hosted.session.start()
      } catch (error) {
        this.#parts.logger.error({ err: error, session: id }, 'a session could not be opened')
      }
    }
  }

  list(): readonly HostedSession[] {
    return [...this.#sessions.values()]
  }

  /** @throws KurirError `session-not-found` (404) */
  get(id: string): HostedSession {
    const hosted = this.#sessions.get(id)
    if (hosted !== undefined) return hosted
    throw new KurirError('session-not-found', `There is no session '${id.slice(0, 64)}'. Create it first.`, {
      statusCode: 404,
      data: { session: id.slice(0, 64) },
    })
  }

  /**
   * Creates the session if need be, and starts it.
   *
   * @throws KurirError `invalid-session-id` (400), `gateway-draining` (503)
   */
  async start(id: string): Promise<HostedSession> {
    if (!idPattern.test(id)) {
      throw new KurirError('invalid-session-id', 'The id of a session is 1 to 64 letters, digits, _ . and -', {
        statusCode: 400,
      })
    }
    if (this.#isDraining) throw draining()
    await this.#parts.store.sessions.save({ id, status: active })
    const hosted = await this.#open(id)
    hosted.session.start()
    return hosted
  }

  /** Ends the connection of the session; it stays linked, and stopped over restarts of the gateway. */
  async stop(id: string): Promise<void> {
    const hosted = this.get(id)
    await this.#parts.store.sessions.save({ id, status: stopped })
    await hosted.session.stop()
  }

  /** Removes the session and everything that is stored of it. The phone lists the device until it is logged out. */
  async delete(id: string): Promise<void> {
    const hosted = this.get(id)
    this.#sessions.delete(id)
    await hosted.close()
    await this.#parts.store.sessions.delete(id)
  }

  /** Ends all connections in order. */
  async drain(): Promise<void> {
    this.#isDraining = true
    await Promise.allSettled(this.#opening.values())
    await Promise.all(this.list().map(hosted => hosted.close()))
    this.#sessions.clear()
  }

  #open(id: string): Promise<HostedSession> {
    const known = this.#sessions.get(id)
    if (known !== undefined) return Promise.resolve(known)
    const opening = this.#opening.get(id) ?? this.#openNow(id)
    this.#opening.set(id, opening)
    return opening
  }

  async #openNow(id: string): Promise<HostedSession> {
    try {
      const hosted = await HostedSession.open(id, this.#parts)
      this.#sessions.set(id, hosted)
      return hosted
    } finally {
      this.#opening.delete(id)
    }
  }
}

function draining(): KurirError {
  return new KurirError('gateway-draining', 'The gateway is going down', { statusCode: 503, retryable: true })
}
