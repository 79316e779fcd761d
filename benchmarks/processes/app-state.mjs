/**
 * Takes in an app-state snapshot that lies in a file, in a process of its own: `app-state.mjs kurir | baileys <file>
 * <key in hex>`. Everything is verified. Prints what it found and what it took.
 */
import { readFileSync } from 'node:fs'

const [library, file, keyText] = process.argv.slice(2)
const COLLECTION = 'regular_low'
const keyData = Buffer.from(keyText, 'hex')

const readers = {
  kurir: async () => {
    const { applySnapshot, expandAppStateKey } = await import('kurir/app-state')
    const { proto } = await import('kurir/proto')
    return bytes => {
      const key = expandAppStateKey(keyData)
      const { state, mutations, diverged } = applySnapshot(COLLECTION, proto.SyncdSnapshot.decode(bytes), () => key)
      return { state, mutations: mutations.length, diverged }
    }
  },
  baileys: async () => {
    const { decodeSyncdSnapshot, proto } = await import('baileys')
    return async bytes => {
      let diverged = false
      const logger = {
        warn: () => {
          diverged = true
        },
      }
      const getKey = async () => ({ keyData })
      const snapshot = proto.SyncdSnapshot.decode(bytes)
      const { state, mutationMap } = await decodeSyncdSnapshot(COLLECTION, snapshot, getKey, undefined, true, logger)
      return { state, mutations: Object.keys(mutationMap).length, diverged }
    }
  },
}

const read = await readers[library]()
const bytes = readFileSync(file)
const started = process.hrtime.bigint()
const { state, mutations, diverged } = await read(bytes)
const milliseconds = Number(process.hrtime.bigint() - started) / 1e6
const found = {
  mutations,
  records: Object.keys(state.indexValueMap).length,
  hash: state.hash.toString('hex'),
  diverged,
}
console.log(JSON.stringify({ found, milliseconds, megabytes: process.resourceUsage().maxRSS / 1024 }))
