/** The simulator in a process of its own. */
import { Simulator } from '@kurir/simulator'
import { serve } from './channel.mjs'

const wa = await Simulator.start({ seed: 'benchmark', validation: 'lenient' })
const phones = new Map()
let nextNumber = 6_281_200_000

const newPhone = async () => {
  const number = String(nextNumber)
  nextNumber += 1
  const phone = await wa.phone(number, { pushName: number })
  phones.set(number, phone)
  return phone
}

serve({
  address: () => ({ url: wa.url, root: Buffer.from(wa.noiseRoot.publicKey).toString('hex') }),
  phone: async () => {
    const { number, jid } = await newPhone()
    return { number, jid }
  },
  phones: async count => {
    const jids = []
    for (let index = 0; index < count; index += 1) jids.push((await newPhone()).jid)
    return jids
  },
  scan: async (number, qr) => (await phones.get(number).scan(qr)).jid,
  /** Sends texts one after another; they wait on the server while the recipient is away. */
  send: async (number, jid, count) => {
    for (let index = 0; index < count; index += 1) await phones.get(number).send(jid, { text: `message ${index}` })
  },
  /** Resolves when the phone has decrypted so many messages since the last call. */
  received: (number, count) =>
    new Promise(resolve => {
      const phone = phones.get(number)
      const target = (phone.benchmarkSeen ?? 0) + count
      phone.benchmarkSeen = target
      const done = () => phone.messages.length >= target && (stop(), resolve(phone.messages.length))
      const stop = phone.onMessage(done)
      done()
    }),
  latency: milliseconds => wa.faults.setTransport({ latencyMs: milliseconds }),
  violations: () => wa.violations.length,
  cpu: () => process.cpuUsage().user + process.cpuUsage().system,
})
