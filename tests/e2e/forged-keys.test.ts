import type { BinaryNode, KurirError } from 'kurir'
import { generateKeyPair } from 'kurir/crypto'
import { signKeyIndexList } from 'kurir/pairing'
import { describe, expect, it } from 'vitest'
import { rejection, textOf } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** The tree with every node of this tag replaced. */
const replaceAll = (tree: BinaryNode, tag: string, replace: (found: BinaryNode) => BinaryNode): BinaryNode => {
  if (tree.tag === tag) return replace(tree)
  if (!Array.isArray(tree.content)) return tree
  return { ...tree, content: tree.content.map(child => replaceAll(child, tag, replace)) }
}

const flipped = (bytes: BinaryNode['content'], at = 5): Buffer => {
  const altered = Buffer.from(bytes as Uint8Array)
  altered.writeUInt8(altered.readUInt8(at) ^ 1, at)
  return altered
}

describe('forged keys (docs/protocol/02 §1.4, §5.4)', () => {
  const world = worldForEachTest()

  it('a signed prekey that the device did not sign: that device is left out, the others are written to', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const companion = await world().linked(bob)
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'iq', child: 'list', device: bot.jid },
      action: {
        kind: 'alter',
        alter: answer =>
          replaceAll(answer, 'user', user =>
            user.attrs['jid']?.includes(':1@') === true
              ? replaceAll(user, 'signature', signature => ({ ...signature, content: flipped(signature.content) }))
              : user,
          ),
      },
    })
    const id = await bot.sendText(bob.jid, 'for the phone only')
    expect(await bob.waitForMessage(({ text }) => text === 'for the phone only')).toMatchObject({ id })
    await bot.logged('untrusted-prekey-signature')
    expect(companion.texts()).toEqual([])
    // The service tells of it by its participant hash; nothing is written to the device until its keys are good.
    world().service.faults.clear()
    await bot.sendText(bob.jid, 'for both')
    await companion.text('for both')
  })

  it('no device of the recipient has honest keys: the message is refused, not sent to ourselves alone', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'iq', child: 'list', device: bot.jid },
      action: {
        kind: 'alter',
        alter: answer =>
          replaceAll(answer, 'user', user =>
            user.attrs['jid']?.startsWith(bob.account.lidUser) === true || user.attrs['jid'] === bob.jid
              ? replaceAll(user, 'signature', signature => ({ ...signature, content: flipped(signature.content) }))
              : user,
          ),
      },
    })
    const error: KurirError = await rejection(bot.sendText(bob.jid, 'to nobody'))
    expect(error).toMatchObject({ code: 'all-encryptions-failed', data: { jid: bob.jid } })
    expect(alice.messages.filter(({ text }) => text === 'to nobody')).toEqual([])
  })

  const forgedLists: [what: string, forge: (bytes: Uint8Array) => Uint8Array][] = [
    ['altered', bytes => flipped(bytes, 6)],
    ['garbage', () => Buffer.alloc(60, 0xff)],
    ['empty', () => Buffer.alloc(0)],
  ]

  it.each(forgedLists)('a signed device list that is %s: its companions are not written to', async (_what, forge) => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const spy = await world().linked(bob)
    world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'iq', child: 'usync', device: bot.jid },
      action: {
        kind: 'alter',
        alter: answer =>
          replaceAll(answer, 'user', user =>
            user.attrs['jid'] === bob.jid
              ? replaceAll(user, 'key-index-list', list => ({
                  ...list,
                  content: Buffer.from(forge(list.content as Uint8Array)),
                }))
              : user,
          ),
      },
    })
    await bot.sendText(bob.jid, 'for the phone only')
    await bob.waitForMessage(({ text }) => text === 'for the phone only')
    await bot.logged('key-index-list-invalid')
    expect(spy.texts()).toEqual([])
  })

  it('a list signed by somebody else, with the key to check it by: not believed', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const spy = await world().linked(bob)
    const { timestamp } = bob.account.keyIndexList ?? { timestamp: 0 }
    const list = { rawId: 7, timestamp, currentIndex: 1, validIndexes: [0, 1] }
    bob.account.keyIndexList = { timestamp, bytes: signKeyIndexList(generateKeyPair(), list) }
    await bot.sendText(bob.jid, 'for the phone only')
    await bob.waitForMessage(({ text }) => text === 'for the phone only')
    await bot.logged('key-index-list-invalid')
    expect(spy.texts()).toEqual([])
  })

  it('a companion that cannot prove that its account vouches for it: not decrypted, asked again', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    const companion = await world().linked(bob)
    const forged = world().service.faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: bot.jid, child: 'device-identity' },
      times: 1,
      action: {
        kind: 'alter',
        alter: message =>
          replaceAll(message, 'device-identity', identity => ({ ...identity, content: flipped(identity.content, 12) })),
      },
    })
    const id = await companion.sendText(alice.jid, 'believe me')
    await bot.waitFor(() => bot.unreadable.find(({ key }) => key.id === id), 'placeholder')
    expect(forged.hits).toBe(1)
    await bot.logged('device-identity-invalid')
    // The next copy has the true identity.
    expect(textOf(await bot.text('believe me'))).toBe('believe me')
    expect(bot.readable.filter(({ key }) => key.id === id)).toHaveLength(1)
  })
})
