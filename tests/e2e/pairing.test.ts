import { describe, expect, it } from 'vitest'
import { rejection } from './support/kurir-client.js'
import { worldForEachTest } from './support/world.js'

/** The reference is the first field of the text. */
const referenceOf = (qr: string): string => qr.slice(qr.indexOf('#') + 1).split(',')[0] ?? ''

describe('pairing by QR', () => {
  const world = worldForEachTest()

  it('shows a QR, restarts on 515, logs in and opens, with the events of docs/protocol/06 §6.2', async () => {
    const alice = await world().phone('Alice')
    const bot = world().client().connect()
    await alice.scan(await bot.qr())
    expect(await bot.closed()).toMatchObject({ code: 'restart-required', statusCode: 515, error: { retryable: true } })
    expect(bot.updates).toMatchObject([
      { connection: 'connecting', receivedPendingNotifications: false, qr: undefined },
      { qr: expect.stringContaining('https://wa.me/settings/linked_devices#') },
      { isNewLogin: true, qr: undefined },
      { connection: 'close' },
    ])
    const credentialsAt = bot.events.findIndex(({ name }) => name === 'creds.update')
    const newLoginAt = bot.events.findIndex(({ data }) => 'isNewLogin' in (data as object))
    expect(credentialsAt).toBeLessThan(newLoginAt)
    await bot.reconnect()
    expect(bot.updates.filter(({ connection }) => connection !== undefined)).toMatchObject([
      { connection: 'connecting' },
      { connection: 'open' },
    ])
    expect(bot.socket.user).toMatchObject({ id: `${alice.number}:1@s.whatsapp.net`, lid: bot.lid, name: 'Alice' })
    expect(bot.lid).toBe(`${alice.account.lidUser}:1@lid`)
    expect(alice.linkedDevices).toMatchObject([{ jid: bot.jid, lid: bot.lid, online: true }])
  })

  it('shows the references one after another, and ends with 408 when they are used up (docs/protocol/01 §6.3)', async () => {
    const bot = world()
      .client({ config: { qrTimeout: 30 } })
      .connect()
    expect(await bot.closed()).toMatchObject({ code: 'qr-expired', statusCode: 408, error: { retryable: true } })
    expect(bot.qrs).toHaveLength(6)
    expect(new Set(bot.qrs.map(referenceOf)).size).toBe(6)
    const rest = new Set(bot.qrs.map(qr => qr.slice(qr.indexOf(','))))
    expect(rest.size).toBe(1)
  })

  it('links with a later reference', async () => {
    const alice = await world().phone('Alice')
    const bot = world()
      .client({ config: { qrTimeout: 150 } })
      .connect()
    const third = await bot.waitFor(() => bot.qrs[2], 'third QR')
    await alice.scan(third)
    expect(await bot.closed()).toMatchObject({ code: 'restart-required' })
    expect(bot.qrs.length).toBeLessThanOrEqual(4)
    await bot.reconnect()
  })

  it('links two clients of one account and keeps them apart', async () => {
    const alice = await world().phone('Alice')
    const [first, second] = [await world().linked(alice), await world().linked(alice)]
    expect([first.jid, second.jid]).toEqual([`${alice.number}:1@s.whatsapp.net`, `${alice.number}:2@s.whatsapp.net`])
    expect(alice.linkedDevices.map(({ online }) => online)).toEqual([true, true])
  })
})

describe('a service whose references run out first', () => {
  const world = worldForEachTest({ refLifetimeMs: 100 })

  it('ends the stream: 428, connect again for new references', async () => {
    const alice = await world().phone('Alice')
    const bot = world().client().connect()
    expect(await bot.closed()).toMatchObject({ code: 'connection-closed', statusCode: 428, error: { retryable: true } })
    bot.connect()
    await alice.scan(await bot.qr())
    expect(await bot.closed()).toMatchObject({ code: 'restart-required' })
  })
})

describe('pairing by code', () => {
  const world = worldForEachTest()

  it('links, and says in the credentials that it was by code', async () => {
    const alice = await world().phone('Alice')
    const bot = world().client().connect()
    await bot.qr()
    const code = await bot.socket.requestPairingCode(`+${alice.number}`)
    expect(code).toMatch(/^[1-9A-HJ-NP-TV-Z]{8}$/)
    await alice.enterPairingCode(code)
    expect(await bot.closed()).toMatchObject({ code: 'restart-required' })
    await bot.reconnect()
    expect(bot.auth.creds).toMatchObject({ registered: true, me: { id: `${alice.number}:1@s.whatsapp.net` } })
    const id = await alice.send(bot.jid.replace(':1', ''), { text: 'note to self' })
    expect((await bot.text('note to self')).key).toMatchObject({ id, fromMe: true })
  })

  it('takes a code of the user, and can be asked again with a new one', async () => {
    const alice = await world().phone('Alice')
    const bot = world().client().connect()
    await bot.qr()
    const first = await bot.socket.requestPairingCode(alice.number)
    expect(await bot.socket.requestPairingCode(alice.number, 'KVRKVR12')).toBe('KVRKVR12')
    expect(first).not.toBe('KVRKVR12')
    await alice.enterPairingCode('KVRKVR12')
    expect(await bot.closed()).toMatchObject({ code: 'restart-required' })
    await bot.reconnect()
  })

  it('survives a wrong code typed on the phone', async () => {
    const alice = await world().phone('Alice')
    const bot = world().client().connect()
    await bot.qr()
    const code = await bot.socket.requestPairingCode(alice.number, 'AAAABBBB')
    expect(await rejection(alice.enterPairingCode('CCCCDDDD'))).toMatchObject({ code: 'wrong-pairing-code' })
    expect(bot.closes).toEqual([])
    await alice.enterPairingCode(code)
    expect(await bot.closed()).toMatchObject({ code: 'restart-required' })
    await bot.reconnect()
  })

  it('refuses what cannot work before anything is sent', async () => {
    const alice = await world().phone('Alice')
    const bot = world().client().connect()
    await bot.qr()
    const refused = (phoneNumber: string, code?: string) => rejection(bot.socket.requestPairingCode(phoneNumber, code))
    expect(await refused('0812')).toMatchObject({ code: 'invalid-phone-number', output: { statusCode: 400 } })
    expect(await refused(alice.number, 'short')).toMatchObject({
      code: 'invalid-pairing-code',
      output: { statusCode: 400 },
    })
    expect(await refused('6289999999')).toMatchObject({ code: 'server-refused', data: 404 })
    await alice.scan(bot.qrs.at(-1) ?? '')
    await bot.closed()
    await bot.reconnect()
    expect(await refused(alice.number)).toMatchObject({ code: 'already-paired', output: { statusCode: 409 } })
  })
})
