/** What the suites of whole conversations share: linked clients, and the time that sending and receiving take. */
import { startProcess } from '../processes/channel.mjs'

/** A client in a process of its own, linked to a phone, with a peer to talk to. @param folder where it keeps its state; in memory without one */
export const paired = async (service, name, folder) => {
  const client = startProcess('client.mjs', folder === undefined ? [name] : [name, folder])
  await new Promise(resolve => client.on('ready', resolve))
  const own = await service.call('phone')
  client.on('qr', qr => {
    client.on('qr', () => {})
    service.call('scan', own.number, qr).catch(error => console.error(error))
  })
  await client.call('pair', await service.call('address'))
  return { client, own, peer: await service.call('phone') }
}

/** Seconds. */
export const timed = async work => {
  const started = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - started) / 1e9
}

/** Seconds for writing to one person, until the phone has everything. */
export const establishedSends = async (service, { client, own, peer }, count) => {
  const before = await service.call('arrived', peer.number)
  await client.call('send', peer.jid, 1)
  await service.call('arrive', peer.number, before + 1)
  const phones = [own.number, peer.number]
  await service.call('confirmOnly', phones, true)
  const arrival = service.call('arrive', peer.number, before + 1 + count)
  const seconds = await timed(async () => {
    await client.call('send', peer.jid, count)
    await arrival
  })
  await service.call('confirmOnly', phones, false)
  return seconds
}

/** Seconds from the first frame to the last event. */
export const receives = async (service, { client, own, peer }, count, what) => {
  await service.call('prepare', peer.number, own.jid, count, what)
  const received = client.call('arrive', (await client.call('received')) + count)
  return timed(() => Promise.all([service.call('release'), received]))
}
