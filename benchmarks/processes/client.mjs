/** One client library in a process of its own: `client.mjs kurir | baileys | zapo [folder]`; in memory without one. */
import v8 from 'node:v8'
import vm from 'node:vm'
import { announce, serve } from './channel.mjs'

v8.setFlagsFromString('--expose-gc')
const collectGarbage = vm.runInNewContext('gc')

const [name, folder] = process.argv.slice(2)
const { createClient } = await import(name === 'zapo' ? './zapo-client.mjs' : './baileys-client.mjs')

const ARRIVAL_DEADLINE_MS = 20_000

let received = 0
let waiting

const client = await createClient(name, {
  folder,
  onQr: qr => announce('qr', qr),
  /** So many messages of others, decrypted. */
  onMessages: count => {
    received += count
    if (waiting && received >= waiting.count) waiting.resolve()
  },
})

const arrive = target =>
  new Promise((resolve, reject) => {
    if (received >= target) return resolve()
    const timer = setTimeout(() => reject(new Error(`${target - received} messages are missing`)), ARRIVAL_DEADLINE_MS)
    waiting = {
      count: target,
      resolve: () => {
        clearTimeout(timer)
        waiting = undefined
        resolve()
      },
    }
  })

let connected = false
const disconnect = async () => {
  connected = false
  await client.disconnect()
}

serve({
  pair: async address => {
    await client.pair(address)
    connected = true
  },
  /** Milliseconds from the call to `open`. */
  connect: async () => {
    if (connected) await disconnect()
    const started = process.hrtime.bigint()
    await client.connect()
    connected = true
    return Number(process.hrtime.bigint() - started) / 1e6
  },
  disconnect,
  quit: () => process.exit(0),
  cpu: () => process.cpuUsage().user + process.cpuUsage().system,
  send: async (jid, count) => {
    await client.sendAll(
      jid,
      Array.from({ length: count }, (_, index) => `message ${index}`),
    )
  },
  sendEach: async jids => {
    for (const jid of jids) await client.send(jid, 'hello')
  },
  /** The client gets to know a group before it is written to. */
  know: jid => client.know(jid),
  /** MiB that the program holds, without garbage. */
  memory: () => {
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    return (heapUsed + external) / 2 ** 20
  },
  received: () => received,
  /** Resolves when so many messages of others have come in all. */
  arrive,
})
announce('ready')
