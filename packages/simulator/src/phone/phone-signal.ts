import { addTransactionCapability, makeMemoryKeyStore } from 'kurir/auth'
import { silentLogger } from 'kurir/logger'
import { type KurirSignalRepository, makeLibSignalRepository } from 'kurir/signal'
import type { PhoneKeys, PhonePreKey } from './phone-keys.js'

/** The sessions and sender keys of a phone, in memory. */
export interface PhoneSignal {
  readonly repository: KurirSignalRepository
  /** Keeps the private halves of prekeys that are about to be published. */
  storePreKeys(preKeys: readonly PhonePreKey[]): Promise<void>
}

export const makePhoneSignal = (keys: PhoneKeys, now: () => number): PhoneSignal => {
  const options = { maxCommitRetries: 1, delayBetweenTriesMs: 0 }
  const store = addTransactionCapability(makeMemoryKeyStore(), silentLogger, options)
  const creds = {
    signedIdentityKey: keys.identity,
    signedPreKey: keys.signedPreKey,
    registrationId: keys.registrationId,
  }
  const repository = makeLibSignalRepository({ creds, keys: store }, silentLogger, undefined, { clock: now })
  return {
    repository,
    async storePreKeys(preKeys) {
      const rows = Object.fromEntries(preKeys.map(({ id, pair }) => [String(id), pair]))
      await store.transaction(async () => store.set({ 'pre-key': rows }), 'pre-key')
    },
  }
}
