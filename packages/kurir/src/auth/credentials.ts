import { jidDecode } from '../binary/jid.js'
import type { Contact } from '../chats/contact-types.js'
import type { ServerProps } from '../chats/server-props.js'
import { signedKeyPair } from '../crypto/baileys-names.js'
import { generateKeyPair, type KeyPair } from '../crypto/curve.js'
import { randomBytes, randomInt } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'
import type { MinimalMessage } from '../events/message-types.js'
import type { proto } from '../proto/index.js'
import type { SignalCreds, SignalIdentity, SignalKeyStore } from '../signal/key-store.js'
import type { AnyDeviceIdentity } from './account-identity.js'

/** Settings of the account that decide how chats behave here. */
export interface AccountSettings {
  /** Unarchive a chat when a message arrives in it. */
  unarchiveChats: boolean
  /** Disappearing time of new chats, in seconds, and when it was set (unix seconds). */
  defaultDisappearingMode?: Pick<proto.IConversation, 'ephemeralExpiration' | 'ephemeralSettingTimestamp'> | undefined
}

/**
 * Everything that makes this installation one linked device (docs/protocol/01 §9.3): whoever has it is the device.
 * The names are those of Baileys 7. Members that are not listed here are kept by every store of Kurir.
 */
export interface AuthenticationCreds extends SignalCreds {
  /** Static key of the Noise handshake, for life: the server knows the device by it. */
  readonly noiseKey: KeyPair
  /** Ephemeral key of the last pairing code. Kurir makes a fresh one for each attempt. */
  pairingEphemeralKeyPair: KeyPair
  /** 32 bytes in base64, known to the phone that pairs us; keys the HMAC of pair-success. */
  advSecretKey: string
  /** The own account. During pairing by code it names the phone number without a device. */
  me?: Contact | undefined
  /**
   * The device identity signed by the phone. Its members are bytes after pairing and base64 strings after a reload:
   * read it through `decodeAccount`.
   */
  account?: AnyDeviceIdentity | undefined
  signalIdentities?: SignalIdentity[] | undefined
  /** Id (base64) of the app-state key that own patches are made with. */
  myAppStateKeyId?: string | undefined
  firstUnuploadedPreKeyId: number
  nextPreKeyId: number
  /** Unix seconds, as the server gave it. */
  lastAccountSyncTimestamp?: number | undefined
  /** Kind of the primary device: `android`, `iphone`, `smba` … */
  platform?: string | undefined
  processedHistoryMessages: MinimalMessage[]
  /** How often history and app state have been synced. */
  accountSyncCounter: number
  accountSettings: AccountSettings
  /** True only after pairing by code; {@link isRegistered} is what tells whether the device is linked. */
  registered: boolean
  pairingCode?: string | undefined
  lastPropHash?: string | undefined
  routingInfo?: Buffer | undefined
  /** Kurir: the account's salt for messages to people who have not given us a token (docs/protocol/02 §11.3). */
  nctSalt?: Buffer | undefined
  /** Kurir: the switches that `lastPropHash` stands for. */
  serverProps?: Partial<ServerProps> | undefined
  /** Kurir: the service's verified Noise key of an earlier connection; it shortens the next handshake. */
  serverIdentity?: ServerIdentity | undefined
  /** The program's own. */
  additionalData?: unknown
}

/** A Noise key whose certificates led to a trusted root. */
export interface ServerIdentity {
  /** 32 bytes. */
  key: Uint8Array
  /** The root's public key, 32 bytes: a key verified against another root is not used. */
  root: Uint8Array
  /** Validity of the certificates, unix seconds. */
  notBefore: number
  notAfter: number
}

/** What a socket takes as `auth`. */
export interface AuthenticationState {
  creds: AuthenticationCreds
  keys: SignalKeyStore
  /**
   * Makes the credentials durable before it resolves. Optional, as stores written for Baileys do not have it; where it
   * is present the library awaits it at the points where a crash in between would lose the link. `creds.update` is
   * emitted in any case.
   */
  saveCreds?(): Promise<void>
}

/** How the credentials of an auth state are saved, by credentials object. */
const savers = new WeakMap<AuthenticationCreds, () => Promise<void>>()

/**
 * Tells {@link saveCredentials} how these credentials are saved, so that it works as well for `{ creds, keys }` put
 * together by the program, as is usual to wrap the key store in a cache.
 */
export function bindSaver(creds: AuthenticationCreds, save: () => Promise<void>): void {
  savers.set(creds, save)
}

/**
 * Makes the credentials durable where the auth state can do so by itself; otherwise the program does it on
 * `creds.update`. For the points where a crash in between would lose the link.
 */
export async function saveCredentials(auth: AuthenticationState): Promise<void> {
  const save = auth.saveCreds ?? savers.get(auth.creds)
  await save?.()
}

const advSecretLength = 32
const highestRegistrationId = 16_380

/** Fresh credentials of a device that is not linked yet. */
export function initAuthCreds(): AuthenticationCreds {
  const signedIdentityKey = generateKeyPair()
  return {
    noiseKey: generateKeyPair(),
    pairingEphemeralKeyPair: generateKeyPair(),
    signedIdentityKey,
    signedPreKey: signedKeyPair(signedIdentityKey, 1),
    registrationId: generateRegistrationId(),
    advSecretKey: randomBytes(advSecretLength).toString('base64'),
    processedHistoryMessages: [],
    nextPreKeyId: 1,
    firstUnuploadedPreKeyId: 1,
    accountSyncCounter: 0,
    accountSettings: { unarchiveChats: false },
    registered: false,
    pairingCode: undefined,
    lastPropHash: undefined,
    routingInfo: undefined,
    additionalData: undefined,
  }
}

/** A registration id: 1 … 16380, which every client accepts (docs/protocol/01 §8.1). */
export function generateRegistrationId(): number {
  return randomInt(1, highestRegistrationId + 1)
}

/**
 * Whether these credentials belong to a linked device, so that a login is due and not a registration. A `me` without a
 * device is only a pairing code that was asked for (docs/protocol/01 §3.3).
 */
export function isRegistered(creds: Pick<AuthenticationCreds, 'me' | 'account'>): boolean {
  return creds.account !== undefined || jidDecode(creds.me?.id)?.device !== undefined
}

/**
 * The own JID.
 *
 * @throws KurirError `not-authenticated` (401) before pairing
 */
export function assertMeId(creds: Pick<AuthenticationCreds, 'me'>): string {
  const id = creds.me?.id
  if (id === undefined || id === '') {
    throw new KurirError('not-authenticated', 'Not authenticated: the device is not linked to an account yet', {
      statusCode: 401,
    })
  }
  return id
}
