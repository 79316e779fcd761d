/**
 * Conversations of clients that keep their state in a folder, each as its documentation recommends: what a bot in
 * earnest does. Kurir's folder survives kill -9 with every message; Baileys writes each record when it gets to it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, ROUNDS } from '../harness.mjs'
import { startProcess } from '../processes/channel.mjs'
import { establishedSends, paired, receives } from './conversation.mjs'

const CLIENTS = ['kurir', 'baileys']
const SENDS = 200
const RECEIVES = 400

export const measure = async () => {
  const service = startProcess('service.mjs')
  const folder = mkdtempSync(join(tmpdir(), 'kurir-benchmark-'))
  const parties = {}
  for (const name of CLIENTS) parties[name] = await paired(service, name, join(folder, name))
  const samples = Object.fromEntries(CLIENTS.map(name => [name, []]))
  for (let index = -2; index < ROUNDS - 2; index += 1) {
    for (const name of CLIENTS) {
      const send = SENDS / (await establishedSends(service, parties[name], SENDS))
      const receive = RECEIVES / (await receives(service, parties[name], RECEIVES, 'texts'))
      if (index >= 0) samples[name].push({ send, receive })
    }
  }
  for (const { client } of Object.values(parties)) {
    await client.call('disconnect')
    client.stop()
  }
  service.stop()
  rmSync(folder, { recursive: true, force: true })
  return [
    row(samples, 'established 1:1 send, state in files', 'send'),
    row(samples, '1:1 receive, state in files', 'receive'),
  ]
}

const row = (samples, name, key) => {
  const [kurir, baileys] = CLIENTS.map(client => median(samples[client].map(sample => sample[key])))
  return { name, unit: 'messages/s', kurir, peers: { baileys }, ratio: { baileys: kurir / baileys } }
}
