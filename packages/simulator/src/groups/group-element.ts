import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import { element } from '../router/stanzas.js'
import type { Group } from './group.js'

/** The `group` element with its members in the addressing of the group (docs/protocol/05 §1.3). */
export const groupElement = (group: Group, key?: string, further: readonly BinaryNode[] = []): BinaryNode => {
  const { addressing } = group
  const lid = addressing === 'lid'
  const members = [...group.members.values()].map(({ account, role }) =>
    element('participant', { ...memberAttributes(account, lid), type: role === 'member' ? undefined : role }),
  )
  const attrs = {
    id: group.id,
    subject: group.subject,
    s_t: String(group.subjectSetAt),
    s_o: group.subjectSetBy.jid(addressing),
    s_o_pn: lid ? group.subjectSetBy.pn : undefined,
    creation: String(group.createdAt),
    creator: group.creator.jid(addressing),
    creator_pn: lid ? group.creator.pn : undefined,
    size: String(group.members.size),
    addressing_mode: addressing,
    key,
  }
  const timer = group.expiration === 0 ? [] : [element('ephemeral', { expiration: String(group.expiration) })]
  return element('group', attrs, [...members, ...timer, ...further])
}

export const memberAttributes = (account: Account, lid: boolean): Record<string, string> =>
  lid ? { jid: account.lid, phone_number: account.pn } : { jid: account.pn, lid: account.lid }
