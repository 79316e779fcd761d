import { describe, expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

describe('the own name', () => {
  const world = worldForEachTest()

  it('is that of the app state, not that of own messages from before', async () => {
    const [phone, bob] = [await world().phone('Old name'), await world().phone('Bob')]
    const client = await world().linked(phone)
    await client.waitFor(() => client.auth.creds.myAppStateKeyId, 'app-state key')
    await client.waitFor(() => client.events.some(({ name }) => name === 'messaging-history.set'), 'history')
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: client.jid },
      times: 1,
      action: { kind: 'drop', redeliverAfterMs: 500 },
    })
    await phone.send(bob.jid, { text: 'under the old name' })
    await phone.appState.change({ action: 'push-name', name: 'New name' })
    await client.waitFor(() => client.auth.creds.me?.name === 'New name', 'new name')
    await client.text('under the old name')
    await phone.send(bob.jid, { text: 'under the new name' })
    await client.text('under the new name')
    const names = client.events.flatMap(({ name, data }) =>
      name === 'creds.update' && 'me' in data ? [data.me?.name] : [],
    )
    expect(names.at(-1)).toBe('New name')
    expect(names.slice(names.indexOf('New name'))).toEqual(['New name'])
  })
})
