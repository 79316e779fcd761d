import { type BinaryNode, getBinaryNodeChild } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import type { Account } from '../accounts/account.js'
import { type IqAnswer, IqFailure, NO_CHILDREN } from '../router/iq-answer.js'
import type { ServiceCore } from '../router/service-core.js'
import { bytesOf, element, SERVICE, textOf } from '../router/stanzas.js'
import type { PairingSession } from './pairing-session.js'

/** What the companion sends once both sides have agreed on a key (docs/protocol/01 §7.4). */
export interface CompanionFinish {
  /** 156 bytes. */
  readonly wrappedBundle: Uint8Array
  /** 32 bytes. */
  readonly companionIdentity: Uint8Array
}

/** A client that waits for its code to be typed on the phone. */
export interface CodeAttempt {
  readonly session: PairingSession
  readonly ref: Buffer
  /** 80 bytes: the companion's ephemeral key under the code. */
  readonly wrappedCompanionKey: Uint8Array
  readonly startedAt: number
  tries: number
}

const CODE_LIFETIME_MS = 180_000
const TRIES = 3
const FINISH_TIMEOUT_MS = 30_000
const DISPLAY = /^.+ \(.+\)$/

interface Waiting {
  readonly attempt: CodeAttempt
  readonly settle: (result: CompanionFinish | Error) => void
}

/** The service's part of pairing by code: it carries messages between a waiting client and the phone. */
export class CodeDesk {
  readonly #core: ServiceCore
  readonly #attempts = new Map<Account, CodeAttempt>()
  readonly #waiting = new Map<PairingSession, Waiting>()
  readonly #listeners = new Set<(account: Account) => void>()

  constructor(core: ServiceCore) {
    this.#core = core
  }

  /**
   * The open attempt for an account; waits for one up to `waitMs`, since the user may be faster than the client.
   *
   * @throws KurirError `no-pairing-code-request` when nobody waits, or the code has expired or was tried three times
   */
  async attemptFor(account: Account, waitMs: number): Promise<CodeAttempt> {
    const attempt = this.#openAttempt(account) ?? (await this.#nextAttempt(account, waitMs))
    if (attempt !== undefined) return attempt
    throw new KurirError('no-pairing-code-request', 'No client waits for a code of this phone', { statusCode: 404 })
  }

  /**
   * Carries the phone's half (`primary_hello`) to the client and waits for its answer.
   *
   * @throws KurirError `pairing-timed-out`, `pairing-connection-lost`
   */
  async primaryHello(attempt: CodeAttempt, hello: BinaryNode): Promise<CompanionFinish> {
    attempt.tries += 1
    const finish = new Promise<CompanionFinish>((resolve, reject) => {
      const settle = (result: CompanionFinish | Error) => {
        cancel()
        this.#waiting.delete(attempt.session)
        if (result instanceof Error) reject(result)
        else resolve(result)
      }
      const cancel = this.#core.clock.schedule(FINISH_TIMEOUT_MS, () =>
        settle(new KurirError('pairing-timed-out', 'The client did not answer the phone', { statusCode: 408 })),
      )
      this.#waiting.set(attempt.session, { attempt, settle })
    })
    const attrs = { from: SERVICE, type: 'link_code_companion_reg', id: this.#core.stanzaId(), t: this.#core.time() }
    attempt.session.link.send(element('notification', attrs, [hello]))
    return await finish
  }

  /** Answers a request of a waiting client. */
  answer(session: PairingSession, child: BinaryNode): IqAnswer {
    switch (child.attrs['stage']) {
      case 'companion_hello':
        return this.#hello(session, child)
      case 'companion_finish':
        return this.#checkFinish(session, child)
      case 'get_country_code':
        return [element('country_code', { iso: 'ID' })]
      default:
        return new IqFailure(400, 'bad-request')
    }
  }

