import { type Phone, Simulator } from '@kurir/simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BaileysClient } from './support/baileys-client.js'

/** WebMessageInfo.Status */
const READ = 4

describe('a real Baileys client on the simulator', () => {
  let wa: Simulator
  let alice: Phone
  let bob: Phone
  const clients: BaileysClient[] = []

  const violations = () => wa.violations.map(({ kind, message }) => `${kind}: ${message}`)

  const client = (config = {}) => {
    const made = new BaileysClient(wa.url, { config })
    clients.push(made)
    return made
  }

  /** Links a client to a phone by QR and brings it to `open`. */
  const linked = async (phone: Phone, config = {}) => {
    const made = client(config).connect()
    await phone.scan(await made.qr())
    expect((await made.closed()).code).toBe(515)
    made.connect()
    await made.open()
    return made
  }

  beforeEach(async () => {
    wa = await Simulator.start({ seed: 'interop', validation: 'lenient' })
    alice = await wa.phone('6281110001', { pushName: 'Alice' })
    bob = await wa.phone('6281110002', { pushName: 'Bob' })
  })

  afterEach(async () => {
    for (const made of clients.splice(0)) made.socket.end(undefined)
    await wa.stop()
  })

  it('pairs by QR, restarts on 515 and reaches open', async () => {
    const bot = await linked(alice)
    expect(bot.auth.creds.me?.id).toBe('6281110001:1@s.whatsapp.net')
    expect(bot.auth.creds.me?.lid).toBe(`${alice.account.lidUser}:1@lid`)
    expect(alice.linkedDevices).toMatchObject([{ jid: '6281110001:1@s.whatsapp.net', online: true }])
    expect(violations()).toEqual([])
  })

  it('pairs by code and reaches open', async () => {
    const bot = client().connect()
    await bot.qr()
    const code = await bot.socket.requestPairingCode('6281110001')
    await alice.enterPairingCode(code)
    expect((await bot.closed()).code).toBe(515)
    bot.connect()
    await bot.open()
    expect(bot.auth.creds.registered).toBe(true)
    expect(violations()).toEqual([])
  })

  it('exchanges texts with a phone of another account, both ways', async () => {
    const bot = await linked(alice)
    const id = await bob.send(alice.jid, { text: 'ping' })
    const received = await bot.text('ping')
    expect(received.key.id).toBe(id)
    expect(received.pushName).toBe('Bob')
    const answer = await bot.sendText(bob.jid, 'pong')
    expect(await bob.waitForMessage(({ text }) => text === 'pong')).toMatchObject({ id: answer, senderPn: alice.jid })
    expect(await alice.waitForMessage(({ text }) => text === 'pong')).toMatchObject({ fromMe: true, chatPn: bob.jid })
    await bob.waitForReceipt(({ ids }) => ids.includes(id))
    bob.read(answer)
    await bot.waitFor(() => bot.status(answer) === READ, 'read tick')
    expect(violations()).toEqual([])
  })
})
