import type { proto } from '../proto/index.js'
import type { Awaitable } from './key-store.js'
import type { LIDMappings } from './lid-mapping.js'
import type { SignalError } from './signal-error.js'
import type { E2ESession } from './x3dh.js'

/** How a pairwise ciphertext travels: with what is needed to begin a session, or without. */
export type SignalMessageType = 'pkmsg' | 'msg'

/**
 * Runs inside the transaction of a decryption, after the step of the ratchet has been written and before anything is
 * committed. Whatever it writes to the key store is committed together with the step; if it throws, nothing is, and the
 * message can be decrypted again.
 *
 * It may decrypt group messages and take in sender keys, but must not touch other sessions or store LID mappings: their
 * locks come before the one that is held.
 */
export type CommitHook = (plaintext: Uint8Array) => Awaitable<void>

/**
 * End-to-end encryption for one account: the interface of Baileys (docs/protocol/06, socket members). Errors are
 * {@link SignalError}s; `error.data.retryReason` is what a retry receipt says.
 */
export interface SignalRepository {
  decryptGroupMessage(options: { group: string; authorJid: string; msg: Uint8Array }): Promise<Uint8Array>
  processSenderKeyDistributionMessage(options: {
    item: proto.Message.ISenderKeyDistributionMessage
    authorJid: string
  }): Promise<void>
  decryptMessage(options: { jid: string; type: SignalMessageType; ciphertext: Uint8Array }): Promise<Uint8Array>
  encryptMessage(options: {
    jid: string
    data: Uint8Array
  }): Promise<{ type: SignalMessageType; ciphertext: Uint8Array }>
  /** `meId` is the own JID as the group addresses us: it names the sender key. */
  encryptGroupMessage(options: {
    group: string
    data: Uint8Array
    meId: string
  }): Promise<{ senderKeyDistributionMessage: Uint8Array; ciphertext: Uint8Array }>
  getSenderKeyDistributionMessage(options: { group: string; meId: string }): Promise<Uint8Array>
  hasSenderKey(options: { group: string; meId: string }): Promise<boolean>
  /** Base key (33 bytes) and remote registration id of the open session; null when there is none. */
  getSessionInfo(jid: string): Promise<{ baseKey: Uint8Array; registrationId: number } | null>
  injectE2ESession(options: { jid: string; session: E2ESession }): Promise<void>
  validateSession(jid: string): Promise<{ exists: boolean; reason?: string }>
  jidToSignalProtocolAddress(jid: string): string
  migrateSession(fromJid: string, toJid: string): Promise<{ migrated: number; skipped: number; total: number }>
  deleteSession(jids: string[]): Promise<void>
}

export interface SignalRepositoryWithLIDStore extends SignalRepository {
  lidMapping: LIDMappings
  close?(): void
}

/** The copy of a message for one device, or why there is none. */
export type DeviceCiphertext =
  | { readonly jid: string; readonly type: SignalMessageType; readonly ciphertext: Uint8Array }
  | { readonly jid: string; readonly type: 'failed'; readonly error: SignalError }

/** A device that shows another identity than before; keys are raw 32 bytes. */
export interface IdentityChange {
  /** As the message or the bundle named the device. */
  readonly jid: string
  /** The Signal address that the identity is filed under. */
  readonly address: string
  readonly previous: Uint8Array
  readonly current: Uint8Array
}

/** What Kurir's own repository can do besides. */
export interface KurirSignalRepository extends SignalRepositoryWithLIDStore {
  decryptMessage(options: {
    jid: string
    type: SignalMessageType
    ciphertext: Uint8Array
    commit?: CommitHook
  }): Promise<Uint8Array>
  decryptGroupMessage(options: {
    group: string
    authorJid: string
    msg: Uint8Array
    commit?: CommitHook
  }): Promise<Uint8Array>
  /** With `chat`, a distribution message that names another group is refused. */
  processSenderKeyDistributionMessage(options: {
    item: proto.Message.ISenderKeyDistributionMessage
    authorJid: string
    chat?: string
  }): Promise<void>
  /**
   * Encrypts for many devices in one transaction: one read, one write. Results stand in the order of `jids`; a device
   * without a session fails alone.
   */
  encryptForDevices(
    jids: readonly string[],
    plaintextFor: (jid: string, index: number) => Uint8Array,
  ): Promise<DeviceCiphertext[]>
  /** Builds sessions from several bundles in one transaction; a bundle that is refused fails alone. */
  injectE2ESessions(
    sessions: readonly { readonly jid: string; readonly session: E2ESession }[],
  ): Promise<{ readonly jid: string; readonly error: SignalError | undefined }[]>
  /** Which of the devices have an open session, in one read. */
  devicesWithSession(jids: readonly string[]): Promise<Set<string>>
  /** The identity on record for a device: raw 32 bytes. */
  getIdentityKey(jid: string): Promise<Uint8Array | undefined>
  /**
   * Puts an identity on record that was learned otherwise than by a message or bundle. When it replaces another, the
   * open session is archived, and the change is reported.
   *
   * @param identityKey 32 bytes, or 33 with type 05
   * @returns true when the identity is new or another
   */
  saveIdentityKey(jid: string, identityKey: Uint8Array): Promise<boolean>
  /** Forgets a sender key: our own, to make the next message begin a new one, or that of a member. */
  deleteSenderKey(options: { group: string; jid: string }): Promise<void>
  close(): void
}
