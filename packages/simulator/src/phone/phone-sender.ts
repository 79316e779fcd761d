import type { BinaryNode } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import { proto } from 'kurir/proto'
import { type Addressing, parseAddress } from '../accounts/address.js'
import { BoundedMap } from '../accounts/bounded-map.js'
import { participantHash } from '../groups/participant-hash.js'
import { element } from '../router/stanzas.js'
import type { PhoneContext } from './phone-context.js'
import type { PhoneDirectory, Target } from './phone-directory.js'

/** What `Phone.send` takes: a text, or a message of any kind. */
export type PhoneContent = { readonly text: string } | { readonly message: proto.IMessage }

/** A message as it may be asked for again. */
export interface SentByPhone {
  readonly id: string
  readonly chat: string
  readonly type: string
  readonly message: proto.IMessage
}

const REMEMBERED = 2000
const TYPE_REACTION = 'reaction'

/** Encrypts messages of a phone for every device and sends them. */
export class PhoneSender {
  readonly #context: () => PhoneContext
  readonly #directory: PhoneDirectory
  readonly #sent = new BoundedMap<string, SentByPhone>(REMEMBERED)
  /** Group → devices (LID) that hold the phone's sender key. */
  readonly #holders = new Map<string, Set<string>>()

  constructor(context: () => PhoneContext, directory: PhoneDirectory) {
    this.#context = context
    this.#directory = directory
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
  async send(chat: string, content: PhoneContent, id = this.newId()): Promise<string> {
    const message = this.#complete(content)
    const sent: SentByPhone = { id, chat, type: stanzaType(message), message }
    this.#sent.set(id, sent)
    if (chat.endsWith('@g.us')) await this.#sendToGroup(sent)
    else await this.#sendToUser(sent)
    return id
  }

  /** A peer message for one own companion: key shares, history. */
  async sendPeer(companion: string, message: proto.IMessage): Promise<void> {
    const address = parseAddress(companion)
    const { account, signal } = this.#context()
    const session = `${account.lidUser}:${address?.device ?? 0}@lid`
    const target: Target = { jid: companion, session, lidUser: account.lidUser }
    await this.#directory.ensureSessions([target])
    const data = encodePadded(message)
    const { type, ciphertext } = await signal.encryptMessage({ jid: session, data })
    const attrs = { id: this.newId(), to: companion, type: 'text', category: 'peer', push_priority: 'high' }
    const parts = [element('enc', { v: '2', type }, ciphertext), element('meta', { appdata: 'default' })]
    await this.#transmit(element('message', attrs, parts))
  }

  /** The answer to a retry request: the same id and content, for the device that asked. */
  async repeat(sent: SentByPhone, requester: string, session: string, count: number): Promise<void> {
    const { account, signal } = this.#context()
    const group = sent.chat.endsWith('@g.us')
    const own = parseAddress(session)?.user === account.lidUser
    const plain = group ? await this.#withDistribution(sent) : own ? deviceSent(sent.message, sent.chat) : sent.message
    const { type, ciphertext } = await signal.encryptMessage({ jid: session, data: encodePadded(plain) })
    const addressing = group ? await this.#addressing(sent.chat) : undefined
    const attrs = group
      ? { id: sent.id, to: sent.chat, type: sent.type, participant: requester, addressing_mode: addressing }
      : { id: sent.id, to: requester, type: sent.type, device_fanout: 'false', recipient: own ? sent.chat : undefined }
    const part = element('enc', { v: '2', type, count: String(count) }, ciphertext)
    await this.#transmit(element('message', attrs, [part]))
  }

  /** A device has lost the key of a group: it gets it again with the next message. */
  forgetHolder(group: string, session: string): void {
    this.#holders.get(group)?.delete(session)
  }

  /** The members of a group have changed: who left must not read on, so a new key begins. */
  async renewGroupKey(group: string): Promise<void> {
    this.#holders.delete(group)
    const { signal, account } = this.#context()
    await signal.deleteSenderKey({ group, jid: account.lid })
  }

  forgetEverything(): void {
    this.#holders.clear()
  }

  newId(): string {
    return `3EB0${this.#context().random.bytes(9).toString('hex').toUpperCase()}`
  }

  #complete(content: PhoneContent): proto.IMessage {
    const message = 'text' in content ? { conversation: content.text } : content.message
    if (message.messageContextInfo?.messageSecret != null) return message
    const messageContextInfo = { ...message.messageContextInfo, messageSecret: this.#context().random.bytes(32) }
    return { ...message, messageContextInfo }
  }

  async #sendToUser(sent: SentByPhone): Promise<void> {
    const { account } = this.#context()
    const address = parseAddress(sent.chat)
    if (address === undefined) {
      throw new KurirError('unknown-address', 'A phone writes to users and groups', { data: { chat: sent.chat } })
    }
    const users = [...new Set([sent.chat, account.jid(address.addressing)])]
    const addressed = new Set<string>()
    for (let round = 0; round < 2; round += 1) {
      const targets = (await this.#directory.devicesOf(users, address.addressing)).filter(
        ({ jid }) => !addressed.has(jid),
      )
      const attrs = { id: sent.id, to: sent.chat, type: sent.type, device_fanout: round === 0 ? undefined : 'false' }
      const copies = await this.#copiesFor(sent, targets)
      for (const { attrs: copy } of copies) addressed.add(copy['jid'] ?? '')
      const ack = await this.#transmit(element('message', attrs, [element('participants', {}, copies)]))
      if (ack.attrs['phash'] === undefined) return
      for (const user of users) this.#directory.forget(user)
    }
  }

