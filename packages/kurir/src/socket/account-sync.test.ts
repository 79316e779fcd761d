import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { AccountSync } from './account-sync.js'
import { Blocklist } from './blocklist.js'
import { ContactTokens } from './contact-tokens.js'
import { Privacy } from './privacy.js'
import { Profile } from './profile.js'
import { testCore } from './testing/collaborator-core.js'

const ME = { id: '15550001111:3@s.whatsapp.net', lid: '11:3@lid', name: 'Me' }
const own = { id: '15550001111@s.whatsapp.net', phoneNumber: '15550001111@s.whatsapp.net', lid: '11@lid' }

const child = (tag: string, attrs: BinaryNode['attrs'] = {}, ...content: BinaryNode[]): BinaryNode => ({
  tag,
  attrs,
  content,
})

async function after(content: readonly BinaryNode[], attrs: BinaryNode['attrs'] = {}) {
  const answer = { xwa2_username_get: { username_info: { username: 'asked' } } }
  const core = testCore({
    creds: { me: ME },
    answer: () => child('iq', {}, { tag: 'result', attrs: {}, content: JSON.stringify({ data: answer }) }),
  })
  const privacy = new Privacy(core)
  const profile = new Profile(core, new ContactTokens(core))
  new AccountSync(core, { privacy, blocklist: new Blocklist(core), profile })
  await core.notifications.handle({
    tag: 'notification',
    attrs: { type: 'account_sync', ...attrs },
    content: [...content],
  })
  return core
}

describe('AccountSync (docs/protocol/04, 4.10)', () => {
  it('takes every child, not only the first', async () => {
    const core = await after([
      child('picture', { action: 'modify' }),
      child('disappearing_mode', { duration: '60', t: '5' }),
      child('unheard_of'),
      child('blocklist', {}, child('item', { jid: '22@lid', action: 'block' })),
      child('text_status', { text: 'away', last_update_time: '5' }),
      child('username', { username: 'me' }),
    ])
    expect(core.events).toMatchObject([
      { name: 'contacts.update', data: [{ ...own, imgUrl: 'changed' }] },
      {
        name: 'creds.update',
        data: {
          accountSettings: {
            unarchiveChats: false,
            defaultDisappearingMode: { ephemeralExpiration: 60, ephemeralSettingTimestamp: 5 },
          },
        },
      },
      { name: 'blocklist.update', data: { blocklist: ['22@lid'], type: 'add' } },
      { name: 'contacts.update', data: [{ ...own, textStatus: { text: 'away', setAt: new Date(5_000) } }] },
      { name: 'contacts.update', data: [{ ...own, username: 'me' }] },
    ])
  })

  it('asks for a username that has changed, and knows of one that is gone', async () => {
    const asked = await after([child('username', { action: 'modify' })])
    expect(asked.named('contacts.update')).toEqual([[{ ...own, username: 'asked' }]])
    const gone = await after([child('username')])
    expect([gone.sent, gone.named('contacts.update')]).toEqual([[], [[{ ...own, username: '' }]]])
  })

  it('takes a new push name, and says nothing of the one that is known', async () => {
    const renamed = await after([], { pushname: 'New' })
    expect(renamed.named('creds.update')).toEqual([{ me: { ...ME, name: 'New' } }])
    expect((await after([], { pushname: 'Me' })).events).toEqual([])
  })

  it('makes nothing of timers that are none', async () => {
    const core = await after([child('disappearing_mode', { duration: '-1', t: 'x' }), child('disappearing_mode')])
    expect(core.events).toEqual([])
  })

  it('hears of the own username by mex too', async () => {
    const core = await after([])
    const data = { xwa2_notify_wa_user: { username_info: { username: 'me' } } }
    const update = { op_name: 'AccountSyncUsernameNotification' }
    await core.notifications.handle({
      tag: 'notification',
      attrs: { type: 'mex' },
      content: [{ tag: 'update', attrs: update, content: JSON.stringify({ data }) }],
    })
    expect(core.named('contacts.update')).toEqual([[{ ...own, username: 'me' }]])
  })
})
