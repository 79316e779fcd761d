import { rawPublicKey } from '../crypto/curve.js'
import type { DeviceCiphertext, KurirSignalRepository, SignalRepositoryWithLIDStore } from '../signal/repository.js'
import { SignalError } from '../signal/signal-error.js'
import { ExpiringMap } from '../time/expiring-map.js'

/** Identities that a repository without a place for them has shown, for the life of the socket. */
const IDENTITIES_KEPT = 20_000

/**
 * A repository that the user supplies (`makeSignalRepository`) has Baileys' interface: what Kurir's own can do besides
 * is composed from that, one device at a time.
 */
export function completeRepository(
  repository: SignalRepositoryWithLIDStore | KurirSignalRepository,
): KurirSignalRepository {
  if ('encryptForDevices' in repository) return repository
  const identities = new ExpiringMap<Uint8Array>({ limit: IDENTITIES_KEPT, ttlMs: Number.POSITIVE_INFINITY })
  return {
    ...repository,
    decryptMessage: async ({ commit, ...message }) => runAfter(await repository.decryptMessage(message), commit),
    decryptGroupMessage: async ({ commit, ...message }) =>
      runAfter(await repository.decryptGroupMessage(message), commit),
    encryptForDevices: (jids, plaintextFor) =>
      Promise.all(
        jids.map(async (jid, index): Promise<DeviceCiphertext> => {
          try {
            return { jid, ...(await repository.encryptMessage({ jid, data: plaintextFor(jid, index) })) }
          } catch (error) {
            return { jid, type: 'failed', error: asSignalError(error) }
          }
        }),
      ),
    injectE2ESessions: sessions =>
      Promise.all(
        sessions.map(async ({ jid, session }) => {
          try {
            await repository.injectE2ESession({ jid, session })
            identities.set(jid, rawPublicKey(session.identityKey))
            return { jid, error: undefined }
          } catch (error) {
            return { jid, error: asSignalError(error) }
          }
        }),
      ),
    devicesWithSession: async jids => {
      const checked = await Promise.all(jids.map(async jid => ({ jid, ...(await repository.validateSession(jid)) })))
      return new Set(checked.filter(({ exists }) => exists).map(({ jid }) => jid))
    },
    getIdentityKey: async jid => identities.get(jid),
    saveIdentityKey: async (jid, identityKey) => {
      const known = identities.get(jid)
      identities.set(jid, rawPublicKey(identityKey))
      return known === undefined || !Buffer.from(known).equals(rawPublicKey(identityKey))
    },
    // Baileys' interface has no way to forget a sender key: a new one begins when the store loses it.
    deleteSenderKey: async () => {},
    close: () => repository.close?.(),
  }
}

async function runAfter(
  plaintext: Uint8Array,
  commit: ((plaintext: Uint8Array) => unknown) | undefined,
): Promise<Uint8Array> {
  await commit?.(plaintext)
  return plaintext
}

function asSignalError(error: unknown): SignalError {
  return error instanceof SignalError ? error : new SignalError('no-session', { detail: String(error) })
}
