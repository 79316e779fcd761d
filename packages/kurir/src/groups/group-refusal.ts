import { getBinaryNodeChild } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { ServerRefusal } from '../binary/server-refusal.js'

/** What the service's numbers mean in calls about groups (docs/protocol/05, 1.2). */
const reasons = {
  304: 'already-exists',
  400: 'bad-request',
  401: 'not-authorized',
  403: 'forbidden',
  404: 'not-found',
  405: 'not-allowed',
  406: 'not-acceptable',
  408: 'left-recently',
  409: 'conflict',
  410: 'gone',
  412: 'community-full',
  413: 'too-many-entries',
  416: 'community-suspended',
  417: 'not-eligible',
  419: 'full',
  421: 'not-registered',
  423: 'locked',
  426: 'upgrade-required',
  429: 'rate-limited',
  436: 'growth-locked',
} as const

/** Why the service refused something about a group, or about one member; `other` for numbers without a name. */
export type GroupRefusalReason = (typeof reasons)[keyof typeof reasons] | 'service-error' | 'other'

/** The reason behind a number; undefined for success. */
export function groupRefusalReason(code: string | number | undefined): GroupRefusalReason | undefined {
  if (code === undefined || Number(code) === 200) return undefined
  const known: Readonly<Record<number, GroupRefusalReason>> = reasons
  const number = Number(code)
  return known[number] ?? (number >= 500 && number < 600 ? 'service-error' : 'other')
}

/**
 * The service refused a call about a group. `data` is its number, `reason` what that means here: `forbidden` to who is no
 * admin, `not-authorized` or `forbidden` to who is no member, `gone` for a revoked link, `full` for a group without room.
 */
export class GroupRefusal extends ServerRefusal {
  readonly reason: GroupRefusalReason
  /** The group that was asked; undefined where the group service itself was. */
  readonly group: string | undefined
  /** The call, by its element: `create`, `add`, `subject` … */
  readonly operation: string
  /** Which part was not acceptable, where the service says so: `subject` or `description`. */
  readonly field: string | undefined
  /** Unix seconds until which nobody can join by link (`growth-locked`). */
  readonly lockedUntil: number | undefined

  /** @param error the element with the number, wherever the answer has it */
  constructor(request: BinaryNode, error: BinaryNode, answer: BinaryNode) {
    super(error, answer)
    const to = request.attrs['to']
    this.reason = groupRefusalReason(this.data) ?? 'other'
    this.group = to?.startsWith('@') ? undefined : to
    this.operation = Array.isArray(request.content) ? (request.content[0]?.tag ?? '') : ''
    this.field = getBinaryNodeChild(error, 'field')?.attrs['name']
    const until = Number(getBinaryNodeChild(error, 'growth_locked')?.attrs['expiration'])
    this.lockedUntil = Number.isFinite(until) ? until : undefined
  }
}

/** The refusal of a whole request. */
export function groupRefusalOf(request: BinaryNode, { node }: ServerRefusal): GroupRefusal {
  return new GroupRefusal(request, getBinaryNodeChild(node, 'error') ?? { tag: 'error', attrs: {} }, node)
}
