import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { AccountSync } from './account-sync.js'
import { Blocklist } from './blocklist.js'
import { ContactTokens } from './contact-tokens.js'
import { PeopleNotifications } from './people-notifications.js'
import { Privacy } from './privacy.js'
import { Profile } from './profile.js'
import { testCore } from './testing/collaborator-core.js'

const types = ['picture', 'status', 'contacts', 'disappearing_mode', 'account_sync', 'mex']
const tags = 'set delete update modify privacy category blocklist item picture status text_status username emoji mex'
const names = 'jid hash id author old new old_lid new_lid name value action dhash prev_dhash duration t text op_name'
const operations =
  'TextStatusUpdateNotification UsernameSetNotification LidChangeNotification UsernameDeleteNotification'
const jids = [
  '22@lid',
  '15550002222@s.whatsapp.net',
  's.whatsapp.net',
  '@s.whatsapp.net',
  '1-2@g.us',
  '',
  '@',
  'a:b:c@lid',
]

const word = (list: string) => fc.constantFrom(...list.split(' '))
const value = fc.oneof(
  fc.constantFrom(...jids),
  word(operations),
  word('block unblock modify 5 -1 1e9 NaN'),
  fc.string(),
)
const attrs = fc.dictionary(word(names), value, { maxKeys: 5 })
const json = fc.oneof(
  fc.json(),
  fc.jsonValue().map(data => JSON.stringify({ data })),
)
const children = fc.letrec<{ node: BinaryNode }>(tie => ({
  node: fc.record({
    tag: word(tags),
    attrs,
    content: fc.oneof(
      { depthSize: 'small' },
      json,
      fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes)),
      fc.array(tie('node'), { maxLength: 4 }),
    ),
  }),
})).node
const notification = fc.record({
  tag: fc.constant('notification'),
  attrs: fc
    .tuple(attrs, fc.constantFrom(...types), fc.constantFrom(...jids))
    .map(([other, type, from]) => ({ ...other, type, from })),
  content: fc.oneof(fc.string(), fc.array(children, { maxLength: 4 })),
})

it('notifications of any shape about people are handled without failing, and nothing wrong is told', async () => {
  const me = { id: '15550001111:3@s.whatsapp.net', lid: '11:3@lid', name: 'Me' }
  const core = testCore({ creds: { me }, answer: () => ({ tag: 'iq', attrs: { type: 'result' } }) })
  const tokens = new ContactTokens(core)
  const [privacy, blocklist, profile] = [new Privacy(core), new Blocklist(core), new Profile(core, tokens)]
  new AccountSync(core, { privacy, blocklist, profile })
  new PeopleNotifications(core, async () => {})
  await fc.assert(
    fc.asyncProperty(notification, async node => {
      const outcome = await core.notifications.handle(node).catch(error => error)
      // Asked for the own username, the service of this test gives no answer that could be read.
      if (outcome !== undefined) expect(outcome).toMatchObject({ code: 'mex-unexpected-answer' })
    }),
    { numRuns: 500 },
  )
  const told = core.named('contacts.update').flat()
  expect(told.filter(({ id }) => typeof id !== 'string' || id === '')).toEqual([])
  expect(told.filter(({ disappearingMode }) => disappearingMode && !(disappearingMode.duration >= 0))).toEqual([])
})
