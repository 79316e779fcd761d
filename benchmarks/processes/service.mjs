/** The simulator in a process of its own. */
import { Simulator } from '@kurir/simulator'
import { serve } from './channel.mjs'
import { contents } from './received-content.mjs'

const wa = await Simulator.start({ seed: 'benchmark', validation: 'lenient' })
const phones = new Map()
const ARRIVAL_DEADLINE_MS = 60_000
const CROWD_AT_ONCE = 50

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
    const made = []
    for (let index = 0; index < count; index += 1) made.push(await newPhone())
    return made.map(({ number, jid }) => ({ number, jid }))
  },
  /** A group of a phone with somebody and a crowd of so many members that nobody has written to. */
  crowdGroup: async (number, jid, members, devicesEach) => {
    const crowd = []
    while (crowd.length < members - 2) {
      const count = Math.min(CROWD_AT_ONCE, members - 2 - crowd.length)
      crowd.push(...wa.crowd({ count, firstNumber: nextNumber, companions: devicesEach - 1 }))
      nextNumber += count
      // Keys take their time: clients that wait for their turn are answered in between.
      await new Promise(resolve => setImmediate(resolve))
    }
    return await phones.get(number).createGroup('Crowd', [jid, ...crowd.map(member => member.jid)])
  },
  scan: async (number, qr) => (await phones.get(number).scan(qr)).jid,
  /** Encrypts messages ahead, and brings them to the client's connection; `release` lets them go all at once. */
  prepare: async (number, jid, count, what) => {
    const prepared = await phones.get(number).prepare(jid, contents[what](count))
    wa.faults.setTransport({ holdFrames: true })
    await prepared.send()
  },
  release: () => wa.faults.setTransport({}),
  /** Phones confirm without decrypting while a client's sending is measured: the service must not be the limit. */
  confirmOnly: (numbers, on) => {
    for (const number of numbers) phones.get(number).confirmOnly = on
  },
  arrived: number => phones.get(number).arrived,
  /** Resolves when each of these phones has read this text. */
  read: async (numbers, text) => {
    for (const number of numbers) await phones.get(number).waitForMessage(message => message.text === text)
  },
  /** Resolves when so many messages have come to the phone in all. */
  arrive: (number, target) =>
    new Promise((resolve, reject) => {
      const phone = phones.get(number)
      const deadline = Date.now() + ARRIVAL_DEADLINE_MS
      const check = () => {
        if (phone.arrived >= target) resolve()
        else if (Date.now() > deadline) reject(new Error(`${target - phone.arrived} messages are missing`))
        else setTimeout(check, 1)
      }
      check()
    }),
  latency: milliseconds => wa.faults.setTransport({ latencyMs: milliseconds }),
  violations: () => wa.violations.length,
  cpu: () => process.cpuUsage().user + process.cpuUsage().system,
})
