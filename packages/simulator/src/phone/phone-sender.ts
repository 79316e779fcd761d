import type { BinaryNode } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import { stanzaAttributesOf } from 'kurir/messages'
import type { proto } from 'kurir/proto'
import { type Address, type Addressing, formatAddress, parseAddress } from '../accounts/address.js'
import { BoundedMap } from '../accounts/bounded-map.js'
import { element } from '../router/stanzas.js'
import { completeMessage, deviceSent, encodePadded, type SentByPhone } from './phone-content.js'
import type { PhoneContext } from './phone-context.js'
import type { PhoneDirectory, Target } from './phone-directory.js'
import { PhoneGroupSender } from './phone-group-sender.js'
import { commonChildren, contentAttributes } from './phone-stanza.js'

/** Messages that are encrypted already and only have to leave. */
export interface PreparedMessages {
  readonly ids: readonly string[]
  /** Sends them in their order; resolves when the service has accepted all of them. */
  send(): Promise<void>
}

export interface SendOptions {
  /** Drawn when absent. */
  readonly id?: string
  /** Users who see a status post or belong to a broadcast list. */
  readonly audience?: readonly string[]
}

const REMEMBERED = 2000

/** Encrypts messages of a phone for every device and sends them. */
export class PhoneSender {
  readonly groups: PhoneGroupSender
  readonly #context: () => PhoneContext
  readonly #directory: PhoneDirectory
  readonly #sent = new BoundedMap<string, SentByPhone>(REMEMBERED)

  constructor(context: () => PhoneContext, directory: PhoneDirectory) {
    this.#context = context
    this.#directory = directory
    this.groups = new PhoneGroupSender(context, directory)
  }

  sentMessage(id: string): SentByPhone | undefined {
    return this.#sent.get(id)
  }

  /**
   * Sends and waits for the ack; where the service names other devices than were addressed, the missing ones get the
   * same message after a new look-up.
   *
   * @throws KurirError `message-refused` with the service's code, `phone-offline`, `timed-out`, `unknown-address`
   */
  async send(chat: string, message: proto.IMessage, options: SendOptions = {}): Promise<string> {
    const { id = this.newId(), audience } = options
    const sent = this.#note(chat, message, id, audience)
    if (hasAudience(chat)) await this.#sendToGroup(sent)
    else await this.#sendToUser(sent)
    return id
  }

  /** Encrypts now and lets the result leave later, all at once. Errors: see {@link send}. */
  async prepare(chat: string, messages: readonly proto.IMessage[]): Promise<PreparedMessages> {
    const ids: string[] = []
    const nodes: BinaryNode[] = []
    for (const message of messages) {
      const sent = this.#note(chat, message, this.newId())
      ids.push(sent.id)
      nodes.push(hasAudience(chat) ? await this.#groupNode(sent) : await this.#userStanza(sent, userAddress(chat)))
    }
    return {
      ids,
      send: async () => {
        await Promise.all(nodes.map(node => this.transmit(node)))
      },
    }
  }

  /** A peer message for one own companion: key shares, history. */
  async sendPeer(companion: string, message: proto.IMessage): Promise<void> {
    const { account, signal } = this.#context()
    const session = formatAddress('lid', account.lidUser, parseAddress(companion)?.device)
    await this.#directory.ensureSessions([{ jid: companion, session, lidUser: account.lidUser }])
    const { type, ciphertext } = await signal.encryptMessage({ jid: session, data: encodePadded(message) })
    const id = this.newId()
    this.#sent.set(id, { id, chat: companion, attributes: stanzaAttributesOf(message), message, peer: true })
    await this.transmit(peerStanza(id, companion, { type }, ciphertext))
  }

  /** The answer to a retry request: the same id and content, for the device that asked. */
  async repeat(sent: SentByPhone, requester: string, session: string, count: number): Promise<void> {
    const { account, signal } = this.#context()
    if (sent.peer === true) {
      const { type, ciphertext } = await signal.encryptMessage({ jid: session, data: encodePadded(sent.message) })
      await this.transmit(peerStanza(sent.id, requester, { type, count: String(count) }, ciphertext))
      return
    }
    const group = hasAudience(sent.chat)
    const own = parseAddress(session)?.user === account.lidUser
    const plain = group
      ? await this.groups.withDistribution(sent)
      : own
        ? deviceSent(sent.message, sent.chat)
        : sent.message
    const { type, ciphertext } = await signal.encryptMessage({ jid: session, data: encodePadded(plain) })
    const common = { id: sent.id, type: sent.attributes.type, edit: sent.attributes.edit }
    const attrs = group
      ? { ...common, to: sent.chat, participant: requester, addressing_mode: await this.groups.addressing(sent.chat) }
      : { ...common, to: requester, device_fanout: 'false', recipient: own ? sent.chat : undefined }
    const part = element('enc', { v: '2', type, count: String(count), ...contentAttributes(sent) }, ciphertext)
    const { meta } = sent.attributes
    const parts = Object.keys(meta).length === 0 ? [part] : [part, element('meta', meta)]
    await this.transmit(element('message', attrs, parts))
  }

  newId(): string {
    return `3EB0${this.#context().random.bytes(9).toString('hex').toUpperCase()}`
  }

  #note(chat: string, content: proto.IMessage, id: string, audience?: readonly string[]): SentByPhone {
    const message = completeMessage(content, this.#context().random.bytes(32))
    const attributes = stanzaAttributesOf(message)
    const sent: SentByPhone = { id, chat, attributes, message, ...(audience === undefined ? {} : { audience }) }
    this.#sent.set(id, sent)
    return sent
  }

  /** Keeps a message for what later refers to it, under the name that the chat knows this account by. */
  #remember({ id, chat, message }: SentByPhone, addressing: Addressing): void {
    const { account, memory, service } = this.#context()
    const author = account.jid(addressing)
    const timestamp = service.core.now()
    memory.add({ id, chat, author, fromMe: true, message, timestamp, pushName: account.pushName })
  }