  /** One `<to>` per device: own companions get the device-sent form. */
  async #copiesFor(sent: SentByPhone, targets: readonly Target[]): Promise<BinaryNode[]> {
    const { signal, account } = this.#context()
    await this.#directory.ensureSessions(targets)
    const plain = encodePadded(sent.message)
    const own = encodePadded(deviceSent(sent.message, sent.chat))
    const results = await signal.encryptForDevices(
      targets.map(target => target.session),
      (_, index) => (targets[index]?.lidUser === account.lidUser ? own : plain),
    )
    return results.flatMap((result, index) => {
      const target = targets[index]
      if (target === undefined || result.type === 'failed') return []
      const part = element('enc', { v: '2', type: result.type }, result.ciphertext)
      return [element('to', { jid: target.jid }, [part])]
    })
  }

  async #sendToGroup(sent: SentByPhone): Promise<void> {
    const { signal, account } = this.#context()
    for (let round = 0; round < 2; round += 1) {
      const group = await this.#group(sent.chat)
      const targets = await this.#directory.devicesOf(group.members, group.addressing)
      const everybody = [...targets.map(target => target.jid), account.jid(group.addressing)]
      const encrypted = await signal.encryptGroupMessage({
        group: sent.chat,
        meId: account.lid,
        data: encodePadded(sent.message),
      })
      const holders = this.#holders.get(sent.chat) ?? new Set<string>()
      const lacking = targets.filter(target => !holders.has(target.session))
      const copies = await this.#distribute(sent.chat, encrypted.senderKeyDistributionMessage, lacking)
      const attrs = {
        id: sent.id,
        to: sent.chat,
        type: sent.type,
        addressing_mode: group.addressing,
        phash: participantHash(everybody),
      }
      const parts = [
        ...(copies.length === 0 ? [] : [element('participants', {}, copies)]),
        element('enc', { v: '2', type: 'skmsg' }, encrypted.ciphertext),
      ]
      const ack = await this.#transmit(element('message', attrs, parts))
      for (const target of lacking) holders.add(target.session)
      this.#holders.set(sent.chat, holders)
      if (ack.attrs['phash'] === undefined) return
      for (const member of group.members) this.#directory.forget(member)
    }
  }

  async #distribute(group: string, distribution: Uint8Array, targets: readonly Target[]): Promise<BinaryNode[]> {
    const { signal } = this.#context()
    await this.#directory.ensureSessions(targets)
    const data = encodePadded(distributionMessage(group, distribution))
    const results = await signal.encryptForDevices(
      targets.map(target => target.session),
      () => data,
    )
    return results.flatMap((result, index) => {
      const target = targets[index]
      if (target === undefined || result.type === 'failed') return []
      return [element('to', { jid: target.jid }, [element('enc', { v: '2', type: result.type }, result.ciphertext)])]
    })
  }

  async #withDistribution(sent: SentByPhone): Promise<proto.IMessage> {
    const { signal, account } = this.#context()
    const distribution = await signal.getSenderKeyDistributionMessage({ group: sent.chat, meId: account.lid })
    return { ...sent.message, ...distributionMessage(sent.chat, distribution) }
  }

  async #transmit(node: BinaryNode): Promise<BinaryNode> {
    const ack = await this.#context().wire.sendMessage(node)
    const { error } = ack.attrs
    if (error === undefined) return ack
    throw new KurirError('message-refused', `The service refused the message with ${error}`, {
      statusCode: Number(error),
      data: { id: node.attrs['id'], code: error },
    })
  }

  async #addressing(group: string): Promise<Addressing> {
    return (await this.#group(group)).addressing
  }

  async #group(jid: string): Promise<{ addressing: Addressing; members: string[] }> {
    const { wire } = this.#context()
    const answer = await wire.query({ xmlns: 'w:g2', type: 'get', to: jid }, [
      element('query', { request: 'interactive' }),
    ])
    const [group] = Array.isArray(answer.content) ? answer.content : []
    const participants = Array.isArray(group?.content) ? group.content.filter(node => node.tag === 'participant') : []
    return {
      addressing: group?.attrs['addressing_mode'] === 'lid' ? 'lid' : 'pn',
      members: participants.map(({ attrs }) => attrs['jid'] ?? ''),
    }
  }
}

/** The form for own companions (docs/protocol/02 §4.2). */
const deviceSent = (message: proto.IMessage, destinationJid: string): proto.IMessage => ({
  deviceSentMessage: { destinationJid, message },
  ...(message.messageContextInfo == null ? {} : { messageContextInfo: message.messageContextInfo }),
})

const distributionMessage = (groupId: string, bytes: Uint8Array): proto.IMessage => ({
  senderKeyDistributionMessage: { groupId, axolotlSenderKeyDistributionMessage: bytes },
})

/** Encoded, and followed by 1 to 16 bytes that say how many they are (docs/protocol/02 §4.1). */
const encodePadded = (message: proto.IMessage): Buffer => {
  const encoded = proto.Message.encode(message).finish()
  const length = 1 + (encoded.length & 15)
  const padded = Buffer.alloc(encoded.length + length, length)
  padded.set(encoded)
  return padded
}

const stanzaType = (message: proto.IMessage): string => {
  if (message.reactionMessage != null) return TYPE_REACTION
  if (message.pollCreationMessage != null || message.pollUpdateMessage != null) return 'poll'
  return message.conversation != null || message.extendedTextMessage != null || message.protocolMessage != null
    ? 'text'
    : 'media'
}
