/** One client library in a process of its own: `client.mjs kurir | baileys`. */
import { announce, serve } from './channel.mjs'

const [name] = process.argv.slice(2)
const logger = { level: 'silent', child: () => logger, trace() {}, debug() {}, info() {}, warn() {}, error() {} }
const library = await import(name)
const { initAuthCreds, makeWASocket } = library

const rows = new Map()
const creds = initAuthCreds()
const keys = {
  get: async (type, ids) => {
    const found = {}
    for (const id of ids) {
      const value = rows.get(`${type}-${id}`)
      if (value !== undefined) found[id] = value
    }
    return found
  },
  set: async data => {
    for (const [type, entries] of Object.entries(data)) {
      for (const [id, value] of Object.entries(entries)) {
        if (value === null || value === undefined) rows.delete(`${type}-${id}`)
        else rows.set(`${type}-${id}`, value)
      }
    }
  },
}

const ARRIVAL_DEADLINE_MS = 20_000

let address
let socket
let received = 0
let waiting

const connect = () => {
  const started = process.hrtime.bigint()
  return new Promise((resolve, reject) => {
    socket = makeWASocket({
      auth: { creds, keys },
      waWebSocketUrl: address.url,
      noiseRoot: { publicKey: Buffer.from(address.root, 'hex'), serial: 0 },
      logger,
      syncFullHistory: false,
    })
    socket.ev.process(events => {
      if (events['creds.update']) Object.assign(creds, events['creds.update'])
      const update = events['connection.update']
      if (update?.qr) announce('qr', update.qr)
      if (update?.connection === 'open') resolve(Number(process.hrtime.bigint() - started) / 1e6)
      if (update?.connection === 'close') {
        const error = update.lastDisconnect?.error
        if (error?.output?.statusCode === 515) resolve('restart')
        else if (error) reject(error)
      }
      if (events['messages.upsert']) {
        received += events['messages.upsert'].messages.filter(({ key, message }) => !key.fromMe && message).length
        if (waiting && received >= waiting.count) waiting.resolve()
      }
    })
  })
}

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

const disconnect = async () => {
  const ended = socket
  socket = undefined
  await ended.end(undefined)
}

serve({
  pair: async where => {
    address = where
    if ((await connect()) !== 'restart') throw new Error('pairing did not restart')
    await connect()
    return creds.me
  },
  connect: async () => {
    if (socket) await disconnect()
    return connect()
  },
  disconnect,
  quit: () => process.exit(0),
  cpu: () => process.cpuUsage().user + process.cpuUsage().system,
  send: async (jid, count) => {
    for (let index = 0; index < count; index += 1) await socket.sendMessage(jid, { text: `message ${index}` })
  },
  sendEach: async jids => {
    for (const jid of jids) await socket.sendMessage(jid, { text: 'hello' })
  },
  received: () => received,
  /** Resolves when so many messages of others have come in all. */
  arrive,
})
announce('ready')
