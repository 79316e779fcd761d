import { type BinaryNode, getBinaryNodeChildren } from 'kurir/binary'
import { KurirError } from 'kurir/errors'
import { proto } from 'kurir/proto'
import type { SignalErrorData } from 'kurir/signal'
import { formatAddress, parseAddress } from '../accounts/address.js'
import { BoundedMap } from '../accounts/bounded-map.js'
import { bytesOf, element } from '../router/stanzas.js'
import type { PhoneContext } from './phone-context.js'
import { type Decrypted, PhoneInspector } from './phone-inspector.js'
import type { PhoneMessage } from './phone-messages.js'
import { type OpenedAddOn, openAddOn } from './phone-opening.js'
import { readPost } from './phone-posts.js'
import type { PhoneRetries } from './phone-retries.js'

/** What the receiver hands on. */
export interface ReceiverEvents {
  /** A message to show. */
  message(message: PhoneMessage): void
  /** A protocol message of an own companion that only the phone can answer. */
  peer(companion: string, id: string, message: proto.IMessage): void
}

/** Where a message belongs. */
interface Envelope {
  readonly id: string
  readonly chat: string
  /** Device JID of the author as the stanza names it. */
  readonly author: string
  /** LID device JID of the author: where its session is filed. */
  readonly session: string
  readonly authorLid: string
  readonly own: boolean
  readonly group: string | undefined
}

const REMEMBERED = 20_000

/** Decrypts what comes to a phone, answers with receipts, and asks again for what it cannot read. */
export class PhoneReceiver {
  readonly #context: () => PhoneContext
  readonly #retries: PhoneRetries
  readonly #events: ReceiverEvents
  readonly #inspector: PhoneInspector
  /** `author/id` of messages that were read: they may come again. */
  readonly #seen = new BoundedMap<string, true>(REMEMBERED)
  /** LID user → phone number user, as stanzas told. */
  readonly #numbers = new BoundedMap<string, string>(REMEMBERED)
  /** The other way round. */
  readonly #lids = new BoundedMap<string, string>(REMEMBERED)

  constructor(context: () => PhoneContext, retries: PhoneRetries, events: ReceiverEvents) {
    this.#context = context
    this.#inspector = new PhoneInspector(context)
    this.#retries = retries
    this.#events = events
  }

  async receive(node: BinaryNode): Promise<void> {
    if (node.attrs['from']?.endsWith('@newsletter') === true) {
      this.#takePost(node)
      return
    }
    const envelope = this.#envelope(node)
    if (envelope === undefined) return
    const key = `${envelope.session}/${envelope.id}`
    if (this.#seen.has(key)) {
      this.#receipt(node, envelope)
      return
    }
    try {
      const decrypted = await this.#decrypt(node, envelope)
      this.#seen.set(key, true)
      this.#receipt(node, envelope)
      if (decrypted !== undefined) this.#deliver(node, envelope, decrypted)
    } catch (error) {
      if (!KurirError.is(error)) throw error
      const { retryReason } = (error.data ?? {}) as SignalErrorData
      if (error.code === 'invalid-padding') this.#inspector.report(envelope.author, error.message, node)
      if (error.code === 'duplicate-message') this.#receipt(node, envelope)
      else await this.#retries.ask(node, retryReason ?? 0)
    }
  }

