import type { LTHashState } from '../signal/key-store.js'
import { ltHashLength } from './lt-hash.js'

export type { LTHashState } from '../signal/key-store.js'

/** Bytes of an index MAC and of a value MAC. */
export const recordMacLength = 32

/** The state of a collection of which nothing is known. */
export function newLTHashState(): LTHashState {
  return { version: 0, hash: Buffer.alloc(ltHashLength), indexValueMap: {} }
}

/**
 * What the key store holds under `app-state-sync-version`, as a state to go on with. A state without a usable version,
 * hash or map, as older libraries have left them behind, is as good as none: the collection is fetched anew
 * (docs/protocol/04, 1.2).
 */
export function readCollectionState(stored: unknown): LTHashState {
  if (typeof stored !== 'object' || stored === null) return newLTHashState()
  const { version, hash, indexValueMap } = stored as Partial<Record<keyof LTHashState, unknown>>
  const isUsable = isVersion(version) && hash instanceof Uint8Array && hash.byteLength === ltHashLength
  if (!isUsable || !isIndexValueMap(indexValueMap)) return newLTHashState()
  return { version, hash: Buffer.from(hash), indexValueMap }
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isIndexValueMap(value: unknown): value is LTHashState['indexValueMap'] {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every(entry => {
    const valueMac: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'valueMac') : undefined
    return valueMac instanceof Uint8Array && valueMac.byteLength === recordMacLength
  })
}
