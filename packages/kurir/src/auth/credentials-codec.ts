import { generateKeyPair, type KeyPair, rawPublicKey } from '../crypto/curve.js'
import { KurirError } from '../errors/kurir-error.js'
import type { SignedKeyPair } from '../signal/key-store.js'
import { encodedAccount } from './account-identity.js'
import { parseRecord, stringifyRecord } from './buffer-json.js'
import type { AuthenticationCreds } from './credentials.js'

/** The JSON text of creds.json, as Baileys writes it (docs/protocol/01 §9.3). */
export function encodeCredentials(creds: AuthenticationCreds): string {
  if (creds.account === undefined) return stringifyRecord(creds)
  return stringifyRecord({ ...creds, account: encodedAccount(creds.account) })
}

type Members = Readonly<Record<string, unknown>>

/**
 * Reads creds.json. Members that this version does not know are kept; `account` keeps the strings that it was saved
 * with.
 *
 * @throws KurirError `corrupt-auth-state`; `data.member` names what is missing or has the wrong form
 */
export function decodeCredentials(text: string): AuthenticationCreds {
  const value = parseRecord(text)
  if (!isMembers(value)) throw corrupt('the whole text')
  const checked = {
    ...value,
    noiseKey: keyPair(value, 'noiseKey'),
    pairingEphemeralKeyPair: isAbsent(value.pairingEphemeralKeyPair)
      ? generateKeyPair()
      : keyPair(value, 'pairingEphemeralKeyPair'),
    signedIdentityKey: keyPair(value, 'signedIdentityKey'),
    signedPreKey: signedKeyPair(value, 'signedPreKey'),
    registrationId: count(value, 'registrationId', undefined),
    advSecretKey: advSecret(value),
    processedHistoryMessages: list(value, 'processedHistoryMessages'),
    nextPreKeyId: count(value, 'nextPreKeyId', 1),
    firstUnuploadedPreKeyId: count(value, 'firstUnuploadedPreKeyId', 1),
    accountSyncCounter: count(value, 'accountSyncCounter', 0),
    accountSettings: isAbsent(value.accountSettings)
      ? { unarchiveChats: false }
      : members(value.accountSettings, 'accountSettings'),
    registered: value.registered === true,
  }
  checkOptionalMembers(value)
  // Every member that the type names has been checked, apart from the insides of lists that only pass through.
  return checked as unknown as AuthenticationCreds
}

function checkOptionalMembers(value: Members): void {
  if (!isAbsent(value.me) && typeof members(value.me, 'me').id !== 'string') throw corrupt('me')
  if (!isAbsent(value.account)) {
    for (const part of Object.values(members(value.account, 'account'))) {
      if (!isAbsent(part) && typeof part !== 'string' && !(part instanceof Uint8Array)) throw corrupt('account')
    }
  }
  if (!isAbsent(value.routingInfo) && !(value.routingInfo instanceof Uint8Array)) throw corrupt('routingInfo')
  if (!isAbsent(value.signalIdentities)) list(value, 'signalIdentities')
  for (const name of ['platform', 'myAppStateKeyId', 'lastPropHash', 'pairingCode']) {
    if (!isAbsent(value[name]) && typeof value[name] !== 'string') throw corrupt(name)
  }
  if (!isAbsent(value.lastAccountSyncTimestamp)) count(value, 'lastAccountSyncTimestamp', undefined)
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function members(value: unknown, name: string): Members {
  if (!isMembers(value)) throw corrupt(name)
  return value
}

function keyPair(parent: Members, name: string): KeyPair {
  const pair = members(parent[name], name)
  const isPair = pair.private instanceof Uint8Array && pair.private.byteLength === 32
  if (!isPair || !(pair.public instanceof Uint8Array)) throw corrupt(name)
  try {
    return { private: pair.private as Uint8Array, public: rawPublicKey(pair.public) }
  } catch {
    throw corrupt(name)
  }
}

function signedKeyPair(parent: Members, name: string): SignedKeyPair {
  const signed = members(parent[name], name)
  const { signature } = signed
  if (!(signature instanceof Uint8Array) || signature.byteLength !== 64) throw corrupt(name)
  const pair = { keyPair: keyPair(signed, 'keyPair'), signature, keyId: count(signed, 'keyId', undefined) }
  return isAbsent(signed.timestampS) ? pair : { ...pair, timestampS: count(signed, 'timestampS', undefined) }
}

function count(parent: Members, name: string, fallback: number | undefined): number {
  const value = parent[name] ?? fallback
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw corrupt(name)
  return value
}

function list(parent: Members, name: string): readonly unknown[] {
  const value = parent[name] ?? []
  if (!Array.isArray(value)) throw corrupt(name)
  return value
}

function advSecret(parent: Members): string {
  const value = parent.advSecretKey
  if (typeof value !== 'string' || Buffer.from(value, 'base64').byteLength !== 32) throw corrupt('advSecretKey')
  return value
}

function corrupt(member: string): KurirError {
  return new KurirError('corrupt-auth-state', `The credentials are damaged: ${member}`, { data: { member } })
}