  /** Goes on after the answer is on its way: pair-success must come behind it. */
  afterReply(session: PairingSession, node: BinaryNode): void {
    const child = getBinaryNodeChild(node, 'link_code_companion_reg')
    if (child?.attrs['stage'] !== 'companion_finish') return
    const waiting = this.#waiting.get(session)
    const finish = readFinish(child)
    if (finish !== undefined && isRefOf(child, waiting?.attempt)) waiting?.settle(finish)
  }

  forget(session: PairingSession): void {
    for (const [account, attempt] of this.#attempts) {
      if (attempt.session === session) this.#attempts.delete(account)
    }
    const lost = new KurirError('pairing-connection-lost', 'The client has closed its connection', { statusCode: 428 })
    this.#waiting.get(session)?.settle(lost)
  }

  #openAttempt(account: Account): CodeAttempt | undefined {
    const attempt = this.#attempts.get(account)
    if (attempt === undefined) return undefined
    const expired = this.#core.clock.now() - attempt.startedAt > CODE_LIFETIME_MS
    if (!expired && attempt.tries < TRIES) return attempt
    this.#attempts.delete(account)
    return undefined
  }

  #nextAttempt(account: Account, waitMs: number): Promise<CodeAttempt | undefined> {
    return new Promise(resolve => {
      const listener = (asked: Account) => {
        if (asked === account) settle()
      }
      const settle = () => {
        cancel()
        this.#listeners.delete(listener)
        resolve(this.#openAttempt(account))
      }
      const cancel = this.#core.clock.schedule(waitMs, settle)
      this.#listeners.add(listener)
    })
  }

  #hello(session: PairingSession, child: BinaryNode): IqAnswer {
    const account = this.#core.accounts.resolve(child.attrs['jid'])?.account
    const wrapped = bytesOf(getBinaryNodeChild(child, 'link_code_pairing_wrapped_companion_ephemeral_pub'))
    const noiseKey = bytesOf(getBinaryNodeChild(child, 'companion_server_auth_key_pub'))
    const display = textOf(getBinaryNodeChild(child, 'companion_platform_display')) ?? ''
    if (wrapped?.length !== 80 || noiseKey === undefined || !DISPLAY.test(display)) {
      return new IqFailure(400, 'bad-request')
    }
    if (Buffer.compare(noiseKey, session.registration.noiseKey) !== 0) {
      this.#core.violations.report('invalid-registration', 'companion_hello shows the Noise key of the connection')
      return new IqFailure(400, 'bad-request')
    }
    if (account === undefined) return new IqFailure(404, 'item-not-found')
    const ref = Buffer.from(`sim-${this.#core.random.bytes(12).toString('base64url')}`)
    const startedAt = this.#core.clock.now()
    this.#attempts.set(account, { session, ref, wrappedCompanionKey: Buffer.from(wrapped), startedAt, tries: 0 })
    queueMicrotask(() => {
      for (const listener of this.#listeners) listener(account)
    })
    const content = element('link_code_pairing_ref', {}, ref)
    return [element('link_code_companion_reg', { stage: 'companion_hello' }, [content])]
  }

  #checkFinish(session: PairingSession, child: BinaryNode): IqAnswer {
    const waiting = this.#waiting.get(session)
    if (waiting === undefined || !isRefOf(child, waiting.attempt) || readFinish(child) === undefined) {
      return new IqFailure(400, 'bad-request')
    }
    return NO_CHILDREN
  }
}

const readFinish = (child: BinaryNode): CompanionFinish | undefined => {
  const wrappedBundle = bytesOf(getBinaryNodeChild(child, 'link_code_pairing_wrapped_key_bundle'))
  const companionIdentity = bytesOf(getBinaryNodeChild(child, 'companion_identity_public'))
  if (wrappedBundle?.length !== 156 || companionIdentity?.length !== 32) return undefined
  return { wrappedBundle: Buffer.from(wrappedBundle), companionIdentity: Buffer.from(companionIdentity) }
}

const isRefOf = (child: BinaryNode, attempt: CodeAttempt | undefined): boolean => {
  const ref = bytesOf(getBinaryNodeChild(child, 'link_code_pairing_ref'))
  return attempt !== undefined && ref !== undefined && Buffer.compare(ref, attempt.ref) === 0
}
