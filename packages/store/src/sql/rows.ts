import { KurirError } from 'kurir'
import type { SqlRow } from './sql.js'

/** Reading columns: a row that does not have the form of its table is an error, not a surprise later on. */

export function text(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw damaged(column)
}

export function integer(row: SqlRow, column: string): number {
  const value = row[column]
  if (typeof value === 'number') return value
  throw damaged(column)
}

export function bytes(row: SqlRow, column: string): Uint8Array {
  const value = row[column]
  if (value instanceof Uint8Array) return value
  throw damaged(column)
}

export const flag = (row: SqlRow, column: string): boolean => integer(row, column) !== 0

export const maybeText = (row: SqlRow, column: string): string | undefined =>
  isAbsent(row[column]) ? undefined : text(row, column)

export const maybeInteger = (row: SqlRow, column: string): number | undefined =>
  isAbsent(row[column]) ? undefined : integer(row, column)

export const maybeBytes = (row: SqlRow, column: string): Uint8Array | undefined =>
  isAbsent(row[column]) ? undefined : bytes(row, column)

const isAbsent = (value: unknown): boolean => value === null || value === undefined

function damaged(column: string): KurirError {
  return new KurirError('store-damaged', `The store holds a row whose ${column} cannot be read`, { data: { column } })
}
