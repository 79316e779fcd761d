import { median, ROUNDS, smallerIsBetter } from '../harness.mjs'
import { startProcess } from '../processes/channel.mjs'

const CLIENTS = ['kurir', 'baileys', 'zapo']
const SENDS = 600
const RECEIVES = 1500
const CONTACTS = 25
const LATENCY_MS = 25

const paired = async (service, name) => {
  const client = startProcess('client.mjs', [name])
  await new Promise(resolve => client.on('ready', resolve))
  const own = await service.call('phone')
  client.on('qr', qr => {
    client.on('qr', () => {})
    service.call('scan', own.number, qr).catch(error => console.error(error))
  })
  await client.call('pair', await service.call('address'))
  return { client, own, peer: await service.call('phone') }
}

const timed = async work => {
  const started = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - started) / 1e9
}

/** Seconds for writing to people who were never written to. In a rehearsal they read it. */
const firstContacts = async (service, { client, own }, isRehearsal) => {
  const contacts = await service.call('phones', CONTACTS)
  const numbers = contacts.map(({ number }) => number)
  const phones = [own.number, ...numbers]
  await service.call('confirmOnly', phones, !isRehearsal)
  const seconds = await timed(() =>
    client.call(
      'sendEach',
      contacts.map(({ jid }) => jid),
    ),
  )
  if (isRehearsal) await service.call('read', numbers, 'hello')
  else for (const number of numbers) await service.call('arrive', number, 1)
  await service.call('confirmOnly', phones, false)
  return seconds
}

/** Seconds for writing to one person, until the phone has everything. */
const establishedSends = async (service, { client, own, peer }) => {
  const before = await service.call('arrived', peer.number)
  await client.call('send', peer.jid, 1)
  await service.call('arrive', peer.number, before + 1)
  const phones = [own.number, peer.number]
  await service.call('confirmOnly', phones, true)
  const arrival = service.call('arrive', peer.number, before + 1 + SENDS)
  const seconds = await timed(async () => {
    await client.call('send', peer.jid, SENDS)
    await arrival
  })
  await service.call('confirmOnly', phones, false)
  return seconds
}

/** Seconds from the first frame to the last event. */
const receives = async (service, { client, own, peer }, what) => {
  await service.call('prepare', peer.number, own.jid, RECEIVES, what)
  const received = client.call('arrive', (await client.call('received')) + RECEIVES)
  return timed(() => Promise.all([service.call('release'), received]))
}

/** One round of each kind of work for one client; figures per second, but `open` in milliseconds. */
const round = async (service, party, isRehearsal) => {
  const first = await firstContacts(service, party, isRehearsal)
  const send = await establishedSends(service, party)
  const receive = await receives(service, party, 'texts')
  const mixed = await receives(service, party, 'mixed')
  await service.call('latency', LATENCY_MS)
  const open = await party.client.call('connect')
  await service.call('latency', 0)
  await party.client.call('connect')
  return {
    first: CONTACTS / first,
    send: SENDS / send,
    receive: RECEIVES / receive,
    mixed: RECEIVES / mixed,
    open,
  }
}

export const measure = async () => {
  const service = startProcess('service.mjs')
  const parties = {}
  for (const name of CLIENTS) parties[name] = await paired(service, name)
  const samples = Object.fromEntries(CLIENTS.map(name => [name, []]))
  for (let index = -2; index < ROUNDS - 2; index += 1) {
    for (const name of CLIENTS) {
      const sample = await round(service, parties[name], index < 0)
      if (index >= 0) samples[name].push(sample)
    }
  }
  for (const { client } of Object.values(parties)) client.stop()
  service.stop()
  const figures = key =>
    Object.fromEntries(CLIENTS.map(name => [name, median(samples[name].map(sample => sample[key]))]))
  const perSecond = (name, key, target) => {
    const { kurir, ...peers } = figures(key)
    const ratio = Object.fromEntries(Object.entries(peers).map(([peer, value]) => [peer, kurir / value]))
    return { name, unit: 'messages/s', kurir, peers, ratio, target }
  }
  return [
    perSecond('first contact: usync, keys, X3DH, send', 'first', 4),
    perSecond('established 1:1 send', 'send', 3),
    perSecond('1:1 receive in a burst', 'receive', 4),
    perSecond('1:1 receive of ten kinds in a burst', 'mixed'),
    smallerIsBetter({ name: `connect to open, ${LATENCY_MS} ms each way`, unit: 'ms', target: 3 }, figures('open')),
  ]
}
