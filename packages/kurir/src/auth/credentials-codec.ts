import type { Contact } from '../chats/contact-types.js'
import type { ServerProps } from '../chats/server-props.js'
import { generateKeyPair, type KeyPair, rawPublicKey } from '../crypto/curve.js'
import { KurirError } from '../errors/kurir-error.js'
import type { MinimalMessage } from '../events/message-types.js'
import type { SignalIdentity, SignedKeyPair } from '../signal/key-store.js'
import { type AnyDeviceIdentity, encodedAccount } from './account-identity.js'
import { parseRecord, stringifyRecord } from './buffer-json.js'
import type { AccountSettings, AuthenticationCreds, ServerIdentity } from './credentials.js'

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
  return {
    ...value,
    noiseKey: keyPair(value, 'noiseKey'),
    pairingEphemeralKeyPair: isAbsent(value.pairingEphemeralKeyPair)
      ? generateKeyPair()
      : keyPair(value, 'pairingEphemeralKeyPair'),
    signedIdentityKey: keyPair(value, 'signedIdentityKey'),
    signedPreKey: signedKeyPair(value, 'signedPreKey'),
    registrationId: count(value, 'registrationId', undefined),
    advSecretKey: advSecret(value),
    processedHistoryMessages: checked(value, 'processedHistoryMessages', isMessageList) ?? [],
    nextPreKeyId: count(value, 'nextPreKeyId', 1),
    firstUnuploadedPreKeyId: count(value, 'firstUnuploadedPreKeyId', 1),
    accountSyncCounter: count(value, 'accountSyncCounter', 0),
    accountSettings: checked(value, 'accountSettings', isAccountSettings) ?? { unarchiveChats: false },
    registered: value.registered === true,
    me: checked(value, 'me', isContact),
    account: checked(value, 'account', isAccount),
    routingInfo: asBuffer(checked(value, 'routingInfo', isBytes)),
    signalIdentities: checked(value, 'signalIdentities', isIdentityList),
    platform: checked(value, 'platform', isText),
    myAppStateKeyId: checked(value, 'myAppStateKeyId', isText),
    lastPropHash: checked(value, 'lastPropHash', isText),
    pairingCode: checked(value, 'pairingCode', isText),
    lastAccountSyncTimestamp: isAbsent(value.lastAccountSyncTimestamp)
      ? undefined
      : count(value, 'lastAccountSyncTimestamp', undefined),
    // The service tells them again.
    serverProps: isServerProps(value.serverProps) ? value.serverProps : undefined,
    // It only shortens a handshake: a damaged one is left out.
    serverIdentity: isServerIdentity(value.serverIdentity) ? value.serverIdentity : undefined,
  }
}

/** A member that may be absent, but has no other form. */
function checked<T>(parent: Members, name: string, hasForm: (value: unknown) => value is T): T | undefined {
  const value = parent[name]
  if (isAbsent(value)) return undefined
  if (!hasForm(value)) throw corrupt(name)
  return value
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array
const isKey = (value: unknown): value is Uint8Array => isBytes(value) && value.byteLength === 32

function asBuffer(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function isContact(value: unknown): value is Contact {
  return isMembers(value) && isText(value.id)
}

/** Bytes, or the text that they were saved as. */
function isAccount(value: unknown): value is AnyDeviceIdentity {
  return isMembers(value) && Object.values(value).every(part => isAbsent(part) || isText(part) || isBytes(part))
}

function isAccountSettings(value: unknown): value is AccountSettings {
  return isMembers(value)
}

function isIdentityList(value: unknown): value is SignalIdentity[] {
  return Array.isArray(value) && value.every(isIdentity)
}

function isIdentity(value: unknown): value is SignalIdentity {
  return (
    isMembers(value) && isMembers(value.identifier) && isText(value.identifier.name) && isBytes(value.identifierKey)
  )
}

function isMessageList(value: unknown): value is MinimalMessage[] {
  return Array.isArray(value) && value.every(message => isMembers(message) && isMembers(message.key))
}

function isServerIdentity(value: unknown): value is ServerIdentity {
  if (!isMembers(value) || !isKey(value.key) || !isKey(value.root)) return false
  return typeof value.notBefore === 'number' && typeof value.notAfter === 'number'
}

function isServerProps(value: unknown): value is Partial<ServerProps> {
  return isMembers(value) && Object.values(value).every(flag => typeof flag === 'boolean')
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

function advSecret(parent: Members): string {
  const value = parent.advSecretKey
  if (typeof value !== 'string' || Buffer.from(value, 'base64').byteLength !== 32) throw corrupt('advSecretKey')
  return value
}

function corrupt(member: string): KurirError {
  return new KurirError('corrupt-auth-state', `The credentials are damaged: ${member}`, { data: { member } })
}
