import type { BinaryNode } from 'kurir/binary'
import type { proto } from 'kurir/proto'
import { formatAddress, parseAddress } from '../accounts/address.js'
import type { Device } from '../accounts/device.js'
import { contentMisfits } from '../strict/content-rules.js'
import { deviceSentMisfits, stanzaContentMisfits } from '../strict/stanza-content-rules.js'
import type { PhoneContext } from './phone-context.js'

/** A message after decryption. */
export interface Decrypted {
  /** All parts merged, as they were written. */
  readonly message: proto.IMessage
  /** The part that carried the content, and its bytes without pad. */
  readonly part: BinaryNode
  readonly encoded: Uint8Array
}

/** Where a message belongs, as far as rules depend on it. */
export interface InspectedEnvelope {
  readonly chat: string
  /** Device JID. */
  readonly author: string
  readonly authorLid: string
  readonly own: boolean
  readonly group: string | undefined
}

/**
 * Looks at what clients have encrypted, which the service cannot see, and reports what the current client would not
 * send. Phones may send anything: tests let them.
 */
export class PhoneInspector {
  readonly #context: () => PhoneContext

  constructor(context: () => PhoneContext) {
    this.#context = context
  }

  /** @param content without the wrapper for own devices */
  inspect(node: BinaryNode, envelope: InspectedEnvelope, decrypted: Decrypted, content: proto.IMessage): void {
    const sender = this.#client(envelope.author)
    if (sender === undefined) return
    const { core } = this.#context().service
    const lenient = core.modeOf(sender) === 'lenient'
    const misfits = [
      ...this.#wrapping(node, envelope, decrypted.message, lenient),
      ...this.#contentOf(node, envelope, content, sender, lenient),
      ...this.#stanza(node, envelope, decrypted, lenient),
    ]
    for (const misfit of misfits) core.violation(sender, 'invalid-message', misfit, node)
  }

  /** A defect that shows before there is any content. */
  report(author: string, message: string, node: BinaryNode): void {
    const sender = this.#client(author)
    if (sender !== undefined) this.#context().service.core.violation(sender, 'invalid-message', message, node)
  }

  #wrapping(node: BinaryNode, { own, group }: InspectedEnvelope, message: proto.IMessage, lenient: boolean): string[] {
    const { recipient, category } = node.attrs
    if (category === 'peer') return []
    const partner = this.#context().service.core.accounts.resolve(recipient)?.account
    const names = partner === undefined ? [] : [partner.pn, partner.lid]
    const chat = group === undefined ? recipient : undefined
    return deviceSentMisfits(message, { own: own && group === undefined, chat, names, lenient })
  }

  #contentOf(
    node: BinaryNode,
    { chat, author, authorLid, own }: InspectedEnvelope,
    message: proto.IMessage,
    sender: Device,
    lenient: boolean,
  ): string[] {
    const { service, memory } = this.#context()
    const role = service.core.groups.get(chat)?.members.get(sender.account)?.role
    return contentMisfits({
      message,
      chat,
      author: userOf(author),
      authorNames: [formatAddress('lid', authorLid), sender.account.pn],
      own,
      peer: node.attrs['category'] === 'peer',
      lenient,
      find: id => memory.find(id),
      findFile: directPath => service.media.store.find(directPath),
      authorIsAdmin: role === 'admin' || role === 'superadmin',
    })
  }

  /** Copies for own devices are the same message: its first readers check it. */
  #stanza(node: BinaryNode, { chat, author, own, group }: InspectedEnvelope, decrypted: Decrypted, lenient: boolean) {
    if (own) return []
    const addressing = parseAddress(author)?.addressing ?? 'pn'
    const remote = group === undefined ? this.#context().account.jid(addressing) : chat
    return stanzaContentMisfits({ node, ...decrypted, lenient, sender: userOf(author), remote })
  }

  /** The client that wrote a message; undefined for phones. */
  #client(author: string): Device | undefined {
    const device = this.#context().service.core.accounts.resolve(author)?.device
    return device === undefined || device.id === 0 ? undefined : device
  }
}

const userOf = (deviceJid: string): string => deviceJid.replace(/:\d+@/, '@')
