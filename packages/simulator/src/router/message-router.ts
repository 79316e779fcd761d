import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Addressing } from '../accounts/address.js'
import type { Device } from '../accounts/device.js'
import type { Resolved } from '../accounts/registry.js'
import { SentMessage } from '../accounts/sent-message.js'
import type { Group } from '../groups/group.js'
import { participantHash } from '../groups/participant-hash.js'
import type { NewsletterService } from '../newsletters/newsletter-service.js'
import { shareEncoding } from './encoded-stanzas.js'
import { PreKeyAudit } from './prekey-audit.js'
import type { ServiceCore } from './service-core.js'
import { element } from './stanzas.js'

/** Children of a message that every copy of it carries. */
const COPIED_CHILDREN = new Set(['meta', 'biz', 'bot'])

/** Attributes of an ack that refuses a message. */
type Refusal = Readonly<Record<string, string>>

const STATUS = 'status@broadcast'

/** Takes messages of devices and hands each recipient device its copy (docs/protocol/02 §9.7). */
export class MessageRouter {
  readonly #core: ServiceCore
  readonly #newsletters: NewsletterService
  readonly #audit: PreKeyAudit

  constructor(core: ServiceCore, newsletters: NewsletterService) {
    this.#core = core
    this.#newsletters = newsletters
    this.#audit = new PreKeyAudit(core)
  }

  route(sender: Device, node: BinaryNode): void {
    if (node.attrs['to']?.endsWith('@newsletter') === true) {
      this.acknowledge(sender, node, this.#newsletters.take(sender, node))
      return
    }
    const refusal = this.#route(sender, node, node.attrs['to'] ?? '')
    if (refusal !== undefined) this.acknowledge(sender, node, refusal)
  }

  #route(sender: Device, node: BinaryNode, to: string): Refusal | undefined {
    if (to.endsWith('@g.us')) return this.#routeToGroup(sender, node, to)
    if (to.endsWith('@broadcast')) return this.#routeToAudience(sender, node, to)
    const target = this.#core.accounts.resolve(to)
    if (target === undefined) return { error: '406' }
    if (getBinaryNodeChild(node, 'enc') === undefined) return this.#routeToUser(sender, node, target)
    return this.#routeToDevice(sender, node, target)
  }

