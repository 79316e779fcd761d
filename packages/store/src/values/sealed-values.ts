import type { Vault } from '../encryption/vault.js'
import { withoutZeros } from '../sql/sql.js'
import { decodeValue, encodeValue } from './value-codec.js'

/** Values in the form of the store, encrypted for their place. */
export interface SealedValues {
  seal(value: unknown, ...place: readonly (string | number)[]): Buffer
  /** @throws KurirError `store-damaged` */
  open(sealed: Uint8Array, ...place: readonly (string | number)[]): unknown
}

export function sealedValues(vault: Vault): SealedValues {
  return {
    seal: (value, ...place) => vault.seal(encodeValue(value), nameOfPlace(place)),
    open: (sealed, ...place) => decodeValue(vault.open(sealed, nameOfPlace(place))),
  }
}

/** The parts as the database gives them back, so that a place is the same before and after. */
export const nameOfPlace = (parts: readonly (string | number)[]): string =>
  parts.map(part => withoutZeros(String(part))).join('\0')
