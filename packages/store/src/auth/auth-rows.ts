import { KurirError, type SignalDataSet, type SignalDataTypeMap } from 'kurir'
import { decodeRecord, encodeRecord } from 'kurir/auth'
import type { SignalDataType } from 'kurir/signal'
import type { Vault } from '../encryption/vault.js'
import { nameOfPlace } from '../values/sealed-values.js'

/** A key record as it is stored; null removes it. */
export interface AuthRow {
  readonly type: string
  readonly id: string
  readonly value: Buffer | null
}

const BYTES = 0
const TEXT = 1

/** Most records are bytes: they are kept as they are. Everything else is the text of Baileys' auth files. */
export function sealRecord<T extends SignalDataType>(
  vault: Vault,
  session: string,
  type: T,
  id: string,
  value: SignalDataTypeMap[T],
): Buffer {
  const bytes: unknown = value
  const isBytes = bytes instanceof Uint8Array
  const body = isBytes ? bytes : Buffer.from(encodeRecord(type, value))
  return vault.seal(Buffer.concat([Buffer.of(isBytes ? BYTES : TEXT), body]), placeOf(session, type, id))
}

/** @throws KurirError `store-damaged`, `corrupt-auth-state` */
export function openRecord<T extends SignalDataType>(
  vault: Vault,
  session: string,
  type: T,
  id: string,
  sealed: Uint8Array,
): SignalDataTypeMap[T] | null {
  const plain = vault.open(sealed, placeOf(session, type, id))
  const body = plain.subarray(1)
  if (plain[0] === TEXT) return decodeRecord(type, body.toString())
  if (plain[0] === BYTES) return body as Uint8Array as SignalDataTypeMap[T]
  throw new KurirError('store-damaged', 'A key record has an unknown form', { data: { type } })
}

/** The rows of a set, in one order everywhere: two transactions that write the same rows never wait for each other. */
export function authRows(vault: Vault, session: string, data: SignalDataSet): AuthRow[] {
  const rows: AuthRow[] = []
  for (const [type, records] of Object.entries(data) as [SignalDataType, SignalDataSet[SignalDataType]][]) {
    for (const [id, value] of Object.entries(records ?? {})) {
      rows.push({ type, id, value: value ? sealRecord(vault, session, type, id, value) : null })
    }
  }
  return rows.sort((left, right) =>
    left.type === right.type ? order(left.id, right.id) : order(left.type, right.type),
  )
}

const order = (left: string, right: string): number => (left < right ? -1 : 1)

const placeOf = (session: string, type: string, id: string): string => nameOfPlace(['auth', session, type, id])
