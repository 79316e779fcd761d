import { describe, expect, it } from 'vitest'
import { ContactTokens } from './contact-tokens.js'
import { Presence } from './presence.js'
import { announcePushName } from './push-name.js'
import { type TestCoreOptions, testCore } from './testing/collaborator-core.js'

const me = { id: '15550001111:7@s.whatsapp.net' }

function setUp(name: string | undefined, config: TestCoreOptions['config'] = {}) {
  const core = testCore({ creds: { me: { ...me, ...(name ? { name } : {}) } }, config })
  Object.assign(core.connection, { onStanza: () => {} })
  announcePushName(core, new Presence(core, new ContactTokens(core)))
  const rename = (next: string) => core.ev.emit('creds.update', { me: { ...me, name: next } })
  const presences = () => core.sent.filter(({ tag }) => tag === 'presence').map(({ attrs }) => attrs)
  return { core, rename, presences }
}

describe('the own name', () => {
  it('is announced when it has changed, without at signs (docs/protocol/04, 2.9)', () => {
    const { rename, presences } = setUp('old')
    rename('new@home')
    rename('new@home')
    expect(presences()).toEqual([{ name: 'newhome' }])
  })

  it('does not go out with changes of other credentials: 2.9 QUIRK', () => {
    const { core, presences } = setUp('old')
    core.ev.emit('creds.update', { accountSyncCounter: 1 })
    core.ev.emit('creds.update', { me: { ...me, name: 'old', lid: '1@lid' } })
    core.ev.emit('creds.update', { me })
    expect(presences()).toEqual([])
  })

  it.each([
    [true, 'available'],
    [false, 'unavailable'],
  ])('that is the first one makes up for the presence of the login (%s)', async (markOnlineOnConnect, type) => {
    const { rename, presences } = setUp(undefined, { markOnlineOnConnect })
    rename('first')
    rename('second')
    expect(presences()).toEqual([{ name: 'first', type }, { name: 'second' }])
  })

  it('is only remembered before the connection is open', () => {
    const { core, rename, presences } = setUp('old')
    core.enter('authenticating')
    rename('new')
    core.enter('open')
    rename('new')
    expect(presences()).toEqual([])
  })
})
