import type { BinaryNode } from '../binary/node.js'
import { flag, GROUP_SERVICE, groupChange } from './group-request.js'
import type { GroupSetting } from './group-types.js'

/** Changes the name of a group (docs/protocol/05, 1.10). */
export function buildSubjectChange(jid: string, subject: string): BinaryNode {
  return groupChange(jid, { tag: 'subject', attrs: {}, content: Buffer.from(subject) })
}

export interface DescriptionChange {
  /** Names the new version. */
  readonly id: string
  /** The version that it replaces; undefined when there was none. */
  readonly previous: string | undefined
  /** Empty or undefined: no description any more. */
  readonly text: string | undefined
}

/** Changes or removes the description of a group (docs/protocol/05, 1.11). */
export function buildDescriptionChange(jid: string, { id, previous, text }: DescriptionChange): BinaryNode {
  const versions = { id, ...(previous === undefined ? {} : { prev: previous }) }
  return groupChange(
    jid,
    text ? describe(versions, text) : { tag: 'description', attrs: { delete: 'true', ...versions } },
  )
}

/** A `<description>` with its text. */
export function describe(attrs: BinaryNode['attrs'], text: string): BinaryNode {
  return { tag: 'description', attrs, content: [{ tag: 'body', attrs: {}, content: Buffer.from(text) }] }
}

/** Switches one of the settings that are on or off (docs/protocol/05, 1.12). */
export function buildSettingChange(jid: string, setting: GroupSetting): BinaryNode {
  return groupChange(jid, flag(setting))
}

/** Says who may add members (docs/protocol/05, 1.12). */
export function buildMemberAddMode(jid: string, mode: 'admin_add' | 'all_member_add'): BinaryNode {
  return groupChange(jid, { tag: 'member_add_mode', attrs: {}, content: Buffer.from(mode) })
}

/** Says whether joining needs the approval of an admin (docs/protocol/05, 1.12). */
export function buildJoinApproval(jid: string, state: 'on' | 'off'): BinaryNode {
  return groupChange(jid, joinApproval(state))
}

/** A `<membership_approval_mode>`, as it stands in changes and in new groups. */
export function joinApproval(state: 'on' | 'off'): BinaryNode {
  return { tag: 'membership_approval_mode', attrs: {}, content: [{ tag: 'group_join', attrs: { state } }] }
}

/**
 * The request that sets after how many seconds messages of a group disappear (docs/protocol/05, 1.13).
 *
 * @param seconds 86400, 604800 or 7776000; 0 turns it off
 */
export function buildGroupTimer(jid: string, seconds: number): BinaryNode {
  return groupChange(
    jid,
    seconds === 0 ? flag('not_ephemeral') : { tag: 'ephemeral', attrs: { expiration: String(seconds) } },
  )
}

/** Leaves groups (docs/protocol/05, 1.18). */
export function buildLeave(jids: readonly string[]): BinaryNode {
  return groupChange(GROUP_SERVICE, {
    tag: 'leave',
    attrs: {},
    content: jids.map(id => ({ tag: 'group', attrs: { id } })),
  })
}

/** Accepts having been added to a group by somebody unknown (docs/protocol/05, 1.19). */
export function buildAcknowledge(jid: string): BinaryNode {
  return groupChange(jid, flag('ack'))
}
