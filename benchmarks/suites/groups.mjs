/** Messages to a large group: the first, which every device is given the key for, and those after it. */
import { median, smallerIsBetter } from '../harness.mjs'
import { startProcess } from '../processes/channel.mjs'
import { paired, timed } from './conversation.mjs'

const CLIENTS = ['kurir', 'baileys', 'zapo']
const MEMBERS = 500
const DEVICES_EACH = 2
const SENDS = 100
/** Each needs a group of its own: sessions last. */
const ROUNDS = 3

/** One new group, of people whom nobody has written to; seconds, and MiB that the process has grown by. */
const round = async (service, { client, own, peer }) => {
  const group = await service.call('crowdGroup', peer.number, own.jid, MEMBERS, DEVICES_EACH)
  await client.call('know', group)
  const phones = [own.number, peer.number]
  await service.call('confirmOnly', phones, true)
  const before = await service.call('arrived', peer.number)
  const memory = await client.call('memory')
  const send = async count => {
    const target = (await service.call('arrived', peer.number)) + count
    return timed(async () => {
      await client.call('send', group, count)
      await service.call('arrive', peer.number, target)
    })
  }
  const first = await send(1)
  const grown = (await client.call('memory')) - memory
  // The key counts as given when the service has answered.
  await send(1)
  const steady = await send(SENDS)
  if ((await service.call('arrived', peer.number)) !== before + SENDS + 2) throw new Error('messages are missing')
  await service.call('confirmOnly', phones, false)
  return { first, steady: SENDS / steady, grown }
}

export const measure = async () => {
  const service = startProcess('service.mjs')
  const parties = {}
  for (const name of CLIENTS) parties[name] = await paired(service, name)
  const samples = Object.fromEntries(CLIENTS.map(name => [name, []]))
  for (let index = -1; index < ROUNDS; index += 1) {
    for (const name of CLIENTS) {
      const sample = await round(service, parties[name])
      if (index >= 0) samples[name].push(sample)
    }
  }
  for (const { client } of Object.values(parties)) client.stop()
  service.stop()
  const figures = key =>
    Object.fromEntries(CLIENTS.map(name => [name, median(samples[name].map(sample => sample[key]))]))
  const what = `group of ${MEMBERS} members with ${DEVICES_EACH} devices`
  const { kurir, ...peers } = figures('steady')
  const ratio = Object.fromEntries(Object.entries(peers).map(([peer, value]) => [peer, kurir / value]))
  return [
    smallerIsBetter({ name: `${what}: first send`, unit: 's', target: 5 }, figures('first')),
    { name: `${what}: further sends`, unit: 'messages/s', kurir, peers, ratio, target: 5 },
    smallerIsBetter({ name: `${what}: memory of the first send`, unit: 'MiB' }, figures('grown')),
  ]
}
