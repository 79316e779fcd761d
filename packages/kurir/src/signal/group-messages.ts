import type { proto } from '../proto/index.js'
import {
  decryptFromGroup,
  distributionOf,
  encryptForGroup,
  hasKeyId,
  ownSenderKey,
  withDistribution,
  withNewSenderKey,
} from './group-cipher.js'
import type { CommitHook } from './repository-contract.js'
import { decodeSenderKeyDistribution, decodeSenderKeyMessage, type SenderKeyMessage } from './sender-key-message.js'
import type { SenderKeyRecord } from './sender-key-record.js'
import type { FoundSenderKey, SenderKeyLocation, SenderKeyStore } from './sender-key-store.js'
import { SignalError } from './signal-error.js'

interface IncomingGroupMessage {
  readonly group: string
  readonly authorJid: string
  readonly msg: Uint8Array
  readonly commit?: CommitHook | undefined
}

/** Sender keys over the store: each operation is one transaction under the lock of (group, user). */
export class GroupMessages {
  readonly #store: SenderKeyStore

  constructor(store: SenderKeyStore) {
    this.#store = store
  }

  /** Encrypts with the own key, which is made when there is none; the distribution message is from before the message. */
  async encrypt(
    group: string,
    meId: string,
    plaintext: Uint8Array,
  ): Promise<{ senderKeyDistributionMessage: Uint8Array; ciphertext: Uint8Array }> {
    const location = this.#store.locateOwn(group, meId)
    return this.#store.exclusively(location, async () => {
      const { record, distribution, isNew } = await this.#ownKey(location)
      const encrypted = encryptForGroup(record, plaintext)
      if (isNew) await this.#store.saveNewOwn(location, encrypted.record)
      else await this.#store.save({ name: location.name, outdated: undefined }, encrypted.record)
      return { senderKeyDistributionMessage: distribution, ciphertext: encrypted.ciphertext }
    })
  }

  /** The distribution message of the own key, which is made when there is none. */
  async distribution(group: string, meId: string): Promise<Uint8Array> {
    const location = this.#store.locateOwn(group, meId)
    return this.#store.exclusively(location, async () => {
      const { record, distribution, isNew } = await this.#ownKey(location)
      if (isNew) await this.#store.saveNewOwn(location, record)
      return distribution
    })
  }

  async hasOwnKey(group: string, meId: string): Promise<boolean> {
    return this.#store.exists(this.#store.locateOwn(group, meId))
  }

  /**
   * Takes in the sender key of a member.
   *
   * @throws SignalError `invalid-message`, `invalid-message-key`
   */
  async takeIn(message: {
    readonly item: proto.Message.ISenderKeyDistributionMessage
    readonly authorJid: string
    readonly chat?: string | undefined
  }): Promise<void> {
    const { item, authorJid, chat } = message
    const { groupId, axolotlSenderKeyDistributionMessage: bytes } = item
    if (!groupId || !bytes) throw new SignalError('invalid-message', { jid: authorJid, detail: 'empty distribution' })
    if (chat !== undefined && chat !== groupId) {
      throw new SignalError('invalid-message', {
        jid: authorJid,
        group: groupId,
        detail: 'the key is for another group',
      })
    }
    const distribution = decodeSenderKeyDistribution(bytes)
    const location = await this.#store.locate(groupId, authorJid)
    await this.#store.exclusively(location, async () => {
      const found = await this.#store.load(location)
      await this.#store.save(found, withDistribution(found.record, distribution))
    })
  }

  /** Decrypts a message of a member. */
  async decrypt({ group, authorJid, msg, commit }: IncomingGroupMessage): Promise<Uint8Array> {
    try {
      const message = decodeSenderKeyMessage(msg)
      const location = await this.#store.locate(group, authorJid)
      const plaintext = await this.#store.exclusively(location, async () => {
        const found = await this.#store.load(location)
        return hasKeyId(found.record, message.keyId) ? this.#read(found, message, commit) : undefined
      })
      return plaintext ?? (await this.#decryptElsewhere({ group, authorJid, msg, commit }, message))
    } catch (error) {
      throw error instanceof SignalError ? error.locate({ jid: authorJid, group }) : error
    }
  }

  /** Forgets the key filed for a JID; for our own, the JID that the group knows us by. */
  async delete(group: string, jid: string): Promise<void> {
    const exact = this.#store.locateOwn(group, jid)
    await this.#store.exclusively(exact, () => this.#store.delete(exact))
    const preferred = await this.#store.locate(group, jid, true)
    if (preferred.name !== exact.name || preferred.twin !== undefined) {
      await this.#store.exclusively(preferred, () => this.#store.delete(preferred))
    }
  }

  /** The key is not where it belongs: look under the phone number and among the user's other devices. */
  async #decryptElsewhere(
    { group, authorJid, commit }: IncomingGroupMessage,
    message: SenderKeyMessage,
  ): Promise<Uint8Array> {
    const wide = await this.#store.locate(group, authorJid, true)
    return this.#store.exclusively(wide, async () => {
      const filed = await this.#store.load(wide)
      const found = hasKeyId(filed.record, message.keyId)
        ? filed
        : await this.#store.findAmongDevices(wide, message.keyId)
      if (found === undefined) throw new SignalError('no-sender-key', { keyId: message.keyId })
      return this.#read(found, message, commit)
    })
  }

  async #read(found: FoundSenderKey, message: SenderKeyMessage, commit: CommitHook | undefined): Promise<Uint8Array> {
    const { record, plaintext } = decryptFromGroup(found.record, message)
    await this.#store.save(found, record)
    if (commit !== undefined) await commit(plaintext)
    return plaintext
  }

  async #ownKey(location: SenderKeyLocation): Promise<{
    readonly record: SenderKeyRecord
    readonly distribution: Buffer
    readonly isNew: boolean
  }> {
    const stored = (await this.#store.load(location)).record
    const known = ownSenderKey(stored)
    if (known !== undefined) return { record: stored, distribution: distributionOf(known), isNew: false }
    const record = withNewSenderKey(stored)
    const [made] = record.states
    if (made === undefined) throw new SignalError('no-sender-key')
    return { record, distribution: distributionOf(made), isNew: true }
  }
}