  /** The service's answer to a message. */
  acknowledge(sender: Device, node: BinaryNode, extra: Readonly<Record<string, string | undefined>> = {}): void {
    const { id, to, participant, recipient } = node.attrs
    const attrs = { class: 'message', id, from: to, t: this.#core.time(), participant, recipient, ...extra }
    this.#core.delivery.write(sender, element('ack', attrs))
  }

  #routeToUser(sender: Device, node: BinaryNode, target: Resolved): undefined {
    const copies = this.#copies(sender, node)
    const expected = [...target.account.devices.values()]
    if (target.account !== sender.account) expected.push(...sender.account.devices.values())
    const missed = expected.some(device => device !== sender && !copies.has(device))
    const stale = node.attrs['device_fanout'] !== 'false' && missed
    const phash = stale ? participantHash(expected.map(device => device.jid(target.addressing))) : undefined
    this.acknowledge(sender, node, { phash })
    this.#acquaint(sender.account, target.account)
    const sent = this.#remember(sender, node)
    for (const [device, copy] of copies) {
      // Who has blocked the sender gets nothing; the sender is not told.
      if (device.account.blocked.has(sender.account) || !this.#isNew(sent, device)) continue
      const addressing = addressingOf(copy.attrs['jid'])
      const attrs = this.#directAttributes(sender, node, device, target.account, addressing)
      this.#core.delivery.deliver(device, this.#stanza(sender, device, node, attrs, getBinaryNodeChildren(copy, 'enc')))
    }
  }

  /** One direct `<enc>`: a repetition for the device that asked for it, or a peer message to an own device. */
  #routeToDevice(sender: Device, node: BinaryNode, target: Resolved): Refusal | undefined {
    const { device } = target
    const foreign = node.attrs['category'] === 'peer' && target.account !== sender.account
    if (foreign) this.#core.violation(sender, 'invalid-stanza', 'a peer message goes to an own device', node)
    if (device === undefined || foreign) return { error: foreign ? '479' : '406' }
    this.acknowledge(sender, node)
    const sent = this.#remember(sender, node)
    if (device.account.blocked.has(sender.account) || !this.#isNew(sent, device)) return undefined
    const chat = this.#core.accounts.resolve(node.attrs['recipient'])?.account ?? target.account
    const attrs =
      node.attrs['category'] === 'peer'
        ? { ...this.#commonAttributes(sender, node), from: sender.jid(target.addressing), category: 'peer' }
        : this.#directAttributes(sender, node, device, chat, target.addressing)
    this.#core.delivery.deliver(device, this.#stanza(sender, device, node, attrs, getBinaryNodeChildren(node, 'enc')))
  }

  #routeToGroup(sender: Device, node: BinaryNode, to: string): Refusal | undefined {
    const group = this.#core.groups.get(to)
    if (group === undefined) return { error: '404' }
    // A community itself is no place to write.
    if (!group.has(sender.account) || group.community !== undefined) return { error: '403' }
    if (!mayWrite(group, sender.account, node)) return { error: '403' }
    const mode = node.attrs['addressing_mode']
    if (mode !== undefined && mode !== group.addressing) {
      return { error: '421', addressing_mode: group.addressing }
    }
    if (node.attrs['participant'] !== undefined) return this.#repeatInGroup(sender, node, group)
    const { devices, hash } = group.fanOut()
    this.acknowledge(sender, node, { phash: this.#checkHash(sender, node, group, hash) })
    const copies = this.#copies(sender, node)
    const content = getBinaryNodeChildren(node, 'enc').filter(part => part.content !== undefined)
    const sent = this.#remember(sender, node)
    const attrs = this.#groupAttributes(sender, node, group)
    // Whoever gets the group part alone gets one and the same node, which is encoded once.
    const shared = shareEncoding(this.#stanza(sender, undefined, node, attrs, content))
    for (const device of devices) {
      if (device === sender || !sent.isFor(device)) continue
      const copy = copies.get(device)
      if (copy === undefined) {
        if (content.length > 0) this.#core.delivery.deliver(device, shared)
        continue
      }
      const parts = [...getBinaryNodeChildren(copy, 'enc'), ...content]
      this.#core.delivery.deliver(device, this.#stanza(sender, device, node, attrs, parts))
    }
    sent.givenToGroup(devices)
  }

  #repeatInGroup(sender: Device, node: BinaryNode, group: Group): Refusal | undefined {
    const device = this.#core.accounts.resolve(node.attrs['participant'])?.device
    if (device === undefined || !group.has(device.account)) return { error: '406' }
    this.acknowledge(sender, node)
    const sent = this.#remember(sender, node)
    if (!this.#isNew(sent, device)) return undefined
    const attrs = this.#groupAttributes(sender, node, group)
    this.#core.delivery.deliver(device, this.#stanza(sender, device, node, attrs, getBinaryNodeChildren(node, 'enc')))
  }

  /** Status posts and lists go to whom the sender names: with a copy of the key, or bare for those who hold it. */
  #routeToAudience(sender: Device, node: BinaryNode, to: string): Refusal | undefined {
    const repetition = this.#core.accounts.resolve(node.attrs['participant'])?.device
    if (node.attrs['participant'] !== undefined && repetition === undefined) return { error: '406' }
    this.acknowledge(sender, node)
    const content = getBinaryNodeChildren(node, 'enc')
    const sent = this.#remember(sender, node)
    // A list is addressed in one namespace or the other: the web client takes LIDs (docs/protocol/02 §7.7).
    const lid = to === STATUS || namesLids(node)
    const attrs = {
      ...this.#commonAttributes(sender, node),
      from: to,
      participant: sender.jid(lid ? 'lid' : 'pn'),
      [lid ? 'participant_pn' : 'participant_lid']: lid ? sender.account.pn : sender.account.lid,
    }
    const audience = repetition === undefined ? this.#audience(sender, node) : new Map([[repetition, undefined]])
    const named = element(
      'participants',
      {},
      [...new Set([...audience.keys()].map(({ account }) => account))].map(toUser),
    )
    for (const [device, copy] of audience) {
      if (!this.#isNew(sent, device)) continue
      const parts = [...(copy === undefined ? [] : getBinaryNodeChildren(copy, 'enc')), ...content]
      const stanza = this.#stanza(sender, device, node, attrs, parts)
      // Own other devices are told who sees the post.
      const own = device.account === sender.account && repetition === undefined
      const children = Array.isArray(stanza.content) ? stanza.content : []
      this.#core.delivery.deliver(device, own ? { ...stanza, content: [...children, named] } : stanza)
    }
    return undefined
  }

  /** Devices with their copies; all devices of a user that is named without one. */
  #audience(sender: Device, node: BinaryNode): Map<Device, BinaryNode | undefined> {
    const audience = new Map<Device, BinaryNode | undefined>()
    const participants = getBinaryNodeChild(node, 'participants')
    for (const entry of participants === undefined ? [] : getBinaryNodeChildren(participants, 'to')) {
      const account = this.#core.accounts.resolve(entry.attrs['jid'])?.account
      if (getBinaryNodeChild(entry, 'enc') !== undefined || account === undefined) continue
      for (const device of account.devices.values()) if (device !== sender) audience.set(device, undefined)
    }
    for (const [device, copy] of this.#copies(sender, node)) {
      if (getBinaryNodeChild(copy, 'enc') !== undefined) audience.set(device, copy)
    }
    return audience
  }

  /** The `<to>` entries by device; entries for the sender itself and for unknown devices are left out. */
  #copies(sender: Device, node: BinaryNode): Map<Device, BinaryNode> {
    const copies = new Map<Device, BinaryNode>()
    const participants = getBinaryNodeChild(node, 'participants')
    if (participants === undefined) return copies
    for (const copy of getBinaryNodeChildren(participants, 'to')) {
      const device = this.#core.accounts.resolve(copy.attrs['jid'])?.device
      if (device === undefined) continue
      if (device === sender) {
        if (this.#core.modeOf(sender) === 'strict') {
          this.#core.violation(sender, 'wrong-fan-out', 'a device does not address itself', node)
        }
      } else if (copies.has(device)) {
        this.#core.violation(sender, 'wrong-fan-out', `${device.pn} is addressed twice`, node)
      } else copies.set(device, copy)
    }
    return copies
  }

  #remember(sender: Device, node: BinaryNode): SentMessage {
    const id = node.attrs['id'] ?? ''
    const { sentMessages } = sender.account
    const known = sentMessages.get(id)
    if (known !== undefined) return known
    const sent = new SentMessage(sender)
    sentMessages.set(id, sent)
    return sent
  }

  /** False for a device that has this message already and did not ask for it again. */
  #isNew(sent: SentMessage, device: Device): boolean {
    const wanted = sent.isFor(device)
    if (wanted) sent.given(device)
    return wanted
  }

