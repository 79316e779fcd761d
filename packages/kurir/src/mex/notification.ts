import { contentString, getBinaryNodeChildren } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { type Members, objectOf } from './answer-values.js'

/** Longest text that is parsed; honest ones have some kilobytes. */
const maxLength = 1_048_576

/** What a `<notification type=mex>` tells (docs/protocol/04, 4.16). */
export interface MexNotification {
  /** Names what has changed, as `UsernameSetNotification`. */
  readonly operation: string
  /** The `data` of the answer; of the old form the whole object, with `updates`. */
  readonly content: Members
}

/**
 * Reads a `mex` notification in its present form (`update` with `op_name`) and in the old one (`mex`). What is no JSON
 * object, too long, refused by the service (`errors`) or empty is left out.
 */
export function parseMexNotification(node: BinaryNode): MexNotification[] {
  const present = getBinaryNodeChildren(node, 'update').map(update => ({
    operation: update.attrs['op_name'],
    content: membersOf(jsonOf(update)),
  }))
  const old = getBinaryNodeChildren(node, 'mex').map(child => {
    const content = jsonOf(child)
    const { operation } = content ?? {}
    return { operation: typeof operation === 'string' ? operation : undefined, content }
  })
  return [...present, ...old].flatMap(({ operation, content }) =>
    operation && content ? [{ operation, content }] : [],
  )
}

function membersOf(answer: MexNotification['content'] | undefined): MexNotification['content'] | undefined {
  const errors = answer?.['errors']
  if (Array.isArray(errors) && errors.length > 0) return undefined
  return objectOf(answer?.['data'])
}

function jsonOf(node: BinaryNode): MexNotification['content'] | undefined {
  const text = contentString(node)
  if (text === undefined || text.length > maxLength) return undefined
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}
