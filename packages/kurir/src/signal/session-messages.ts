import { signalAddress } from './address.js'
import type { SignalAuthState, SignalDataSet, SignalKeyStoreWithTransaction } from './key-store.js'
import type { CommitHook, DeviceCiphertext, IdentityChange, SignalMessageType } from './repository-contract.js'
import { preKeyScope } from './scopes.js'
import type { LocalIdentity } from './session.js'
import {
  type Decrypted,
  decryptFirstPreKeyMessage,
  decryptMessage,
  decryptRepeatedPreKeyMessage,
  encryptWithRecord,
  findInitiatedSession,
} from './session-cipher.js'
import { emptySessionRecord, type SessionRecord, withNewSession } from './session-record.js'
import type { SessionLocation, SessionStore, Stepped } from './session-store.js'
import { SignalError } from './signal-error.js'
import {
  decodePreKeySignalMessage,
  decodeSignalMessage,
  type PreKeySignalMessage,
  type SignalMessage,
} from './signal-message.js'
import { type E2ESession, initiateSession, type ResponderKeys } from './x3dh.js'

interface SessionMessagesOptions {
  readonly auth: SignalAuthState
  readonly keys: SignalKeyStoreWithTransaction
  readonly sessions: SessionStore
  readonly clock: () => number
  readonly onIdentityChange: ((change: IdentityChange) => void) | undefined
}

interface Injected {
  readonly results: readonly { jid: string; error: SignalError | undefined }[]
  readonly changes: readonly IdentityChange[]
}

const nothingInjected: Injected = { results: [], changes: [] }

interface IncomingMessage {
  readonly jid: string
  readonly type: SignalMessageType
  readonly ciphertext: Uint8Array
  readonly commit?: CommitHook | undefined
}

/** Pairwise encryption over the session store: each operation is one transaction under the lock of its sessions. */
export class SessionMessages {
  readonly #auth: SignalAuthState
  readonly #keys: SignalKeyStoreWithTransaction
  readonly #sessions: SessionStore
  readonly #clock: () => number
  readonly #onIdentityChange: ((change: IdentityChange) => void) | undefined

  constructor(options: SessionMessagesOptions) {
    this.#auth = options.auth
    this.#keys = options.keys
    this.#sessions = options.sessions
    this.#clock = options.clock
    this.#onIdentityChange = options.onIdentityChange
  }

