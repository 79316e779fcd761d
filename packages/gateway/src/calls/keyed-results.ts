import { createHash } from 'node:crypto'
import { KurirError } from 'kurir/errors'
import { type Clock, ExpiringMap } from 'kurir/time'

interface Known {
  readonly fingerprint: string
  readonly outcome: Promise<unknown>
}

/** Keys that are remembered, and how long. */
const limit = 10_000
const ttlMs = 24 * 3_600_000

/**
 * What was done under which key. A call that comes again, because its answer was lost, gets the answer of then. What
 * failed is forgotten: the next call with the key is a new attempt.
 */
export class KeyedResults {
  readonly #known: ExpiringMap<Known>

  constructor(clock: Clock) {
    this.#known = new ExpiringMap({ limit, ttlMs, clock })
  }

  /** @throws KurirError `idempotency-conflict` (409): the key was used for something else */
  run(key: string, fingerprint: string, work: () => Promise<unknown>): Promise<unknown> {
    const known = this.#known.get(key)
    if (known !== undefined) {
      if (known.fingerprint === fingerprint) return known.outcome
      throw new KurirError('idempotency-conflict', 'The key was used for another call', {
        statusCode: 409,
        data: { key },
      })
    }
    const outcome = work()
    const entry = { fingerprint, outcome }
    this.#known.set(key, entry)
    outcome.catch(() => {
      if (this.#known.get(key) === entry) this.#known.delete(key)
    })
    return outcome
  }
}

/** Tells calls apart; the numbers of streams are others each time. */
export function fingerprintOf(method: string, args: string): string {
  const content = args.replaceAll(/\{"\$(buffer|stream)":\d+\}/g, '{"$$$1"}')
  return createHash('sha256').update(`${method}\n${content}`).digest('base64')
}

/** The id of the message that a call with this key sends. */
export function messageIdOf(session: string, key: string): string {
  const digest = createHash('sha256').update(`${session}\n${key}`).digest('hex')
  return `3EB0${digest.slice(0, 18).toUpperCase()}`
}
