/** A client of Kurir or of Baileys, which share their interface. */
import { makeMemoryKeyStore } from 'kurir/auth'
import { silentLogger } from 'kurir/logger'

/** In memory, or in a folder. */
const stateOf = async (library, folder) => {
  const { initAuthCreds, makeCacheableSignalKeyStore, useMultiFileAuthState } = await import(library)
  if (folder === undefined) return { creds: initAuthCreds(), keys: makeMemoryKeyStore(), save: () => {} }
  const { state, saveCreds } = await useMultiFileAuthState(folder)
  // Baileys advises a cache before the files; Kurir has its own.
  const keys = library === 'kurir' ? state.keys : makeCacheableSignalKeyStore(state.keys, silentLogger)
  return { creds: state.creds, keys, save: saveCreds }
}

export const createClient = async (library, { folder, onQr, onMessages }) => {
  const { makeWASocket } = await import(library)
  const { creds, keys, save } = await stateOf(library, folder)
  let address
  let socket
  /** Baileys asks for a group with every message unless the program remembers it, as it is advised to. */
  const groups = new Map()

  const connect = () =>
    new Promise((resolve, reject) => {
      socket = makeWASocket({
        auth: { creds, keys },
        waWebSocketUrl: address.url,
        noiseRoot: { publicKey: Buffer.from(address.root, 'hex'), serial: 0 },
        logger: silentLogger,
        syncFullHistory: false,
        ...(library === 'baileys' && { cachedGroupMetadata: async jid => groups.get(jid) }),
      })
      socket.ev.process(events => {
        if (events['creds.update']) {
          Object.assign(creds, events['creds.update'])
          save()
        }
        const update = events['connection.update']
        if (update?.qr) onQr(update.qr)
        if (update?.connection === 'open') resolve('open')
        if (update?.connection === 'close') {
          const error = update.lastDisconnect?.error
          if (error?.output?.statusCode === 515) resolve('restart')
          else if (error) reject(error)
        }
        if (events['messages.upsert']) {
          const { messages } = events['messages.upsert']
          onMessages(messages.filter(({ key, message }) => !key.fromMe && message).length)
        }
      })
    })

  const send = (jid, text) => socket.sendMessage(jid, { text })

  return {
    pair: async where => {
      address = where
      if ((await connect()) !== 'restart') throw new Error('pairing did not restart')
      await connect()
    },
    connect,
    disconnect: async () => {
      const ended = socket
      socket = undefined
      await ended.end(undefined)
    },
    send,
    know: async jid => {
      groups.set(jid, await socket.groupMetadata(jid))
    },
    sendAll: async (jid, texts) => {
      for (const text of texts) await send(jid, text)
    },
  }
}
