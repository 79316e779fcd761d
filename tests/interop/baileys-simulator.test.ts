import { type Phone, Simulator } from '@kurir/simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BaileysClient, textOf } from './support/baileys-client.js'

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

  it('carries texts between two clients of different accounts, with copies for the phones', async () => {
    const [botA, botB] = [await linked(alice), await linked(bob)]
    for (let turn = 0; turn < 5; turn += 1) {
      await botA.sendText(bob.jid, `a${turn}`)
      await botB.text(`a${turn}`)
      await botB.sendText(alice.jid, `b${turn}`)
      await botA.text(`b${turn}`)
    }
    for (const phone of [alice, bob]) {
      for (const text of ['a0', 'a4', 'b0', 'b4']) await phone.waitForMessage(message => message.text === text)
    }
    expect(violations()).toEqual([])
  })

  it('gives two companions of one account their copies', async () => {
    const [first, second] = [await linked(alice), await linked(alice)]
    await bob.send(alice.jid, { text: 'to everybody' })
    await first.text('to everybody')
    await second.text('to everybody')
    await first.sendText(bob.jid, 'from the first')
    const copy = await second.text('from the first')
    expect(copy.key.fromMe).toBe(true)
    expect(violations()).toEqual([])
  })

  it('keeps messages while a client is offline and delivers them in order', async () => {
    const bot = await linked(alice)
    await bob.send(alice.jid, { text: 'before' })
    await bot.text('before')
    await bot.end()
    const texts = Array.from({ length: 20 }, (_, index) => `offline ${index}`)
    for (const text of texts) await bob.send(alice.jid, { text })
    expect(wa.unconfirmed(bot.jid)).toBeGreaterThanOrEqual(20)
    bot.connect()
    await bot.open()
    await bot.text('offline 19')
    const received = bot.messages.map(textOf).filter(text => text?.startsWith('offline'))
    expect(received).toEqual(texts)
    await expect.poll(() => wa.unconfirmed(bot.jid)).toBe(0)
    expect(violations()).toEqual([])
  })

  it('repairs a message that arrived corrupted at a client', async () => {
    const bot = await linked(alice)
    await bob.send(alice.jid, { text: 'first' })
    await bot.text('first')
    const fault = wa.faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: bot.jid },
      times: 1,
      action: { kind: 'corrupt' },
    })
    const id = await bob.send(alice.jid, { text: 'damaged on the way' })
    await bot.text('damaged on the way')
    expect(fault.hits).toBe(1)
    expect(await bob.waitForReceipt(({ type, ids }) => type === 'retry' && ids.includes(id))).toBeDefined()
    expect(violations()).toEqual([])
  })

  it('repairs a message that a phone cannot read', async () => {
    const bot = await linked(alice)
    await bot.sendText(bob.jid, 'first')
    await bob.waitForMessage(({ text }) => text === 'first')
    await bob.send(alice.jid, { text: 'answer' })
    await bot.text('answer')
    await bob.loseSession(alice.jid)
    await bot.sendText(bob.jid, 'cannot be read at first')
    const message = await bob.waitForMessage(({ text }) => text === 'cannot be read at first')
    expect(message.retries).toBeGreaterThan(0)
    expect(violations()).toEqual([])
  })

  it('ends a replaced connection with 440 and an unlinked one with 401', async () => {
    const bot = await linked(alice)
    const twin = new BaileysClient(wa.url, { auth: bot.auth })
    clients.push(twin)
    const replaced = bot.closed()
    twin.connect()
    await twin.open()
    expect((await replaced).code).toBe(440)
    const removed = twin.closed()
    alice.removeDevice(twin.jid)
    expect((await removed).code).toBe(401)
    expect(alice.linkedDevices).toEqual([])
    twin.connect()
    expect((await twin.closed()).code).toBe(401)
    expect(violations()).toEqual([])
  })

  it('lets a client log out', async () => {
    const bot = await linked(alice)
    const closed = bot.closed()
    await bot.socket.logout()
    expect((await closed).code).toBe(401)
    await expect.poll(() => alice.linkedDevices).toEqual([])
    expect(violations()).toEqual([])
  })

  it('carries group texts between phones and clients', async () => {
    const [botA, botB] = [await linked(alice), await linked(bob)]
    const carol = await wa.phone('6281110003', { pushName: 'Carol' })
    const group = await carol.createGroup('Three', [alice.jid, bob.jid])
    await carol.send(group, { text: 'hello all' })
    for (const bot of [botA, botB]) await bot.text('hello all')
    for (const phone of [alice, bob]) await phone.waitForMessage(({ text }) => text === 'hello all')
    for (let turn = 0; turn < 3; turn += 1) {
      await botA.sendText(group, `from a ${turn}`)
      await botB.text(`from a ${turn}`)
      for (const phone of [alice, bob, carol]) await phone.waitForMessage(({ text }) => text === `from a ${turn}`)
    }
    expect(violations()).toEqual([])
  })

  it('talks in LID addressing', async () => {
    const [botA, botB] = [await linked(alice), await linked(bob)]
    await botA.sendText(bob.lid, 'to the LID')
    await botB.text('to the LID')
    expect(await bob.waitForMessage(({ text }) => text === 'to the LID')).toMatchObject({
      chat: alice.lid,
      chatPn: alice.jid,
    })
    await bob.send(alice.lid, { text: 'from a phone to the LID' })
    await botA.text('from a phone to the LID')
    await botB.sendText(alice.lid, 'and back')
    await botA.text('and back')
    expect(violations()).toEqual([])
  })

  it('repairs corrupted messages between clients, in 1:1 and in a group', async () => {
    const [botA, botB] = [await linked(alice), await linked(bob)]
    const group = await alice.createGroup('Two', [bob.jid])
    await botA.sendText(bob.jid, 'first')
    await botA.sendText(group, 'first in the group')
    for (const text of ['first', 'first in the group']) await botB.text(text)
    const corrupt = () =>
      wa.faults.add({
        direction: 'to-client',
        match: { tag: 'message', device: botB.jid },
        times: 1,
        action: { kind: 'corrupt' },
      })
    const faults = [corrupt()]
    await botA.sendText(bob.jid, 'damaged')
    await botB.text('damaged')
    faults.push(corrupt())
    await botA.sendText(group, 'damaged in the group')
    await botB.text('damaged in the group')
    expect(faults.map(({ hits }) => hits)).toEqual([1, 1])
    expect(violations()).toEqual([])
  })

  it('resends a group message of a phone to the client that could not read it', async () => {
    const bot = await linked(alice)
    const group = await bob.createGroup('Two', [alice.jid])
    await bob.send(group, { text: 'first' })
    await bot.text('first')
    const match = { tag: 'message', device: bot.jid }
    wa.faults.add({ direction: 'to-client', match, times: 1, action: { kind: 'corrupt' } })
    await bob.send(group, { text: 'damaged' })
    await bot.text('damaged')
    expect(violations()).toEqual([])
  })
})
