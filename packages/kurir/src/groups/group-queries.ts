import { getBinaryNodeChild, getBinaryNodeChildren } from '../binary/accessors.js'
import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'
import { parseGroupMetadata } from './group-metadata.js'
import { type GroupRefusalReason, groupRefusalReason } from './group-refusal.js'
import { flag, GROUP_SERVICE, groupJid, groupQuery } from './group-request.js'
import type { GroupMetadata } from './group-types.js'

/** Most groups that one request may name. */
export const MOST_GROUPS_AT_ONCE = 10_000

/** An invitation that came in a message, as the service wants it named (docs/protocol/05, 1.17). */
export interface AddRequest {
  readonly code: string
  /** Unix seconds. */
  readonly expiration: number
  /** Who sent it. */
  readonly admin: string
}

export function addRequestAttributes({ code, expiration, admin }: AddRequest): BinaryNode['attrs'] {
  return { code, expiration: String(expiration), admin }
}

/** Asks who is in a group and how it is set up; with an invitation also as somebody who is no member (docs/protocol/05, 1.6). */
export function buildMetadataQuery(jid: string, invitation?: AddRequest): BinaryNode {
  const query: BinaryNode = { tag: 'query', attrs: { request: 'interactive' } }
  if (invitation) query.content = [{ tag: 'add_request', attrs: addRequestAttributes(invitation) }]
  return groupQuery(jid, query)
}

/** The group in an answer. @throws KurirError `invalid-group-metadata` */
export function parseGroupAnswer(answer: BinaryNode): GroupMetadata {
  const group = getBinaryNodeChild(answer, 'group') ?? getBinaryNodeChild(answer, 'community')
  if (group) return parseGroupMetadata(group)
  throw new KurirError('invalid-group-metadata', 'The answer holds no group', { data: { from: answer.attrs['from'] } })
}

/** Asks for all groups that the account is in (docs/protocol/05, 1.7). */
export function buildParticipatingQuery(): BinaryNode {
  return groupQuery(GROUP_SERVICE, {
    tag: 'participating',
    attrs: {},
    content: [flag('participants'), flag('description')],
  })
}

/** Asks for several groups (docs/protocol/05, 1.8). */
export function buildBatchQuery(jids: readonly string[]): BinaryNode {
  const content = jids.map(jid => ({ tag: 'group', attrs: { jid } }))
  return groupQuery(GROUP_SERVICE, { tag: 'query', attrs: {}, content })
}

/** The groups of an answer, by what can be said of each. */
export interface GroupList {
  readonly groups: readonly GroupMetadata[]
  /** Too large to be told whole: to be asked for one by one. */
  readonly truncated: readonly string[]
  /** Why others were not told. */
  readonly refused: Readonly<Record<string, GroupRefusalReason>>
}

/** Entries that make no sense are left out. Communities may stand apart (docs/protocol/05, 3.2). */
export function parseGroupList(answer: BinaryNode): GroupList {
  const groups: GroupMetadata[] = []
  const truncated: string[] = []
  const refused: Record<string, GroupRefusalReason> = {}
  const entries = [
    ...getBinaryNodeChildren(getBinaryNodeChild(answer, 'groups'), 'group'),
    ...getBinaryNodeChildren(getBinaryNodeChild(answer, 'communities'), 'community'),
  ]
  for (const entry of entries) {
    const { id = entry.attrs['jid'], error } = entry.attrs
    if (!id) continue
    const reason = groupRefusalReason(error)
    if (reason !== undefined) refused[groupJid(id)] = reason
    else if (isTruncated(entry)) truncated.push(groupJid(id))
    else groups.push(parseGroupMetadata(entry))
  }
  return { groups, truncated, refused }
}

function isTruncated(group: BinaryNode): boolean {
  return group.attrs['truncated'] !== undefined || getBinaryNodeChild(group, 'truncated') !== undefined
}
