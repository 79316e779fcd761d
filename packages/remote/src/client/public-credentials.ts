import type { AuthenticationCreds, SignalKeyStoreWithTransaction } from 'kurir'
import { KurirError } from 'kurir/errors'

/** Members of the credentials that say who and what the account is. All others are secrets or the gateway's business. */
const told = [
  'me',
  'platform',
  'registered',
  'accountSettings',
  'accountSyncCounter',
  'lastAccountSyncTimestamp',
] as const satisfies readonly (keyof AuthenticationCreds)[]

const kept = [
  'noiseKey',
  'pairingEphemeralKeyPair',
  'signedIdentityKey',
  'signedPreKey',
  'registrationId',
  'advSecretKey',
  'account',
  'signalIdentities',
  'myAppStateKeyId',
  'firstUnuploadedPreKeyId',
  'nextPreKeyId',
  'processedHistoryMessages',
  'pairingCode',
  'lastPropHash',
  'routingInfo',
  'nctSalt',
  'serverIdentity',
  'additionalData',
] as const satisfies readonly (keyof AuthenticationCreds)[]

/** What of the credentials may leave the gateway. */
export function publicCredentials(creds: AuthenticationCreds): Record<string, unknown> {
  return Object.fromEntries(told.flatMap(name => (creds[name] === undefined ? [] : [[name, creds[name]]])))
}

/** The `authState` of a remote socket: what the gateway tells, live; asking for a secret throws. */
export function remoteAuthState(credentials: () => Readonly<Record<string, unknown>>): {
  creds: AuthenticationCreds
  keys: SignalKeyStoreWithTransaction
} {
  const creds = {}
  for (const name of told) Object.defineProperty(creds, name, { enumerable: true, get: () => credentials()[name] })
  for (const name of kept) Object.defineProperty(creds, name, { get: () => notHere(`authState.creds.${name}`) })
  const keys: SignalKeyStoreWithTransaction = {
    get: () => notHere('authState.keys'),
    set: () => notHere('authState.keys'),
    transaction: () => notHere('authState.keys'),
    isInTransaction: () => false,
  }
  return { creds: creds as AuthenticationCreds, keys }
}

function notHere(member: string): never {
  throw notAvailable(member, 'The keys of the session stay in the gateway')
}

export function notAvailable(member: string, why: string): KurirError {
  return new KurirError('not-available-remotely', `${member} is not available in socket mode. ${why}.`, {
    statusCode: 501,
    data: { member },
  })
}
