import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/index.js'
import type { USyncUser } from './user.js'

/**
 * One thing that can be asked about users: what to write into the query, what to write for each user, and how to read
 * the answer for one user. A query may carry several (docs/protocol/02, usync IQ).
 */
export interface USyncQueryProtocol {
  /** Tag of the element in query and answer, and key of the parsed value in the result. */
  readonly name: string
  getQueryElement(): BinaryNode
  /** What the server needs to know about this user; null for nothing. */
  getUserElement(user: USyncUser): BinaryNode | null
  /**
   * Reads the element of one user. Null or undefined means that the answer says nothing.
   *
   * @throws KurirError `server-refused` when the server refused to answer for this user, `invalid-usync-result` when the
   *   element is malformed
   */
  parser(node: BinaryNode): unknown
}

/** An answer that does not follow the protocol; `data` says what and where. */
export function invalidResult(reason: string, node: BinaryNode): KurirError {
  return new KurirError('invalid-usync-result', `The answer about a user is malformed: ${reason}`, {
    statusCode: 502,
    data: { reason, tag: node.tag, attrs: node.attrs },
  })
}

/**
 * A decimal number of an attribute, from 0 to `max`; undefined when the attribute is absent.
 *
 * @throws KurirError `invalid-usync-result` when it is something else
 */
export function numberAttribute(node: BinaryNode, name: string, max = Number.MAX_SAFE_INTEGER): number | undefined {
  const text = node.attrs[name]
  if (text === undefined || text === '') return undefined
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= max)) throw invalidResult(`${name} is not a number up to ${max}`, node)
  return value
}

/** A time in seconds as a Date; the epoch when the attribute is absent, as in Baileys. */
export function dateAttribute(node: BinaryNode, name: string): Date {
  return new Date((numberAttribute(node, name, 8.64e12) ?? 0) * 1000)
}
