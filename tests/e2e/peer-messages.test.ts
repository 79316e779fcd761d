import { expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

const world = worldForEachTest()

it('a message of the own phone that came damaged is asked for again', async () => {
  const alice = await world().phone('Alice')
  const fault = world().service.faults.add({
    direction: 'to-client',
    match: { tag: 'message', device: `${alice.number}:1@s.whatsapp.net` },
    times: 1,
    action: { kind: 'corrupt' },
  })
  const bot = await world().linked(alice)
  const shared = () => Object.keys(bot.auth.creds).includes('myAppStateKeyId') && bot.auth.creds.myAppStateKeyId
  await expect.poll(shared, { timeout: 10_000 }).toBeTruthy()
  expect(fault.hits).toBe(1)
  expect(alice.problems).toEqual([])
})
