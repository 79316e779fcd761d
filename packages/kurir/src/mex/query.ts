import { contentString, getBinaryNodeChild } from '../binary/accessors.js'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { type Members, objectOf } from './answer-values.js'

/** Largest answer that is parsed; honest ones have some kilobytes. */
const maxAnswerLength = 4 * 1_048_576

/**
 * A persisted GraphQL query (docs/protocol/05 §4.1): the client knows documents by number only. `root` is the member
 * of `data` that holds the answer.
 */
export interface MexQuery {
  readonly documentId: string
  readonly root: string
  readonly variables: { readonly [name: string]: unknown }
}

/** A query that knows how to read its answer: `read` gets the member of `data` that the query asked for. */
export interface MexOperation<Result> extends MexQuery {
  readonly read: (member: unknown) => Result
}

/** One error of a GraphQL answer, as far as clients look at it. */
export interface MexErrorDetail {
  readonly message?: string
  readonly path?: readonly unknown[]
  readonly extensions?: { readonly error_code?: number; readonly is_retryable?: boolean; readonly severity?: string }
}

/**
 * The service refused a MEX query, or its answer has not the promised member. As in Baileys `output.statusCode` is the
 * GraphQL code and `data` the first error object.
 */
export class MexError extends KurirError<MexErrorDetail | undefined> {
  override readonly name = 'MexError'
}

export function buildMexQuery({ documentId, variables }: MexQuery): BinaryNode {
  const body = Buffer.from(JSON.stringify({ variables }))
  return {
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'get', xmlns: 'w:mex' },
    content: [{ tag: 'query', attrs: { query_id: documentId }, content: body }],
  }
}

/**
 * The member `root` of an answer. It may be null: the service has nothing to say.
 *
 * @throws MexError `mex-refused` with the GraphQL code (400 without one), `mex-unexpected-answer` (400) for an answer
 *   that is no JSON, too large, or lacks the member
 */
export function parseMexAnswer(answer: BinaryNode, { root, documentId }: MexQuery): unknown {
  const text = contentString(getBinaryNodeChild(answer, 'result'))
  if (text === undefined || text.length > maxAnswerLength) throw unexpected(root, documentId)
  const { data, errors } = parsed(text, root, documentId)
  const refusal = Array.isArray(errors) ? errors.find(isObject) : undefined
  if (refusal !== undefined) throw refused(errors as readonly unknown[], refusal)
  if (!isObject(data) || !(root in data)) throw unexpected(root, documentId)
  return data[root]
}

function parsed(text: string, root: string, documentId: string): { data?: unknown; errors?: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch (cause) {
    throw unexpected(root, documentId, cause)
  }
  throw unexpected(root, documentId)
}

function refused(errors: readonly unknown[], first: MexErrorDetail): MexError {
  const messages = errors.filter(isObject).map(({ message }) => String(message ?? 'unknown error'))
  const code = Number(first.extensions?.error_code)
  return new MexError('mex-refused', `GraphQL server error: ${messages.join(', ')}`, {
    statusCode: Number.isInteger(code) ? code : 400,
    retryable: first.extensions?.is_retryable === true,
    data: first,
  })
}

/** The error for an answer that has the promised member without what has to be in it. */
export function unexpectedMexMember({ root, documentId }: Pick<MexQuery, 'documentId' | 'root'>): MexError {
  return unexpected(root, documentId)
}

function unexpected(root: string, documentId: string, cause?: unknown): MexError {
  const action = root.replace('xwa2_', '').replaceAll('_', ' ')
  return new MexError('mex-unexpected-answer', `Failed to ${action}, unexpected response structure.`, {
    statusCode: 400,
    data: { message: 'unexpected answer', path: [root, documentId] },
    cause,
  })
}

function isObject(value: unknown): value is Members {
  return objectOf(value) !== undefined
}
