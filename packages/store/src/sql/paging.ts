import { KurirError } from 'kurir'
import type { SqlValue } from './sql.js'

/** Rows of one page when the caller does not say, and at most. */
const PAGE = 50
const LARGEST_PAGE = 1000

/** @throws KurirError `invalid-page` (400) */
export function pageSize(limit: number | undefined): number {
  if (limit === undefined) return PAGE
  if (Number.isInteger(limit) && limit > 0 && limit <= LARGEST_PAGE) return limit
  throw invalid('limit')
}

const EVENT_PAGE = 500
const LARGEST_EVENT_PAGE = 5000

/** @throws KurirError `invalid-page` (400) */
export function eventPageSize(limit: number = EVENT_PAGE): number {
  if (Number.isInteger(limit) && limit > 0 && limit <= LARGEST_EVENT_PAGE) return limit
  throw invalid('limit')
}

/** Where a page ends: the next one goes on behind it. Opaque to callers, `next` of one page is `before` of another. */
export function encodePlace(...place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** A time and the number of a row. @throws KurirError `invalid-page` (400) */
export function decodeTimePlace(text: string): readonly [time: number, number: number] {
  const [time, number] = decode(text)
  if (typeof time === 'number' && typeof number === 'number') return [time, number]
  throw invalid('before')
}

/** A time and the id of a row. @throws KurirError `invalid-page` (400) */
export function decodeActivityPlace(text: string): readonly [activity: number, id: string] {
  const [activity, id] = decode(text)
  if (typeof activity === 'number' && typeof id === 'string') return [activity, id]
  throw invalid('after')
}

/** The number of a row. @throws KurirError `invalid-page` (400) */
export function decodeNumberPlace(text: string): number {
  const [number] = decode(text)
  if (typeof number === 'number') return number
  throw invalid('before')
}

function decode(text: string): unknown[] {
  try {
    const place: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return Array.isArray(place) ? place : []
  } catch {
    return []
  }
}

function invalid(member: string): KurirError {
  return new KurirError(
    'invalid-page',
    `${member} is not valid: a limit is 1 … ${LARGEST_PAGE} (events: ${LARGEST_EVENT_PAGE}), a place is what the page before gave`,
    { statusCode: 400, data: { member } },
  )
}

/** A WHERE clause in the making: conditions joined by AND, with their parameters. */
export class Conditions {
  readonly #parts: string[] = []
  readonly values: SqlValue[] = []

  /** Leaves the condition out when one of its values is undefined. */
  add(condition: string, ...values: readonly (SqlValue | undefined)[]): this {
    const given = values.filter(value => value !== undefined)
    if (given.length !== values.length) return this
    this.#parts.push(condition)
    this.values.push(...given)
    return this
  }

  get text(): string {
    return this.#parts.join(' AND ')
  }
}