  /** Who writes to somebody is told about changes of that account's devices from now on. */
  #acquaint(left: Account, right: Account): void {
    left.watchers.add(right)
    right.watchers.add(left)
  }

  #checkHash(sender: Device, node: BinaryNode, group: Group, expected: string): string | undefined {
    const given = node.attrs['phash']
    if (given === undefined || given === expected || node.attrs['device_fanout'] === 'false') return undefined
    if (!group.hasHadHash(given)) {
      this.#core.violation(sender, 'wrong-phash', `phash ${given} fits no device set; expected ${expected}`, node)
    }
    return expected
  }

  #commonAttributes(sender: Device, node: BinaryNode): Record<string, string | undefined> {
    const { id, type, edit } = node.attrs
    return { id, t: this.#core.time(), type, edit, notify: sender.account.pushName }
  }

  #groupAttributes(sender: Device, node: BinaryNode, group: Group): Record<string, string | undefined> {
    const lid = group.addressing === 'lid'
    return {
      ...this.#commonAttributes(sender, node),
      from: group.jid,
      participant: sender.jid(group.addressing),
      [lid ? 'participant_pn' : 'participant_lid']: lid ? sender.account.pn : sender.account.lid,
      addressing_mode: group.addressing,
    }
  }

  #directAttributes(
    sender: Device,
    node: BinaryNode,
    receiver: Device,
    chat: Account,
    addressing: Addressing,
  ): Record<string, string | undefined> {
    const lid = addressing === 'lid'
    const attrs = {
      ...this.#commonAttributes(sender, node),
      from: sender.jid(addressing),
      addressing_mode: addressing,
    }
    if (receiver.account === sender.account) {
      const twin = { [lid ? 'peer_recipient_pn' : 'peer_recipient_lid']: lid ? chat.pn : chat.lid }
      return { ...attrs, recipient: chat.jid(addressing), ...twin }
    }
    return { ...attrs, [lid ? 'sender_pn' : 'sender_lid']: lid ? sender.account.pn : sender.account.lid }
  }

  #stanza(
    sender: Device,
    receiver: Device | undefined,
    node: BinaryNode,
    attrs: Readonly<Record<string, string | undefined>>,
    parts: readonly BinaryNode[],
  ): BinaryNode {
    const content: BinaryNode[] = [...parts]
    const opensSession = parts.some(part => part.attrs['type'] === 'pkmsg')
    if (opensSession && receiver !== undefined) this.#audit.inspect(sender, receiver, node, parts)
    for (const child of Array.isArray(node.content) ? node.content : []) {
      const identity = child.tag === 'device-identity' && opensSession && sender.id !== 0
      if (identity || COPIED_CHILDREN.has(child.tag)) content.push(child)
      if (child.tag === 'reporting') content.push(this.#reportingForReceivers(child))
    }
    return element('message', attrs, content)
  }

  /** The service adds a tag of its own, with which a report can be checked later. */
  #reportingForReceivers(reporting: BinaryNode): BinaryNode {
    const token = getBinaryNodeChildren(reporting, 'reporting_token')
    return element('reporting', {}, [...token, element('reporting_tag', {}, this.#core.random.bytes(20))])
  }
}

const toUser = (account: Account): BinaryNode => element('to', { jid: account.lid, peer_recipient_pn: account.pn })

const namesLids = (node: BinaryNode): boolean => {
  const [first] = getBinaryNodeChildren(getBinaryNodeChild(node, 'participants'), 'to')
  return addressingOf(first?.attrs['jid']) === 'lid'
}

/** Where only admins write, others still react, and answer who could not read them. */
const mayWrite = (group: Group, author: Account, { attrs }: BinaryNode): boolean =>
  !group.switches.has('announcement') ||
  group.isAdmin(author) ||
  attrs['participant'] !== undefined ||
  attrs['type'] === 'reaction'

const addressingOf = (jid: string | undefined): Addressing => (jid?.endsWith('@lid') === true ? 'lid' : 'pn')
