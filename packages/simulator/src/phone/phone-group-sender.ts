import type { BinaryNode } from 'kurir/binary'
import type { proto } from 'kurir/proto'
import type { Addressing } from '../accounts/address.js'
import { participantHash } from '../groups/participant-hash.js'
import { element } from '../router/stanzas.js'
import { distributionMessage, encodePadded, type SentByPhone } from './phone-content.js'
import type { PhoneContext } from './phone-context.js'
import type { PhoneDirectory, Target } from './phone-directory.js'

/** A group message that is ready to leave, and what to note once it was accepted. */
export interface GroupStanza {
  readonly node: BinaryNode
  accepted(): void
}

/** Encrypts group messages of a phone: the sender key for those who lack it, the content for all. */
export class PhoneGroupSender {
  readonly #context: () => PhoneContext
  readonly #directory: PhoneDirectory
  /** Group → devices (LID) that hold the phone's sender key. */
  readonly #holders = new Map<string, Set<string>>()

  constructor(context: () => PhoneContext, directory: PhoneDirectory) {
    this.#context = context
    this.#directory = directory
  }

  async stanza(sent: SentByPhone): Promise<GroupStanza> {
    const { signal, account } = this.#context()
    const group = await this.#group(sent.chat)
    const targets = await this.#directory.devicesOf(group.members, group.addressing)
    const everybody = [...targets.map(target => target.jid), account.jid(group.addressing)]
    const content = { group: sent.chat, meId: account.lid, data: encodePadded(sent.message) }
    const encrypted = await signal.encryptGroupMessage(content)
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
    return {
      node: element('message', attrs, parts),
      accepted: () => {
        for (const target of lacking) holders.add(target.session)
        this.#holders.set(sent.chat, holders)
      },
    }
  }

  /** The service names other devices than were addressed: all lists of the members are looked up again. */
  async forgetMembers(group: string): Promise<void> {
    for (const member of (await this.#group(group)).members) this.#directory.forget(member)
  }

  /** A message together with the sender key, for a device that could not read it. */
  async withDistribution(sent: SentByPhone): Promise<proto.IMessage> {
    const { signal, account } = this.#context()
    const distribution = await signal.getSenderKeyDistributionMessage({ group: sent.chat, meId: account.lid })
    return { ...sent.message, ...distributionMessage(sent.chat, distribution) }
  }

  async addressing(group: string): Promise<Addressing> {
    return (await this.#group(group)).addressing
  }

  /** A device has lost the key of a group: it gets it again with the next message. */
  forgetHolder(group: string, session: string): void {
    this.#holders.get(group)?.delete(session)
  }

  /** The members of a group have changed: who left must not read on, so a new key begins. */
  async renewKey(group: string): Promise<void> {
    this.#holders.delete(group)
    const { signal, account } = this.#context()
    await signal.deleteSenderKey({ group, jid: account.lid })
  }

  forgetEverything(): void {
    this.#holders.clear()
  }

  async #distribute(group: string, distribution: Uint8Array, targets: readonly Target[]): Promise<BinaryNode[]> {
    if (targets.length === 0) return []
    const data = encodePadded(distributionMessage(group, distribution))
    return await this.#directory.encryptCopies(targets, () => data)
  }

  async #group(jid: string): Promise<{ readonly addressing: Addressing; readonly members: readonly string[] }> {
    const { wire } = this.#context()
    const query = element('query', { request: 'interactive' })
    const answer = await wire.query({ xmlns: 'w:g2', type: 'get', to: jid }, [query])
    const [group] = Array.isArray(answer.content) ? answer.content : []
    const participants = Array.isArray(group?.content) ? group.content.filter(node => node.tag === 'participant') : []
    return {
      addressing: group?.attrs['addressing_mode'] === 'lid' ? 'lid' : 'pn',
      members: participants.map(({ attrs }) => attrs['jid'] ?? ''),
    }
  }
}
