import { median, ROUNDS, smallerIsBetter } from '../harness.mjs'
import { startProcess } from '../processes/channel.mjs'
import { establishedSends, paired, receives, timed } from './conversation.mjs'

const CLIENTS = ['kurir', 'baileys', 'zapo']
const SENDS = 600
const RECEIVES = 1500
const CONTACTS = 25
const LATENCY_MS = 25

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

/** One round of each kind of work for one client; figures per second, but `open` in milliseconds. */
const round = async (service, party, isRehearsal) => {
  const first = await firstContacts(service, party, isRehearsal)
  const send = await establishedSends(service, party, SENDS)
  const receive = await receives(service, party, RECEIVES, 'texts')
  const mixed = await receives(service, party, RECEIVES, 'mixed')
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