  /** A post of a channel: it is not encrypted, and is acked. */
  #takePost(node: BinaryNode): void {
    const { id = '', from = '', t, type, offline, is_sender, server_id, edit } = node.attrs
    this.#context().wire.write(element('ack', { id, to: from, class: 'message', type }))
    const message = readPost(node)
    const [timestamp, fromMe, serverId] = [Number(t ?? 0), is_sender === 'true', Number(server_id)]
    const common = { id, chat: from, fromMe, message, timestamp, pushName: undefined, serverId }
    if (edit !== '8') this.#context().memory.add({ ...common, author: from })
    this.#events.message({
      ...common,
      chatPn: from,
      sender: from,
      senderPn: from,
      text: message.conversation ?? message.extendedTextMessage?.text ?? undefined,
      addOn: undefined,
      offline: offline !== undefined,
      retries: 0,
    })
  }

  /** Sends the receipt for a message without reading it. */
  confirm(node: BinaryNode): void {
    const envelope = this.#envelope(node)
    if (envelope !== undefined) this.#receipt(node, envelope)
  }

  /** The content of all parts, merged; undefined when it was only a key. */
  async #decrypt(node: BinaryNode, envelope: Envelope): Promise<Decrypted | undefined> {
    const { signal } = this.#context()
    let merged: Decrypted | undefined
    const parts = getBinaryNodeChildren(node, 'enc')
    if (parts.length === 0) throw new KurirError('invalid-message', 'The message has no content for this device')
    // Pairwise parts stand first: they may bring the key that the group part needs.
    for (const part of parts) {
      const { type } = part.attrs
      const ciphertext = bytesOf(part) ?? Buffer.alloc(0)
      const padded =
        type === 'skmsg'
          ? await signal.decryptGroupMessage({ group: envelope.chat, authorJid: envelope.session, msg: ciphertext })
          : await signal.decryptMessage({ jid: envelope.session, type: type === 'pkmsg' ? 'pkmsg' : 'msg', ciphertext })
      const encoded = unpad(padded)
      const message = proto.Message.decode(encoded)
      const distribution = message.senderKeyDistributionMessage
      if (distribution != null) {
        if (distribution.groupId !== envelope.chat) {
          this.#inspector.report(envelope.author, 'a sender key is for the chat that its message is in', node)
        }
        await signal.processSenderKeyDistributionMessage({ item: distribution, authorJid: envelope.session })
      }
      const { senderKeyDistributionMessage: _, ...content } = message
      if (Object.values(content).some(value => value != null)) {
        merged = { message: { ...merged?.message, ...content }, part, encoded }
      }
    }
    return merged
  }

  #deliver(node: BinaryNode, envelope: Envelope, decrypted: Decrypted): void {
    const { message } = decrypted
    const content = envelope.own ? unwrapDeviceSent(message) : message
    this.#inspector.inspect(node, envelope, decrypted, content)
    if (content.protocolMessage != null && node.attrs['category'] === 'peer') {
      this.#events.peer(envelope.author, envelope.id, content)
      return
    }
    const timestamp = Number(node.attrs['t'] ?? 0)
    const { id, chat, own: fromMe } = envelope
    const pushName = node.attrs['notify']
    this.#context().memory.add({
      id,
      chat,
      author: userOf(envelope.author),
      fromMe,
      message: content,
      timestamp,
      pushName,
    })
    this.#events.message({
      id: envelope.id,
      chat: envelope.chat,
      chatPn: this.#numberOf(envelope.chat),
      sender: envelope.author,
      senderPn: this.#numberOf(formatAddress('lid', envelope.authorLid)),
      fromMe: envelope.own,
      text: content.conversation ?? content.extendedTextMessage?.text ?? undefined,
      message: content,
      addOn: this.#open(node, content, envelope),
      timestamp,
      pushName,
      serverId: undefined,
      offline: node.attrs['offline'] !== undefined,
      retries: this.#retries.countFor(envelope.session, envelope.id),
    })
  }

  #open(node: BinaryNode, content: proto.IMessage, envelope: Envelope): OpenedAddOn | undefined {
    const lid = formatAddress('lid', envelope.authorLid)
    const author = { lid, pn: this.#numberOf(lid) }
    try {
      return openAddOn(content, author, this.#context().memory, jid => this.#twinName(jid))
    } catch (error) {
      if (!KurirError.is(error)) throw error
      this.#inspector.report(envelope.author, error.message, node)
      return undefined
    }
  }

  /** The name of a user in the other namespace, as far as stanzas have told it. */
  #twinName(jid: string): string | undefined {
    const address = parseAddress(jid)
    const { account } = this.#context()
    if (address === undefined) return undefined
    if (address.addressing === 'lid') return this.#numberOf(jid)
    if (address.user === account.pnUser) return account.lid
    const lidUser = this.#lids.get(address.user)
    return lidUser === undefined ? undefined : formatAddress('lid', lidUser)
  }

  #receipt(node: BinaryNode, envelope: Envelope): void {
    const { from, participant, recipient, category } = node.attrs
    const attrs = { id: envelope.id, to: from, participant }
    if (category === 'peer') this.#write({ ...attrs, type: 'peer_msg' })
    else if (envelope.own && envelope.group === undefined) this.#write({ ...attrs, recipient, type: 'sender' })
    else this.#write(envelope.own ? { ...attrs, type: 'sender' } : attrs)
  }

  #write(attrs: Readonly<Record<string, string | undefined>>): void {
    this.#context().wire.write(element('receipt', attrs))
  }

  #envelope(node: BinaryNode): Envelope | undefined {
    const { id, from, participant, recipient } = node.attrs
    const group = participant === undefined ? undefined : from
    const author = participant ?? from
    const address = parseAddress(author)
    if (id === undefined || from === undefined || author === undefined || address === undefined) return undefined
    const { account } = this.#context()
    const twin = parseAddress(this.#twinOf(node))
    const lidUser =
      address.addressing === 'lid' ? address.user : address.user === account.pnUser ? account.lidUser : twin?.user
    if (lidUser === undefined) return undefined
    const own = lidUser === account.lidUser
    const pnUser = address.addressing === 'pn' ? address.user : own ? account.pnUser : twin?.user
    if (pnUser !== undefined) this.#learn(lidUser, pnUser)
    this.#learnPartner(node)
    return {
      id,
      chat: group ?? (own ? (recipient ?? from) : from.replace(/:\d+@/, '@')),
      author,
      session: formatAddress('lid', lidUser, address.device),
      authorLid: lidUser,
      own,
      group,
    }
  }

  #twinOf(node: BinaryNode): string | undefined {
    const { sender_lid, sender_pn, participant_lid, participant_pn } = node.attrs
    return participant_lid ?? participant_pn ?? sender_lid ?? sender_pn
  }

  /** In a copy of an own message the twin of the chat partner is named. */
  #learnPartner(node: BinaryNode): void {
    const recipient = parseAddress(node.attrs['recipient'])
    const partnerNumber = parseAddress(node.attrs['peer_recipient_pn'])
    if (recipient?.addressing === 'lid' && partnerNumber !== undefined) {
      this.#learn(recipient.user, partnerNumber.user)
    }
  }

  #learn(lidUser: string, pnUser: string): void {
    this.#numbers.set(lidUser, pnUser)
    this.#lids.set(pnUser, lidUser)
  }

  #numberOf(jid: string): string {
    const address = parseAddress(jid)
    if (address?.addressing !== 'lid') return jid
    const { account } = this.#context()
    const number = address.user === account.lidUser ? account.pnUser : this.#numbers.get(address.user)
    return number === undefined ? jid : formatAddress('pn', number)
  }
}

/** The message that another own device has sent; its context may stand on either level. */
const unwrapDeviceSent = (message: proto.IMessage): proto.IMessage => {
  const inner = message.deviceSentMessage?.message
  if (inner == null) return message
  const messageContextInfo = inner.messageContextInfo ?? message.messageContextInfo
  return messageContextInfo == null ? inner : { ...inner, messageContextInfo }
}

const userOf = (deviceJid: string): string => deviceJid.replace(/:\d+@/, '@')

/** Removes the pad after checking all of it. */
const unpad = (padded: Uint8Array): Uint8Array => {
  const length = padded.at(-1) ?? 0
  const start = padded.length - length
  if (length < 1 || length > 16 || start < 0 || padded.subarray(start).some(byte => byte !== length)) {
    throw new KurirError('invalid-padding', 'The decrypted message has a wrong pad')
  }
  return padded.subarray(0, start)
}
