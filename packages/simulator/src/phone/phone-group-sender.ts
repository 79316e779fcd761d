import type { BinaryNode } from 'kurir/binary'
import type { proto } from 'kurir/proto'
import type { Addressing } from '../accounts/address.js'
import { participantHash } from '../groups/participant-hash.js'
import { element } from '../router/stanzas.js'
import { distributionMessage, encodePadded, type SentByPhone } from './phone-content.js'
import type { PhoneContext } from './phone-context.js'
import type { PhoneDirectory, Target } from './phone-directory.js'
import { commonChildren, contentAttributes } from './phone-stanza.js'

/** A group message that is ready to leave, and what to note once it was accepted. */
export interface GroupStanza {
  readonly node: BinaryNode
  /** By which its members are named. */
  readonly addressing: Addressing
  accepted(): void
}

interface Audience {
  readonly addressing: Addressing
  /** User JIDs. */
  readonly members: readonly string[]
}

const STATUS = 'status@broadcast'

/** Encrypts messages of a phone to groups, lists and the status audience: the sender key for those who lack it, the content for all. */
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
    const group = await this.#audience(sent)
    const targets = await this.#directory.devicesOf(group.members, group.addressing)
    const content = { group: sent.chat, meId: account.lid, data: encodePadded(sent.message) }
    const encrypted = await signal.encryptGroupMessage(content)
    const holders = this.#holders.get(sent.chat) ?? new Set<string>()
    const lacking = targets.filter(target => !holders.has(target.session))
    const copies = await this.#distribute(sent.chat, encrypted.senderKeyDistributionMessage, lacking)
    const { type, edit } = sent.attributes
    const attrs = { id: sent.id, to: sent.chat, type, edit, ...this.#groupAttributes(sent.chat, group, targets) }
    const entries = isGroup(sent.chat) ? copies : [...copies, ...holdersOf(targets, lacking)]
    const parts = [
      ...(entries.length === 0 ? [] : [element('participants', {}, entries)]),
      element('enc', { v: '2', type: 'skmsg', ...contentAttributes(sent) }, encrypted.ciphertext),
      ...commonChildren(sent, account.jid(group.addressing), statusMeta(sent)),
    ]
    return {
      node: element('message', attrs, parts),
      addressing: group.addressing,
      accepted: () => {
        for (const target of lacking) holders.add(target.session)
        this.#holders.set(sent.chat, holders)
      },
    }
  }

  /** The service names other devices than were addressed: all lists of the members are looked up again. */
  async forgetMembers(group: string): Promise<void> {
    if (!isGroup(group)) return
    for (const member of (await this.#group(group)).members) this.#directory.forget(member)
  }

  /** A message together with the sender key, for a device that could not read it. */
  async withDistribution(sent: SentByPhone): Promise<proto.IMessage> {
    const { signal, account } = this.#context()
    const distribution = await signal.getSenderKeyDistributionMessage({ group: sent.chat, meId: account.lid })
    return { ...sent.message, ...distributionMessage(sent.chat, distribution) }
  }

  /** How members are named in a group; undefined where messages do not say, as in status posts. */
  async addressing(chat: string): Promise<Addressing | undefined> {
    return isGroup(chat) ? (await this.#group(chat)).addressing : undefined
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

  /** Members of a group; for status posts and lists whom the message names, and the own other devices. */
  async #audience(sent: SentByPhone): Promise<Audience> {
    if (isGroup(sent.chat)) return await this.#group(sent.chat)
    const addressing: Addressing = sent.chat === STATUS ? 'lid' : 'pn'
    return { addressing, members: [...new Set([...(sent.audience ?? []), this.#context().account.jid(addressing)])] }
  }

  #groupAttributes(chat: string, { addressing }: Audience, targets: readonly Target[]) {
    if (chat === STATUS) return {}
    const everybody = [...targets.map(target => target.jid), this.#context().account.jid(addressing)]
    const phash = participantHash(everybody)
    return isGroup(chat) ? { addressing_mode: addressing, phash } : { phash }
  }

  async #group(jid: string): Promise<Audience> {
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

const isGroup = (chat: string): boolean => chat.endsWith('@g.us')

/** Posts go to who is named: users with a device that has the key already stand there without a ciphertext. */
const holdersOf = (targets: readonly Target[], lacking: readonly Target[]): BinaryNode[] => {
  const holding = targets.filter(target => !lacking.includes(target))
  return [...new Set(holding.map(({ jid }) => userOf(jid)))].map(jid => element('to', { jid }))
}

const userOf = (deviceJid: string): string => deviceJid.replace(/:\d+@/, '@')

/** Posts say to whom the account shows its status; reactions and revokes do not. */
const statusMeta = ({ chat, attributes }: SentByPhone): Readonly<Record<string, string>> =>
  chat === STATUS && attributes.edit === undefined && attributes.type !== 'reaction'
    ? { status_setting: 'contacts' }
    : {}