  /** Encrypts for one device; the step is durable when the promise resolves. */
  encrypt(jid: string, plaintext: Uint8Array): Promise<{ type: SignalMessageType; ciphertext: Uint8Array }> {
    return this.#sessions.step(jid, 'ignore', (stored, location) => {
      const { record, type, ciphertext } = located(location, () =>
        encryptWithRecord(stored, plaintext, this.#local(), this.#clock()),
      )
      return { record, result: { type, ciphertext } }
    })
  }

  /** See `KurirSignalRepository.encryptForDevices`. */
  async encryptForDevices(
    jids: readonly string[],
    plaintextFor: (jid: string, index: number) => Uint8Array,
  ): Promise<DeviceCiphertext[]> {
    const refused = new Map(jids.flatMap((jid, index) => refusalOf(jid, index)))
    const named = jids.map((jid, index) => ({ jid, index })).filter(({ index }) => !refused.has(index))
    const encrypted = await this.#encryptAll(named, plaintextFor)
    return jids.map((jid, index): DeviceCiphertext => {
      const error = refused.get(index)
      return error === undefined ? (encrypted.shift() ?? noSession(jid)) : { jid, type: 'failed', error }
    })
  }

  async #encryptAll(
    devices: readonly { readonly jid: string; readonly index: number }[],
    plaintextFor: (jid: string, index: number) => Uint8Array,
  ): Promise<DeviceCiphertext[]> {
    if (devices.length === 0) return []
    const jids = devices.map(({ jid }) => jid)
    return this.#sessions.exclusively(jids, async locations => {
      const loaded = await this.#sessions.loadAll(locations, 'ignore')
      const records = new Map(locations.map(({ address }, index) => [address, loaded[index]]))
      const changed = new Map<string, SessionRecord>()
      const now = this.#clock()
      const results = locations.map((location, position): DeviceCiphertext => {
        const { jid, address } = location
        const index = devices[position]?.index ?? position
        const encrypted = attempt(location, () =>
          encryptWithRecord(records.get(address) ?? emptySessionRecord, plaintextFor(jid, index), this.#local(), now),
        )
        if (encrypted instanceof SignalError) return { jid, type: 'failed', error: encrypted }
        records.set(address, encrypted.record)
        changed.set(address, encrypted.record)
        return { jid, type: encrypted.type, ciphertext: encrypted.ciphertext }
      })
      if (changed.size > 0) await this.#sessions.save(changed)
      return results
    })
  }

  /** Decrypts a message of one device. The plaintext is durable only as far as `commit` makes it so. */
  decrypt({ jid, type, ciphertext, commit }: IncomingMessage): Promise<Uint8Array> {
    try {
      return type === 'pkmsg'
        ? this.#decryptPreKey(jid, decodePreKeySignalMessage(ciphertext), commit)
        : this.#decryptPlain(jid, decodeSignalMessage(ciphertext), commit)
    } catch (error) {
      return Promise.reject(error instanceof SignalError ? error.locate({ jid }) : error)
    }
  }

  /** See `KurirSignalRepository.injectE2ESessions`. */
  async inject(
    list: readonly { readonly jid: string; readonly session: E2ESession }[],
  ): Promise<{ jid: string; error: SignalError | undefined }[]> {
    const refused = new Map(list.flatMap(({ jid }, index) => refusalOf(jid, index)))
    const named = list.filter((_, index) => !refused.has(index))
    const outcome = named.length === 0 ? nothingInjected : await this.#injectNamed(named)
    for (const change of outcome.changes) this.#onIdentityChange?.(change)
    const results = [...outcome.results]
    return list.map(({ jid }, index) => {
      const error = refused.get(index)
      return error === undefined ? (results.shift() ?? { jid, error }) : { jid, error }
    })
  }

  #injectNamed(list: readonly { readonly jid: string; readonly session: E2ESession }[]): Promise<Injected> {
    const jids = list.map(({ jid }) => jid)
    return this.#sessions.exclusively(jids, locations => this.#injectAll(list, locations))
  }

  async #injectAll(
    list: readonly { readonly jid: string; readonly session: E2ESession }[],
    locations: readonly SessionLocation[],
  ): Promise<Injected> {
    const loaded = await this.#sessions.loadAll(locations, 'ignore')
    const records = new Map(locations.map(({ address }, index) => [address, loaded[index]]))
    const changed = new Map<string, SessionRecord>()
    const identities: NonNullable<SignalDataSet['identity-key']> = {}
    const changes: IdentityChange[] = []
    const results: { jid: string; error: SignalError | undefined }[] = []
    for (const [index, { jid, session: bundle }] of list.entries()) {
      const location = locations[index]
      const record = location && records.get(location.address)
      if (location === undefined || record === undefined) continue
      const session = attempt(location, () => initiateSession(this.#local(), bundle, { now: this.#clock() }))
      if (session instanceof SignalError) {
        results.push({ jid, error: session })
        continue
      }
      const { row, replaced } = await this.#sessions.identityChange(location, session.remoteIdentity, record)
      Object.assign(identities, row['identity-key'])
      if (replaced !== undefined) {
        changes.push({ jid, address: location.address, previous: replaced, current: session.remoteIdentity })
      }
      const advanced = withNewSession(record, session)
      records.set(location.address, advanced)
      changed.set(location.address, advanced)
      results.push({ jid, error: undefined })
    }
    if (changed.size > 0) await this.#sessions.save(changed, { 'identity-key': identities })
    return { results, changes }
  }

  #decryptPlain(jid: string, message: SignalMessage, commit: CommitHook | undefined): Promise<Uint8Array> {
    const read = (stored: SessionRecord, location: SessionLocation): Stepped<Uint8Array> => {
      const { record, plaintext } = located(location, () =>
        decryptMessage(stored, message, this.#local(), { now: this.#clock() }),
      )
      return { record, result: plaintext }
    }
    return this.#sessions.step(jid, 'throw', read, commit)
  }

  async #decryptPreKey(jid: string, message: PreKeySignalMessage, commit: CommitHook | undefined): Promise<Uint8Array> {
    const otherScopes = message.preKeyId === undefined ? [] : [preKeyScope(message.preKeyId)]
    const { plaintext, change } = await this.#sessions.exclusivelyFor(
      jid,
      async location => {
        const record = await this.#sessions.load(location, 'ignore')
        const outcome = await this.#readPreKeyMessage(location, record, message)
        await this.#sessions.save([[location.address, outcome.decrypted.record]], outcome.others)
        if (commit !== undefined) await commit(outcome.decrypted.plaintext)
        return { plaintext: outcome.decrypted.plaintext, change: outcome.change }
      },
      otherScopes,
    )
    if (change !== undefined) this.#onIdentityChange?.(change)
    return plaintext
  }

  async #readPreKeyMessage(
    location: SessionLocation,
    record: SessionRecord,
    message: PreKeySignalMessage,
  ): Promise<{
    readonly decrypted: Decrypted
    readonly others: Pick<SignalDataSet, 'identity-key' | 'pre-key'>
    readonly change?: IdentityChange
  }> {
    const environment = { now: this.#clock() }
    const repeated = findInitiatedSession(record, message)
    if (repeated !== undefined) {
      const decrypted = located(location, () =>
        decryptRepeatedPreKeyMessage(record, repeated, message, this.#local(), environment),
      )
      return { decrypted, others: {} }
    }
    const keys = await this.#responderKeys(location, message)
    const decrypted = located(location, () =>
      decryptFirstPreKeyMessage(record, message, keys, this.#local(), environment),
    )
    const { remoteIdentity } = decrypted.session
    const { row, replaced } = await this.#sessions.identityChange(location, remoteIdentity, record)
    const { preKeyId } = message
    const others = preKeyId === undefined ? row : { ...row, 'pre-key': { [preKeyId]: null } }
    if (replaced === undefined) return { decrypted, others }
    const { jid, address } = location
    return { decrypted, others, change: { jid, address, previous: replaced, current: remoteIdentity } }
  }

  /** The own private keys that a prekey message names; a signed prekey that was rotated out is still found. */
  async #responderKeys({ jid, address }: SessionLocation, message: PreKeySignalMessage): Promise<ResponderKeys> {
    const { signedPreKeyId, preKeyId } = message
    const signedPreKey = await this.#signedPreKey(signedPreKeyId)
    if (signedPreKey === undefined)
      throw new SignalError('missing-signed-prekey', { jid, address, keyId: signedPreKeyId })
    if (preKeyId === undefined) return { signedPreKey, preKey: undefined }
    const stored = await this.#keys.get('pre-key', [String(preKeyId)])
    const preKey = stored[preKeyId]
    if (!preKey) throw new SignalError('invalid-prekey-id', { jid, address, keyId: preKeyId })
    return { signedPreKey, preKey }
  }

  async #signedPreKey(keyId: number): Promise<ResponderKeys['signedPreKey'] | undefined> {
    const { signedPreKey } = this.#auth.creds
    if (signedPreKey.keyId === keyId) return signedPreKey.keyPair
    const stored = await this.#keys.get('signed-pre-key', [String(keyId)])
    return stored[keyId]?.keyPair
  }

  #local(): LocalIdentity {
    const { signedIdentityKey, registrationId } = this.#auth.creds
    return { keyPair: signedIdentityKey, registrationId }
  }
}

/** Adds the device to an error. */
function located<T>({ jid, address }: SessionLocation, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof SignalError ? error.locate({ jid, address }) : error
  }
}

/** A refusal as a value. */
function attempt<T>(location: SessionLocation, work: () => T): T | SignalError {
  try {
    return located(location, work)
  } catch (error) {
    if (error instanceof SignalError) return error
    throw error
  }
}

/** The refusal of a JID that names no device, by its position in a list: it must not stop the others. */
function refusalOf(jid: string, index: number): [number, SignalError][] {
  try {
    signalAddress(jid)
    return []
  } catch (error) {
    if (error instanceof SignalError) return [[index, error]]
    throw error
  }
}

function noSession(jid: string): DeviceCiphertext {
  return { jid, type: 'failed', error: new SignalError('no-session', { jid }) }
}
