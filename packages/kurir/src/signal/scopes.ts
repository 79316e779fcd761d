import type { SignalKeyStore, SignalKeyStoreWithTransaction } from './key-store.js'
import { SignalError } from './signal-error.js'

/*
 * Names of the locks of this room (docs/protocol/02 §14.2). Whoever takes several takes them in ascending order of
 * their names: lid-mapping, pre-key:…, session:…, skmsg:…
 */

export const lidMappingScope = 'lid-mapping'

/** One session record: encrypting, decrypting and building sessions with a device. */
export function sessionScope(address: string): string {
  return `session:${address}`
}

/** One one-time prekey, so that it cannot be used twice at a time. */
export function preKeyScope(keyId: number): string {
  return `pre-key:${keyId}`
}

/** The sender keys of one user (`user[_domain]`), all devices together, in one group. */
export function senderKeyScope(group: string, user: string): string {
  return `skmsg:${group}::${user}`
}

/**
 * Runs `work` in a transaction that holds all of `scopes`.
 *
 * Where the store cannot take several at once, they are taken one after the other: a nested transaction keeps its scope
 * until the outermost one has committed (see `SignalKeyStoreWithTransaction`).
 */
export function underScopes<T>(
  keys: SignalKeyStoreWithTransaction,
  scopes: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const [first = lidMappingScope, ...others] = scopes.length > 1 ? [...new Set(scopes)].sort() : scopes
  if (others.length === 0) return keys.transaction(work, first)
  if (keys.transactionOver !== undefined) return keys.transactionOver([first, ...others], work)
  return keys.transaction(async () => {
    for (const scope of others) await keys.transaction(nothing, scope)
    return work()
  }, first)
}

/**
 * @throws SignalError `transactions-required` for a bare store: wrap it with `addTransactionCapability`
 */
export function requireTransactions(
  keys: SignalKeyStore | SignalKeyStoreWithTransaction,
): SignalKeyStoreWithTransaction {
  if ('transaction' in keys && 'isInTransaction' in keys) return keys
  throw new SignalError('transactions-required')
}

const nothing = async (): Promise<void> => {}
