import { encodeSignedDeviceIdentity } from '../auth/account-identity.js'
import { jidDecode } from '../binary/jid.js'
import { KurirError } from '../errors/kurir-error.js'
import { wrapDeviceSent } from '../messages/device-sent.js'
import type { EncryptedCopy } from '../messages/fan-out.js'
import { isOwnAccount } from '../messages/own-account.js'
import { padMessage } from '../messages/padding.js'
import { proto } from '../proto/index.js'
import type { SocketCore } from './core.js'
import { ownAccount } from './own-account.js'
import type { SenderKeyHolders } from './sender-key-holders.js'
import type { SessionDirectory } from './session-directory.js'

/** A message encrypted with our sender key, and the key itself for the devices that lack it. */
export interface SenderKeyCopies {
  readonly senderKeyMessage: Uint8Array
  readonly keyDistribution: readonly EncryptedCopy[]
}

/** The bytes of messages: most devices get the same ones. */
export class MessageEncodings {
  readonly #plain = new Map<proto.IMessage, Uint8Array>()
  readonly #deviceSent = new Map<proto.IMessage, Uint8Array>()

  plain(message: proto.IMessage): Uint8Array {
    return cached(this.#plain, message, () => proto.Message.encode(message).finish())
  }

  /** The form for our own devices. */
  deviceSent(message: proto.IMessage, to: string): Uint8Array {
    return cached(this.#deviceSent, message, () => proto.Message.encode(wrapDeviceSent(message, to)).finish())
  }
}

function cached<Key, Value>(cache: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  cache.set(key, made)
  return made
}

interface Attempt {
  readonly copies: readonly EncryptedCopy[]
  readonly failures: readonly { readonly jid: string; readonly error: unknown }[]
}

const nothing: Attempt = { copies: [], failures: [] }

function isWithoutSession(error: unknown): boolean {
  return KurirError.is(error) && error.code === 'no-session'
}

/** Encrypts messages for devices. The ratchet steps are stored when a method resolves (docs/protocol/02, fan-out). */
export class MessageCopies {
  readonly #core: SocketCore
  readonly #sessions: SessionDirectory
  readonly #holders: SenderKeyHolders

  constructor(core: SocketCore, sessions: SessionDirectory, holders: SenderKeyHolders) {
    this.#core = core
    this.#sessions = sessions
    this.#holders = holders
  }

  /** Encrypts one plaintext per device; devices that fail are logged and left out. */
  async encrypt(jids: readonly string[], plaintextFor: (jid: string) => Uint8Array): Promise<EncryptedCopy[]> {
    const first = await this.#tryToEncrypt(jids, plaintextFor)
    // A session can go while its device is asked for others: the news of a new phone came in between.
    const again = first.failures.filter(({ error }) => isWithoutSession(error)).map(({ jid }) => jid)
    const second = again.length === 0 ? nothing : await this.#tryToEncrypt(again, plaintextFor)
    const repeated = new Set(again)
    for (const { jid, error } of [...first.failures.filter(each => !repeated.has(each.jid)), ...second.failures]) {
      this.#core.logger.warn({ jid, err: error }, 'could not encrypt for a device')
    }
    return [...first.copies, ...second.copies]
  }

  async #tryToEncrypt(jids: readonly string[], plaintextFor: (jid: string) => Uint8Array): Promise<Attempt> {
    await this.#sessions.assert(jids)
    const copies: EncryptedCopy[] = []
    const failures: { jid: string; error: unknown }[] = []
    for (const result of await this.#core.repository.encryptForDevices(jids, jid => padMessage(plaintextFor(jid)))) {
      if (result.type === 'failed') failures.push(result)
      else copies.push(result)
    }
    return { copies, failures }
  }

  /** Copies for a 1:1 chat: the message for the recipient's devices, the device-sent form for our own. */
  encryptForChat(
    to: string,
    targets: readonly string[],
    messageFor: (device: string) => proto.IMessage,
    encodings = new MessageEncodings(),
  ): Promise<EncryptedCopy[]> {
    const me = ownAccount(this.#core.creds)
    return this.encrypt(targets, device =>
      isOwnAccount(device, me) ? encodings.deviceSent(messageFor(device), to) : encodings.plain(messageFor(device)),
    )
  }

  /**
   * Encrypts for a group, a status audience or a broadcast list with our sender key. Who left since the last message
   * cannot read this one.
   *
   * @param audience who shall read it. All of them include this device: Baileys lists it as a holder, and its folders are
   *   continued
   */
  async encryptWithSenderKey(
    group: string,
    meId: string,
    { all, others }: { readonly all: readonly string[]; readonly others: readonly string[] },
    encoded: Uint8Array,
  ): Promise<SenderKeyCopies> {
    await this.#holders.rotateIfMembersLeft(group, meId, all)
    const { ciphertext, senderKeyDistributionMessage } = await this.#core.repository.encryptGroupMessage({
      group,
      meId,
      data: padMessage(encoded),
    })
    const lacking = await this.#holders.lacking(group, others)
    const distribution = proto.Message.encode({
      senderKeyDistributionMessage: {
        groupId: group,
        axolotlSenderKeyDistributionMessage: senderKeyDistributionMessage,
      },
    }).finish()
    const keyDistribution = lacking.length === 0 ? [] : await this.encrypt(lacking, () => distribution)
    return { senderKeyMessage: ciphertext, keyDistribution }
  }

  /** Needed beside any copy that opens a session. */
  get deviceIdentity(): Uint8Array | undefined {
    const { account } = this.#core.creds
    return account ? encodeSignedDeviceIdentity(account, true) : undefined
  }
}

const HOSTED_DEVICE = 99

/** Cloud-hosted devices take no part in groups (docs/protocol/02, hosted devices). */
export function isHosted(jid: string): boolean {
  const decoded = jidDecode(jid)
  return decoded?.device === HOSTED_DEVICE || decoded?.server === 'hosted' || decoded?.server === 'hosted.lid'
}

export function allEncryptionsFailed(id: string, jid: string): KurirError {
  return new KurirError('all-encryptions-failed', 'All encryptions failed', {
    statusCode: 500,
    retryable: true,
    data: { id, jid },
  })
}

export function recipientUnknown(id: string, jid: string): KurirError {
  return new KurirError('recipient-unknown', 'The service names no device of the recipient', {
    statusCode: 404,
    data: { id, jid },
  })
}
