import type { Phone } from '@kurir/simulator'
import { INITIAL_PREKEY_COUNT } from 'kurir'
import { randomBytes } from 'kurir/crypto'
import { describe, expect, it } from 'vitest'
import type { KurirClient } from './support/kurir-client.js'
import { rejection } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** The device of a client as the service has it. */
function deviceOf(phone: Phone, client: KurirClient) {
  const device = [...phone.account.devices.values()].find(({ pn }) => pn === client.jid)
  if (device === undefined) throw new Error('not linked')
  return device
}

/** The service has so many keys, and the client's upload is over: a call that asks for one begins another. */
async function stocked(phone: Phone, client: KurirClient, atLeast: number): Promise<void> {
  await client.waitFor(() => {
    const { firstUnuploadedPreKeyId, nextPreKeyId } = client.auth.creds
    return deviceOf(phone, client).preKeys.count >= atLeast && firstUnuploadedPreKeyId === nextPreKeyId
  }, `stock of ${atLeast} prekeys`)
  await new Promise(resolve => setImmediate(resolve))
}

describe('prekeys', () => {
  const world = worldForEachTest()

  it('are uploaded after the first login', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    await stocked(alice, bot, INITIAL_PREKEY_COUNT)
    expect(bot.auth.creds).toMatchObject({ nextPreKeyId: 813, firstUnuploadedPreKeyId: 813 })
  })

  it('are topped up when the service says that few are left, and the new ones work', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    await stocked(alice, bot, INITIAL_PREKEY_COUNT)
    const { preKeys } = deviceOf(alice, bot)
    while (preKeys.count > 10) preKeys.take()
    await bob.send(alice.jid, { text: 'with the tenth key' })
    await bot.text('with the tenth key')
    await stocked(alice, bot, 100)
    while (preKeys.count > 100) preKeys.take()
    const carol = await world().phone('Carol')
    await carol.send(alice.jid, { text: 'with a new key' })
    await bot.text('with a new key')
    expect(bot.unreadable).toEqual([])
  })

  it('are topped up at the next login', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    await stocked(alice, bot, INITIAL_PREKEY_COUNT)
    await bot.end()
    const { preKeys } = deviceOf(alice, bot)
    while (preKeys.count > 3) preKeys.take()
    await bot.reconnect()
    await stocked(alice, bot, 100)
  })

  it('are uploaded again when the digest differs (docs/protocol/01 §8.5)', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    await stocked(alice, bot, INITIAL_PREKEY_COUNT)
    await bot.socket.digestKeyBundle()
    const { preKeys } = deviceOf(alice, bot)
    // A key that this device never made.
    preKeys.add([{ id: 16_000_000, public: randomBytes(32) }])
    expect(await rejection(bot.socket.digestKeyBundle())).toMatchObject({
      code: 'prekey-digest-mismatch',
      retryable: true,
    })
    await stocked(alice, bot, 2 * INITIAL_PREKEY_COUNT)
  })

  it('are uploaded again when the service has lost them', async () => {
    const [alice, bob] = [await world().phone('Alice'), await world().phone('Bob')]
    const bot = await world().linked(alice)
    await stocked(alice, bot, INITIAL_PREKEY_COUNT)
    await bot.end()
    deviceOf(alice, bot).preKeys.clear()
    await bot.reconnect()
    await stocked(alice, bot, INITIAL_PREKEY_COUNT)
    await bob.send(alice.jid, { text: 'still here' })
    await bot.text('still here')
  })

  it('share one upload when several ask at once, and repeat one that the service refuses', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    await stocked(alice, bot, INITIAL_PREKEY_COUNT)
    const refusal = world().service.faults.add({
      direction: 'from-client',
      match: { tag: 'iq', xmlns: 'encrypt', type: 'set' },
      times: 1,
      action: { kind: 'nack', code: 503 },
    })
    await Promise.all([bot.socket.uploadPreKeys(20), bot.socket.uploadPreKeys(20), bot.socket.uploadPreKeys(20)])
    expect(refusal.hits).toBe(1)
    expect(deviceOf(alice, bot).preKeys.count).toBeLessThanOrEqual(INITIAL_PREKEY_COUNT + 40)
    await stocked(alice, bot, INITIAL_PREKEY_COUNT + 20)
  })

  it('reject with a typed error when the service does not answer the upload', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    await stocked(alice, bot, INITIAL_PREKEY_COUNT)
    world().service.faults.add({
      direction: 'from-client',
      match: { tag: 'iq', xmlns: 'encrypt', type: 'set' },
      action: { kind: 'drop' },
    })
    const upload = rejection(bot.socket.uploadPreKeys(5))
    await bot.socket.end(undefined)
    expect(await upload).toMatchObject({ code: 'connection-closed', output: { statusCode: 428 } })
  })
})

describe('the signed prekey', () => {
  const world = worldForEachTest()

  it('is rotated, and messages that name the old one stay readable (docs/protocol/01 §8.6)', async () => {
    const [alice, bob, carol] = [await world().phone('Alice'), await world().phone('Bob'), await world().phone('Carol')]
    const bot = await world().linked(alice)
    await stocked(alice, bot, INITIAL_PREKEY_COUNT)
    const { faults } = world().service
    const lost = faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: bot.jid },
      action: { kind: 'drop' },
    })
    await bob.send(alice.jid, { text: 'under the first key' })
    expect(lost.hits).toBe(1)
    lost.remove()
    const first = bot.auth.creds.signedPreKey.keyId
    for (let turn = 1; turn <= 2; turn += 1) {
      await bot.socket.rotateSignedPreKey()
      expect(bot.auth.creds.signedPreKey.keyId).toBe(first + turn)
      expect(deviceOf(alice, bot).keys.signedPreKey.id).toBe(first + turn)
    }
    await carol.send(alice.jid, { text: 'under the third key' })
    await bot.text('under the third key')
    await bot.end()
    await bot.reconnect()
    await bot.text('under the first key')
    await bot.socket.digestKeyBundle()
    expect(bot.unreadable).toEqual([])
  })

  it('stays as it was when the service refuses the rotation', async () => {
    const alice = await world().phone('Alice')
    const bot = await world().linked(alice)
    await stocked(alice, bot, INITIAL_PREKEY_COUNT)
    world().service.faults.add({
      direction: 'from-client',
      match: { tag: 'iq', xmlns: 'encrypt', child: 'rotate' },
      times: 1,
      action: { kind: 'nack', code: 503 },
    })
    const before = bot.auth.creds.signedPreKey
    expect(await rejection(bot.socket.rotateSignedPreKey())).toMatchObject({ code: 'server-refused', data: 503 })
    expect(bot.auth.creds.signedPreKey).toEqual(before)
    await bot.socket.rotateSignedPreKey()
    expect(bot.auth.creds.signedPreKey.keyId).toBe(before.keyId + 1)
  })
})
