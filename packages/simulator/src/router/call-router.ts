import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Device } from '../accounts/device.js'
import type { Resolved } from '../accounts/registry.js'
import { lets } from '../profiles/visibility.js'
import type { ServiceCore } from './service-core.js'
import { childrenOf, element } from './stanzas.js'

/** Passes call signalling on between devices, and makes call links (docs/protocol/03 §10). */
export class CallRouter {
  readonly #core: ServiceCore
  /** Token of a link → its media. */
  readonly #links = new Map<string, string>()

  constructor(core: ServiceCore) {
    this.#core = core
  }

  route(sender: Device, node: BinaryNode): void {
    const [payload] = childrenOf(node)
    if (payload === undefined) return
    const { to } = node.attrs
    if (to === 'call' || to === '@call') {
      this.#answerLink(sender, node, payload)
      return
    }
    const target = this.#core.accounts.resolve(to)
    this.#acknowledge(sender, node, payload.tag, target === undefined ? { error: '404' } : {})
    if (target !== undefined && lets(target.account, sender.account, 'calladd')) {
      this.#forward(sender, node, payload, target)
    }
  }

  /** Answers with an error; nothing is passed on or made. */
  refuse(sender: Device, node: BinaryNode, code: number): void {
    this.#acknowledge(sender, node, childrenOf(node)[0]?.tag ?? '', { error: String(code) })
  }

  /** To one device when the address names one, as answers do; else to all of the account. */
  #forward(sender: Device, node: BinaryNode, payload: BinaryNode, { account, addressing, device }: Resolved): void {
    const named = node.attrs['to']?.includes(':') === true ? [device] : [...account.devices.values()]
    for (const receiver of named) {
      if (receiver === undefined || receiver === sender) continue
      const attrs = {
        id: node.attrs['id'],
        from: sender.jid(addressing),
        t: this.#core.time(),
        platform: 'android',
        version: '2.25.1.1',
        notify: sender.account.pushName,
        sender_lid: addressing === 'pn' ? sender.account.lid : undefined,
      }
      const own = { ...payload.attrs, ...(addressing === 'lid' ? { caller_pn: sender.account.pn } : {}) }
      const content = [{ ...payload, attrs: own, content: partsFor(payload, receiver) }]
      this.#core.delivery.deliver(receiver, element('call', attrs, content))
    }
  }

  #acknowledge(
    sender: Device,
    node: BinaryNode,
    type: string,
    further: Readonly<Record<string, string>>,
    content?: BinaryNode[],
  ): void {
    const { id, to } = node.attrs
    const attrs = { class: 'call', id, from: to, type, t: this.#core.time(), ...further }
    this.#core.delivery.write(sender, element('ack', attrs, content))
  }

  #answerLink(sender: Device, node: BinaryNode, payload: BinaryNode): void {
    const { media = 'audio', token } = payload.attrs
    if (payload.tag === 'link_create') {
      const created = this.#core.random.bytes(16).toString('base64url')
      this.#links.set(created, media)
      this.#acknowledge(sender, node, payload.tag, {}, [element('link_create', { token: created, media })])
      return
    }
    const known = this.#links.get(token ?? payload.attrs['link-token'] ?? '')
    const failure = known === undefined ? { error: '404' } : {}
    this.#acknowledge(sender, node, payload.tag, failure, [
      element(known === undefined ? 'error' : payload.tag, { token }),
    ])
  }
}

/** The children for one device: of the ciphertexts only its own. */
const partsFor = (payload: BinaryNode, receiver: Device): BinaryNode[] =>
  childrenOf(payload).flatMap(child => {
    if (child.tag !== 'destination') return [child]
    const own = getBinaryNodeChildren(child, 'to').find(({ attrs }) =>
      [receiver.pn, receiver.lid].includes(attrs['jid'] ?? ''),
    )
    const enc = own === undefined ? undefined : getBinaryNodeChild(own, 'enc')
    return enc === undefined ? [] : [enc]
  })
