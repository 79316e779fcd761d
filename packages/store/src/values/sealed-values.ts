import type { Vault } from '../encryption/vault.js'
import { decodeValue, encodeValue } from './value-codec.js'

/** Values in the form of the store, encrypted for their place. */
export interface SealedValues {
  seal(value: unknown, ...place: readonly (string | number)[]): Buffer
  /** @throws KurirError `store-damaged` */
  open(sealed: Uint8Array, ...place: readonly (string | number)[]): unknown
}

export function sealedValues(vault: Vault): SealedValues {
  return {
    seal: (value, ...place) => vault.seal(encodeValue(value), place.join('\0')),
    open: (sealed, ...place) => decodeValue(vault.open(sealed, place.join('\0'))),
  }
}
