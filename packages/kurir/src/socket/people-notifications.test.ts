import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { PeopleNotifications } from './people-notifications.js'
import { testCore } from './testing/collaborator-core.js'

const BOB = '15550002222@s.whatsapp.net'
const BOB_LID = '22@lid'

async function eventsAfter(...nodes: BinaryNode[]) {
  const core = testCore({ creds: { me: { id: '15550001111:3@s.whatsapp.net', lid: '11:3@lid' } } })
  await core.repository.lidMapping.storeLIDPNMappings([{ pn: BOB, lid: BOB_LID }])
  const messages: unknown[] = []
  new PeopleNotifications(core, async message => void messages.push(message))
  for (const node of nodes) await core.notifications.handle(node)
  return { core, messages, contacts: core.named('contacts.update').flat() }
}

const mex = (operation: string, data: unknown): BinaryNode => ({
  tag: 'notification',
  attrs: { type: 'mex', from: 's.whatsapp.net' },
  content: [{ tag: 'update', attrs: { op_name: operation }, content: Buffer.from(JSON.stringify({ data })) }],
})

describe('PeopleNotifications', () => {
  it('tells of texts and names under both names of a person', async () => {
    const status = { jid: BOB_LID, text: 'away', last_update_time: '5' }
    const { contacts } = await eventsAfter(
      mex('TextStatusUpdateNotification', { xwa2_notify_text_status_on_update: status }),
      mex('UsernameSetNotification', { xwa2_notify_username_on_change: { lid: BOB_LID, username: 'bob' } }),
      mex('UsernameDeleteNotification', { xwa2_notify_username_delete: { lid: BOB_LID } }),
    )
    const bob = { id: BOB_LID, lid: BOB_LID, phoneNumber: BOB }
    expect(contacts).toEqual([
      { ...bob, textStatus: { text: 'away', setAt: new Date(5_000) } },
      { ...bob, username: 'bob' },
      { ...bob, username: '' },
    ])
  })

  it('learns the number of somebody whose username goes', async () => {
    const told = { lid: '33@lid', pn_jid: '15550003333@s.whatsapp.net' }
    const { contacts } = await eventsAfter(mex('UsernameDeleteNotification', { xwa2_notify_username_delete: told }))
    expect(contacts).toMatchObject([{ id: '33@lid', phoneNumber: '15550003333@s.whatsapp.net' }])
  })

  it('moves the number to a new LID', async () => {
    const { core, contacts } = await eventsAfter(
      mex('LidChangeNotification', { xwa2_notify_lid_change: { old: BOB_LID, new: '23@lid' } }),
      mex('LidChangeNotification', { xwa2_notify_lid_change: { old: '99@lid', new: '98@lid' } }),
    )
    expect(await core.repository.lidMapping.getLIDForPN(BOB)).toBe('23@lid')
    expect(contacts).toEqual([{ id: '23@lid', lid: '23@lid', phoneNumber: BOB }])
  })

  it('does nothing with what names nobody or has another shape', async () => {
    const { core, messages } = await eventsAfter(
      mex('TextStatusUpdateNotification', { xwa2_notify_text_status_on_update: null }),
      mex('UsernameSetNotification', {}),
      mex('LidChangeNotification', { xwa2_notify_lid_change: { old: 5 } }),
      mex('NotificationLinkedProfilesUpdates', { xwa2_notify_linked_profiles: { jid: BOB_LID, added_profiles: [5] } }),
      { tag: 'notification', attrs: { type: 'contacts', from: 's.whatsapp.net' } },
      { tag: 'notification', attrs: { type: 'status' } },
      { tag: 'notification', attrs: { type: 'disappearing_mode', from: BOB } },
      { tag: 'notification', attrs: { type: 'picture', from: BOB }, content: 'x' },
    )
    expect([core.events, messages]).toEqual([[], []])
  })

  it('a group shows who changed its picture, under both names', async () => {
    const { messages, contacts } = await eventsAfter({
      tag: 'notification',
      attrs: { type: 'picture', from: '1-2@g.us', id: 'n', t: '5' },
      content: [{ tag: 'set', attrs: { id: '9', author: '22:4@lid' } }],
    })
    expect(messages).toMatchObject([
      { key: { remoteJid: '1-2@g.us', fromMe: false, participant: BOB_LID, participantAlt: BOB }, messageTimestamp: 5 },
    ])
    expect(contacts).toEqual([{ id: '1-2@g.us', imgUrl: 'changed' }])
  })
})
