import { describe, expect, it } from 'vitest'
import { SenderKeyHolders } from './sender-key-holders.js'
import { testCore } from './testing/collaborator-core.js'

const group = '120363000000000001@g.us'
const me = '100@lid'
const [alice, bob, bobsTablet] = ['1@lid', '2@lid', '2:4@lid'] as const

/** These devices have our key of the group. */
async function holdersOf(...devices: string[]) {
  const core = testCore()
  await core.repository.encryptGroupMessage({ group, meId: me, data: Buffer.from('x') })
  const holders = new SenderKeyHolders(core)
  holders.awaitAck('first', group, devices)
  await holders.acknowledged('first', false)
  return { core, holders }
}

describe('SenderKeyHolders', () => {
  it('counts a device only when the server took the message that brought the key', async () => {
    const holders = new SenderKeyHolders(testCore())
    holders.awaitAck('1', group, [alice])
    holders.awaitAck('2', group, [bob])
    expect(await holders.lacking(group, [alice, bob])).toEqual([alice, bob])
    await holders.acknowledged('1', false)
    await holders.acknowledged('2', true)
    await holders.acknowledged('unknown', false)
    expect(await holders.lacking(group, [alice, bob])).toEqual([bob])
  })

  it('keeps both when two answers come at once', async () => {
    const holders = new SenderKeyHolders(testCore())
    holders.awaitAck('1', group, [alice])
    holders.awaitAck('2', group, [bob])
    await Promise.all([holders.acknowledged('1', false), holders.acknowledged('2', false)])
    expect(await holders.lacking(group, [alice, bob])).toEqual([])
  })

  it('forgets a device, or all devices of a user', async () => {
    const { holders } = await holdersOf(alice, bob, bobsTablet)
    await holders.forget(group, bobsTablet)
    expect(await holders.lacking(group, [alice, bob, bobsTablet])).toEqual([bobsTablet])
    await holders.forget(group, bob)
    expect(await holders.lacking(group, [alice, bob])).toEqual([bob])
  })

  it('makes a new key when a holder is no longer a recipient, and not before', async () => {
    const { core, holders } = await holdersOf(alice, bob)
    const { repository } = core
    await holders.rotateIfMembersLeft(group, me, [alice, bob, '3@lid'])
    expect(await repository.hasSenderKey({ group, meId: me })).toBe(true)
    await holders.rotateIfMembersLeft(group, me, [alice])
    expect(await repository.hasSenderKey({ group, meId: me })).toBe(false)
    expect(await holders.lacking(group, [alice])).toEqual([alice])
  })

  it('does not take an answer for the old key as one for the new key', async () => {
    const { holders } = await holdersOf(alice, bob)
    holders.awaitAck('under way', group, ['3@lid'])
    await holders.rotateIfMembersLeft(group, me, [alice, '3@lid'])
    await holders.acknowledged('under way', false)
    expect(await holders.lacking(group, [alice, '3@lid'])).toEqual([alice, '3@lid'])
  })

  it('remembers a bounded number of messages without answer', async () => {
    const holders = new SenderKeyHolders(testCore())
    for (let index = 0; index < 1001; index += 1) holders.awaitAck(`${index}`, group, [`${index}@lid`])
    await holders.acknowledged('0', false)
    await holders.acknowledged('1', false)
    expect(await holders.lacking(group, ['0@lid', '1@lid'])).toEqual(['0@lid'])
  })
})
