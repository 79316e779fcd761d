import { rawPublicKey, typedPublicKey } from '../crypto/curve.js'
import type { ILogger } from '../logger/logger.js'
import { jidToSignalAddress } from './address.js'
import { GroupMessages } from './group-messages.js'
import type { SignalAuthState } from './key-store.js'
import { LIDMappingStore, type PnToLIDFunction } from './lid-mapping.js'
import type { IdentityChange, KurirSignalRepository } from './repository-contract.js'
import { requireTransactions } from './scopes.js'
import { SenderKeyStore } from './sender-key-store.js'
import { copyKey } from './session.js'
import { SessionMessages } from './session-messages.js'
import { migrateUserSessions } from './session-migration.js'
import { archiveCurrent } from './session-record.js'
import { SessionStore } from './session-store.js'

export type {
  CommitHook,
  DeviceCiphertext,
  IdentityChange,
  KurirSignalRepository,
  SignalMessageType,
  SignalRepository,
  SignalRepositoryWithLIDStore,
} from './repository-contract.js'
export type { E2ESession } from './x3dh.js'

export interface SignalRepositoryOptions {
  /** Milliseconds since 1970; `Date.now` when absent. */
  readonly clock?: () => number
  /** Called after the transaction in which a device showed another identity than before. */
  readonly onIdentityChange?: (change: IdentityChange) => void
}

/**
 * The repository of one account: X3DH, double ratchet and sender keys over the account's key store. `auth.keys` must
 * have transactions (`addTransactionCapability`); several repositories on one store share its caches and locks.
 *
 * @param pnToLIDFunc asks the service for LIDs; used by `lidMapping` only, never while encrypting or decrypting
 * @throws SignalError `transactions-required`
 */
export function makeLibSignalRepository(
  auth: SignalAuthState,
  logger: ILogger,
  pnToLIDFunc?: PnToLIDFunction,
  options: SignalRepositoryOptions = {},
): KurirSignalRepository {
  const keys = requireTransactions(auth.keys)
  const { clock = Date.now, onIdentityChange } = options
  const lidMapping = new LIDMappingStore(keys, logger, pnToLIDFunc, { clock })
  const sessions = new SessionStore(keys, lidMapping, logger)
  const pairwise = new SessionMessages({ auth, keys, sessions, clock, onIdentityChange })
  const groups = new GroupMessages(new SenderKeyStore(keys, lidMapping, logger))

  return {
    lidMapping,
    jidToSignalProtocolAddress: jidToSignalAddress,
    encryptMessage: ({ jid, data }) => pairwise.encrypt(jid, data),
    encryptForDevices: (jids, plaintextFor) => pairwise.encryptForDevices(jids, plaintextFor),
    decryptMessage: message => pairwise.decrypt(message),
    injectE2ESession: async ({ jid, session }) => {
      const [result] = await pairwise.inject([{ jid, session }])
      if (result?.error !== undefined) throw result.error
    },
    injectE2ESessions: list => pairwise.inject(list),
    encryptGroupMessage: ({ group, meId, data }) => groups.encrypt(group, meId, data),
    getSenderKeyDistributionMessage: ({ group, meId }) => groups.distribution(group, meId),
    hasSenderKey: ({ group, meId }) => groups.hasOwnKey(group, meId),
    processSenderKeyDistributionMessage: message => groups.takeIn(message),
    decryptGroupMessage: message => groups.decrypt(message),
    deleteSenderKey: ({ group, jid }) => groups.delete(group, jid),
    validateSession: jid => sessions.validate(jid),
    devicesWithSession: jids => sessions.devicesWithSession(jids),
    migrateSession: (fromJid, toJid) => migrateUserSessions(keys, fromJid, toJid),

    async getSessionInfo(jid) {
      const [record] = await sessions.peekAll([await sessions.locate(jid)])
      const current = record?.current
      if (current === undefined) return null
      return { baseKey: Uint8Array.from(typedPublicKey(current.baseKey)), registrationId: current.remoteRegistrationId }
    },

    async deleteSession(jids) {
      if (jids.length === 0) return
      await sessions.exclusively(jids, async locations => sessions.delete(locations))
    },

    async getIdentityKey(jid) {
      const location = await sessions.locate(jid)
      const stored = await sessions.identityOf(location)
      if (stored !== undefined) return stored
      // Baileys files the identities of those who began a session with it; the others are known from their sessions.
      const [record] = await sessions.peekAll([location])
      const { remoteIdentity } = record?.current ?? {}
      return remoteIdentity && copyKey(remoteIdentity)
    },

    async saveIdentityKey(jid, identityKey) {
      const identity = rawPublicKey(identityKey)
      const change = await sessions.exclusivelyFor(jid, async location => {
        const record = await sessions.load(location, 'ignore')
        const { row, replaced } = await sessions.identityChange(location, identity, record)
        if (Object.keys(row).length === 0) return undefined
        const archived = replaced === undefined ? record : archiveCurrent(record)
        await sessions.save(archived === record ? [] : [[location.address, archived]], row)
        return { address: location.address, previous: replaced }
      })
      if (change?.previous !== undefined) {
        onIdentityChange?.({ jid, address: change.address, previous: change.previous, current: identity })
      }
      return change !== undefined
    },

    close() {
      lidMapping.close()
    },
  }
}
