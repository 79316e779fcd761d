import { describe, expect, it } from 'vitest'
import { newLTHashState } from '../app-state/collection-state.js'
import { AppStateCollections } from './app-state-collections.js'
import { testCore } from './testing/collaborator-core.js'

const version = (number: number) => ({ ...newLTHashState(), version: number })

/** Collections whose program is through with an event when `release` is called. */
function scene() {
  const core = testCore()
  const collections = new AppStateCollections(core)
  let release: () => void = () => {}
  const gate = new Promise<void>(resolve => {
    release = resolve
  })
  core.ev.process(events => (events['chats.update'] ? gate : undefined))
  const storedVersion = async () => {
    const { regular } = await core.keys.get('app-state-sync-version', ['regular'])
    return regular?.version
  }
  return { core, collections, release, storedVersion }
}

describe('the state of a collection', () => {
  it('is stored when what belongs to it has been handled, and known at once', async () => {
    const { core, collections, release, storedVersion } = scene()
    core.ev.emit('chats.update', [{ id: '1@lid', archived: true }])
    collections.reached('regular', version(7))
    await collections.settled()
    expect(await storedVersion()).toBeUndefined()
    expect((await collections.stateOf('regular')).version).toBe(7)
    release()
    await collections.settled()
    expect(await storedVersion()).toBe(7)
  })

  it('is not stored any more after the end of the connection: the next one tells it again', async () => {
    const { core, collections, release, storedVersion } = scene()
    collections.reached('regular', version(6))
    await collections.settled()
    core.ev.emit('chats.update', [{ id: '1@lid', archived: true }])
    collections.reached('regular', version(7))
    await core.connection.end(undefined)
    await collections.settled()
    release()
    await collections.settled()
    expect(await storedVersion()).toBe(6)
  })
})
