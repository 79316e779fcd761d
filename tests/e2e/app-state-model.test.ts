import { SeededRandom } from '@kurir/simulator'
import { describe, expect, it } from 'vitest'
import { isCutOff, KurirAccount } from '../model/kurir-account.js'
import { pictureOfPhone } from '../model/picture.js'
import { keptFor, runModel, storedBy } from '../model/run.js'
import { modelSeed, modelSize } from '../model/size.js'
import { worldForEachTest } from './support/world.js'

const { changes, timeoutMs } = modelSize(500)

describe('two companions and a phone that change app state at the same time', () => {
  const world = worldForEachTest({ seed: modelSeed })

  const endInTheSameState = async () => {
    const { service } = world()
    const phone = await world().phone('Owner')
    const clients = [await world().linked(phone), await world().linked(phone)]
    const accounts = await Promise.all(clients.map(client => KurirAccount.of(client)))
    service.appState.patchesPerAnswer = 7
    const { faults } = service.appState
    faults.add({ operation: 'upload', probability: 0.05, action: { kind: 'error', code: 409 } })
    faults.add({ operation: 'fetch', probability: 0.003, action: { kind: 'error', code: 503 } })
    // Damage is in app-state.test.ts: after it, a collection is read anew, and what was removed meanwhile cannot be told.
    const random = new SeededRandom(`${service.seed} run`)
    // New keys are in app-state.test.ts: what was written with an older one stays beside what is written with the new one,
    // and comes back where a collection is read as a whole (docs/app-state.md).
    const run = { changes, atOnce: 6, reconnectEvery: 80, rotateEvery: Number.POSITIVE_INFINITY }
    const { made, errors } = await runModel({ phone, clients: accounts, random, ...run })
    service.faults.clear()
    expect(errors.filter(error => !isCutOff(error))).toEqual([])
    expect(made).toBeGreaterThan(changes * 0.8)
    // What failed under a fault would be tried again half a minute later, or on the next connection.
    for (const account of accounts) await account.reconnect()
    for (const account of accounts) {
      await expect.poll(() => account.isUpToDate(phone), { timeout: 20_000 }).toBe(true)
      expect(await storedBy(account)).toEqual(keptFor(phone))
      await expect.poll(() => account.picture, { timeout: 20_000 }).toEqual(pictureOfPhone(phone))
    }
  }

  it('end in the same state, over conflicts, faults and new connections', endInTheSameState, timeoutMs)
})