  async #sendToUser(sent: SentByPhone): Promise<void> {
    const address = userAddress(sent.chat)
    this.#remember(sent, address.addressing)
    const first = await this.transmit(await this.#userStanza(sent, address))
    if (first.attrs['phash'] === undefined) return
    const before = await this.#targets(sent.chat, address)
    for (const user of this.#users(sent.chat, address)) this.#directory.forget(user)
    const addressed = new Set(before.map(({ jid }) => jid))
    const missed = (await this.#targets(sent.chat, address)).filter(({ jid }) => !addressed.has(jid))
    if (missed.length > 0) await this.transmit(await this.#userStanza(sent, address, missed))
  }

  /** The stanza for all devices of the chat, or for those that a first one has missed. */
  async #userStanza(sent: SentByPhone, address: Address, missed?: readonly Target[]): Promise<BinaryNode> {
    const targets = missed ?? (await this.#targets(sent.chat, address))
    const { account } = this.#context()
    const plain = encodePadded(sent.message)
    const own = encodePadded(deviceSent(sent.message, sent.chat))
    const copies = await this.#directory.encryptCopies(
      targets,
      target => (target.lidUser === account.lidUser ? own : plain),
      contentAttributes(sent),
    )
    const fanOut = missed === undefined ? undefined : 'false'
    const { type, edit } = sent.attributes
    const attrs = { id: sent.id, to: sent.chat, type, edit, device_fanout: fanOut }
    const children = commonChildren(sent, account.jid(address.addressing))
    return element('message', attrs, [element('participants', {}, copies), ...children])
  }

  #targets(chat: string, address: Address): Promise<Target[]> {
    return this.#directory.devicesOf(this.#users(chat, address), address.addressing)
  }

  /** The partner and the own account, in the addressing of the chat. */
  #users(chat: string, { addressing }: Address): string[] {
    return [...new Set([chat, this.#context().account.jid(addressing)])]
  }

  async #sendToGroup(sent: SentByPhone): Promise<void> {
    for (let round = 0; round < 2; round += 1) {
      const { node, accepted, addressing } = await this.groups.stanza(sent)
      this.#remember(sent, addressing)
      const ack = await this.transmit(node)
      accepted()
      if (ack.attrs['phash'] === undefined) return
      await this.groups.forgetMembers(sent.chat)
    }
  }

  async #groupNode(sent: SentByPhone): Promise<BinaryNode> {
    return (await this.groups.stanza(sent)).node
  }

  /** Sends a stanza as it is, and waits for the ack. @throws KurirError `message-refused` */
  async transmit(node: BinaryNode): Promise<BinaryNode> {
    const ack = await this.#context().wire.sendMessage(node)
    const { error } = ack.attrs
    if (error === undefined) return ack
    throw new KurirError('message-refused', `The service refused the message with ${error}`, {
      statusCode: Number(error),
      data: { id: node.attrs['id'], code: error },
    })
  }
}

const peerStanza = (
  id: string,
  companion: string,
  enc: Readonly<Record<string, string>>,
  ciphertext: Uint8Array,
): BinaryNode => {
  const attrs = { id, to: companion, type: 'text', category: 'peer', push_priority: 'high' }
  const parts = [element('enc', { v: '2', ...enc }, ciphertext), element('meta', { appdata: 'default' })]
  return element('message', attrs, parts)
}

const hasAudience = (chat: string): boolean => chat.endsWith('@g.us') || chat.endsWith('@broadcast')

const userAddress = (chat: string): Address => {
  const address = parseAddress(chat)
  if (address !== undefined) return address
  throw new KurirError('unknown-address', 'A phone writes to users and groups', { data: { chat } })
}
