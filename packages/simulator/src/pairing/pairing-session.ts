import type { BinaryNode } from 'kurir/binary'
import { getBinaryNodeChild } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import { type IqAnswer, IqFailure, iqReply, NO_CHILDREN } from '../router/iq-answer.js'
import type { ServiceCore } from '../router/service-core.js'
import { element, SERVICE } from '../router/stanzas.js'
import type { CodeDesk } from './code-desk.js'
import type { Registration } from './registration.js'

/** The connection of a client that has not been linked yet. */
export interface RegistrationLink {
  send(node: BinaryNode): void
  end(last?: BinaryNode): void
}

/** How long a client may take to answer pair-success. */
const ANSWER_TIMEOUT_MS = 30_000

/** A client that shows refs or has asked for a code, from pair-device to the 515. */
export class PairingSession {
  readonly registration: Registration
  readonly link: RegistrationLink
  readonly #core: ServiceCore
  readonly #codes: CodeDesk
  #pairDeviceId = ''
  #waiting: { readonly id: string; readonly settle: (answer: BinaryNode | Error) => void } | undefined
  #closed = false

  constructor(core: ServiceCore, codes: CodeDesk, registration: Registration, link: RegistrationLink) {
    this.#core = core
    this.#codes = codes
    this.registration = registration
    this.link = link
  }

  /** Offers refs; a later offer replaces an earlier one. */
  offer(refs: readonly string[]): void {
    this.#pairDeviceId = this.#core.stanzaId()
    const entries = refs.map(ref => element('ref', {}, Buffer.from(ref)))
    const attrs = { from: SERVICE, type: 'set', xmlns: 'md', id: this.#pairDeviceId }
    this.link.send(element('iq', attrs, [element('pair-device', {}, entries)]))
  }

  /**
   * Sends pair-success and waits for the signed answer.
   *
   * @throws KurirError `pairing-timed-out`, `pairing-connection-lost`, `pairing-refused`
   */
  async succeed(children: readonly BinaryNode[]): Promise<BinaryNode> {
    if (this.#closed) throw connectionLost()
    const id = this.#core.stanzaId()
    const answer = new Promise<BinaryNode>((resolve, reject) => {
      const cancel = this.#core.clock.schedule(ANSWER_TIMEOUT_MS, () => {
        this.#waiting?.settle(new KurirError('pairing-timed-out', 'The client did not answer', { statusCode: 408 }))
      })
      const settle = (result: BinaryNode | Error) => {
        cancel()
        this.#waiting = undefined
        if (result instanceof Error) reject(result)
        else resolve(result)
      }
      this.#waiting = { id, settle }
    })
    const attrs = { from: SERVICE, type: 'set', xmlns: 'md', id, t: this.#core.time() }
    this.link.send(element('iq', attrs, [element('pair-success', {}, [...children])]))
    return await answer
  }

  receive(node: BinaryNode): void {
    // Stray presences, acks of notifications and session markers need no answer here.
    if (node.tag !== 'iq') return
    const { id, type } = node.attrs
    if (type === 'result' || type === 'error') {
      this.#takeAnswer(node)
      return
    }
    this.link.send(iqReply(node, this.#answer(node), this.#core.now()))
    if (id !== undefined) this.#codes.afterReply(this, node)
  }

  closed(): void {
    this.#closed = true
    this.#waiting?.settle(connectionLost())
  }

  #takeAnswer(node: BinaryNode): void {
    if (node.attrs['id'] === this.#pairDeviceId) return
    const waiting = this.#waiting
    if (waiting === undefined || node.attrs['id'] !== waiting.id) {
      this.#core.violations.report('unexpected-answer', 'the answer belongs to no request', { stanza: node })
      return
    }
    if (node.attrs['type'] === 'result') {
      waiting.settle(node)
      return
    }
    const error = getBinaryNodeChild(node, 'error')?.attrs ?? {}
    const refusal = new KurirError('pairing-refused', `The client refused: ${error['text'] ?? 'no reason given'}`, {
      statusCode: Number(error['code'] ?? 500),
      data: error,
    })
    waiting.settle(refusal)
  }

  #answer(node: BinaryNode): IqAnswer {
    const [child] = Array.isArray(node.content) ? node.content : []
    if (node.attrs['xmlns'] === 'w:p') return NO_CHILDREN
    if (node.attrs['xmlns'] === 'md' && child?.tag === 'link_code_companion_reg') return this.#codes.answer(this, child)
    return new IqFailure(501, 'feature-not-implemented')
  }
}

const connectionLost = (): KurirError =>
  new KurirError('pairing-connection-lost', 'The client has closed its connection', {
    statusCode: 428,
    retryable: true,
  })
