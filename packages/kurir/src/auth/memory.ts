import type { SignalDataSet, SignalDataType, SignalDataTypeMap, SignalKeyStore } from '../signal/key-store.js'
import { type AuthenticationCreds, type AuthenticationState, initAuthCreds } from './credentials.js'

/** A key store that lives as long as the process: for tests, examples and throw-away devices. */
export function makeMemoryKeyStore(): SignalKeyStore {
  const records = new Map<string, unknown>()
  return {
    isVolatile: true,
    get<T extends SignalDataType>(type: T, ids: string[]) {
      const found: { [id: string]: SignalDataTypeMap[T] } = {}
      for (const id of ids) {
        // Baileys' contract: every id is answered, null for a record that is not there.
        found[id] = (records.get(`${type}.${id}`) ?? null) as SignalDataTypeMap[T]
      }
      return found
    },
    set(data: SignalDataSet) {
      for (const [type, entries] of Object.entries(data)) {
        for (const [id, value] of Object.entries(entries ?? {})) {
          if (value) records.set(`${type}.${id}`, value)
          else records.delete(`${type}.${id}`)
        }
      }
    },
    clear: () => records.clear(),
  }
}

/** An auth state in memory, with the shape that `useMultiFileAuthState` has. */
export function makeMemoryAuthState(creds: AuthenticationCreds = initAuthCreds()): {
  readonly state: AuthenticationState
  readonly saveCreds: () => Promise<void>
  readonly close: () => Promise<void>
} {
  return { state: { creds, keys: makeMemoryKeyStore() }, saveCreds: async () => {}, close: async () => {} }
}
