import { getBinaryNodeChild } from 'kurir/binary'
import { element } from '../router/stanzas.js'
import type { PhoneContext } from './phone-context.js'

/** Creates a group; returns its JID. */
export const createGroup = async (
  { wire }: PhoneContext,
  key: string,
  subject: string,
  members: readonly string[],
  addressing?: 'lid' | 'pn',
): Promise<string> => {
  const participants = members.map(jid => element('participant', { jid }))
  const override = addressing === undefined ? [] : [element('addressing_mode_override', { mode: addressing })]
  const create = element('create', { subject, key }, [...participants, ...override])
  const answer = await wire.query({ xmlns: 'w:g2', type: 'set', to: '@g.us' }, [create])
  return `${getBinaryNodeChild(answer, 'group')?.attrs['id'] ?? ''}@g.us`
}

/** Lets messages of a group vanish after so many seconds; 0 ends that. @throws KurirError `request-refused` */
export const setGroupExpiration = async ({ wire }: PhoneContext, group: string, seconds: number): Promise<void> => {
  const change = seconds === 0 ? element('not_ephemeral') : element('ephemeral', { expiration: String(seconds) })
  await wire.query({ xmlns: 'w:g2', type: 'set', to: group }, [change])
}

export type GroupChange = 'add' | 'remove' | 'promote' | 'demote'

/** Changes members. @throws KurirError `request-refused` */
export const changeGroup = async (
  { wire }: PhoneContext,
  group: string,
  action: GroupChange,
  members: readonly string[],
): Promise<void> => {
  const participants = members.map(jid => element('participant', { jid }))
  await wire.query({ xmlns: 'w:g2', type: 'set', to: group }, [element(action, {}, participants)])
}
