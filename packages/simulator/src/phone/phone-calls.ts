import type { BinaryNode } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import { formatAddress, parseAddress } from '../accounts/address.js'
import { childrenOf, element } from '../router/stanzas.js'
import { encodePadded } from './phone-content.js'
import type { PhoneContext } from './phone-context.js'
import type { PhoneDirectory } from './phone-directory.js'
import { PhoneLog, type Predicate } from './phone-messages.js'

/** Something that was signalled about a call. */
export interface PhoneCallSignal {
  readonly callId: string
  /** `offer`, `accept`, `reject`, `terminate`, `transport` … */
  readonly kind: string
  /** Device JID of who signalled. */
  readonly from: string
  /** Device JID of who began the call. */
  readonly creator: string
  readonly video: boolean
  readonly reason: string | undefined
}

export interface CallOptions {
  readonly video?: boolean
  /** The group that is called. */
  readonly group?: string
}

interface OpenCall {
  readonly partner: string
  readonly creator: string
}

/** Calls as far as they are signalled: they ring, are answered and end; nobody hears anything (docs/protocol/03 §10). */
export class PhoneCalls {
  readonly log: PhoneLog<PhoneCallSignal>
  readonly #context: () => PhoneContext
  readonly #directory: PhoneDirectory
  readonly #open = new Map<string, OpenCall>()

  constructor(context: () => PhoneContext, directory: PhoneDirectory) {
    this.#context = context
    this.#directory = directory
    this.log = new PhoneLog(context().service.core.clock, 'call signal')
  }

  /** Rings at all devices of a user; returns the id of the call. */
  async offer(jid: string, { video = false, group }: CallOptions): Promise<string> {
    const { account, random } = this.#context()
    const address = parseAddress(jid)
    if (address === undefined) {
      throw new KurirError('unknown-address', 'A phone writes to users and groups', { data: { jid } })
    }
    const callId = random.bytes(16).toString('hex').toUpperCase()
    const creator = formatAddress(address.addressing, address.addressing === 'lid' ? account.lidUser : account.pnUser)
    const key = encodePadded({ call: { callKey: random.bytes(32) } })
    const targets = await this.#directory.devicesOf([jid], address.addressing)
    const copies = await this.#directory.encryptCopies(targets, () => key, { count: '0' })
    this.#open.set(callId, { partner: jid, creator })
    this.#send(callId, jid, 'offer', { 'group-jid': group, joinable: group === undefined ? undefined : '1' }, [
      element('audio', { enc: 'opus', rate: '16000' }),
      ...(video ? [element('video', { enc: 'vp8', dec: 'vp8' })] : []),
      element('net', { medium: '3' }),
      element('destination', {}, copies),
      element('encopt', { keygen: '2' }),
    ])
    return callId
  }

  /** @throws KurirError `unknown-call` */
  answer(callId: string, kind: 'accept' | 'reject' | 'terminate', reason?: string): void {
    const call = this.#open.get(callId)
    if (call === undefined) {
      throw new KurirError('unknown-call', 'The phone knows no such call', { statusCode: 404, data: { callId } })
    }
    this.#send(callId, call.partner, kind, { reason, count: kind === 'reject' ? '0' : undefined })
    if (kind !== 'accept') this.#open.delete(callId)
  }

  wait(predicate: Predicate<PhoneCallSignal>, timeoutMs: number): Promise<PhoneCallSignal> {
    return this.log.wait(predicate, timeoutMs)
  }

  /** Takes `<call>`, and confirms it. */
  take(node: BinaryNode): void {
    const [payload] = childrenOf(node)
    const { id, from = '' } = node.attrs
    this.#context().wire.write(element('ack', { id, to: from, class: 'call', type: payload?.tag }))
    if (payload === undefined) return
    const { 'call-id': callId = '', 'call-creator': creator = from, reason } = payload.attrs
    const video = childrenOf(payload).some(({ tag }) => tag === 'video')
    if (payload.tag === 'offer') this.#open.set(callId, { partner: from, creator })
    if (payload.tag === 'reject' || payload.tag === 'terminate') this.#open.delete(callId)
    this.log.add({ callId, kind: payload.tag, from, creator, video, reason })
  }

  #send(
    callId: string,
    to: string,
    tag: string,
    further: Readonly<Record<string, string | undefined>>,
    content?: BinaryNode[],
  ): void {
    const { random, wire } = this.#context()
    const creator = this.#open.get(callId)?.creator
    const payload = element(tag, { 'call-id': callId, 'call-creator': creator, ...further }, content)
    wire.write(element('call', { id: random.bytes(8).toString('hex').toUpperCase(), to }, [payload]))
  }
}
