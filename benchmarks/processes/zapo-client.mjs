/** A client of zapo-js, with everything in memory and nothing kept that the others do not keep. */
import { silentLogger } from 'kurir/logger'
import { WebSocket } from 'ws'
import { createStore, WaClient } from 'zapo-js'

/** zapo-js looks for the WebSocket of browsers, which Node 20 does not have. */
globalThis.WebSocket ??= WebSocket

/** `sendMessage` of zapo-js waits for the server's ack; with so many under way that wait costs it nothing. */
const SENDS_UNDER_WAY = 20

const memoryStore = () => {
  let saved = null
  const auth = {
    load: async () => saved,
    save: async credentials => {
      saved = credentials
    },
    clear: async () => {
      saved = null
    },
  }
  return createStore({
    backends: { own: { stores: { auth: () => auth }, caches: {} } },
    providers: { auth: 'own', messages: 'none', threads: 'none', contacts: 'none' },
  })
}

export const createClient = async (_library, { onQr, onMessages }) => {
  let client
  let accepted
  const create = address => {
    client = new WaClient(
      {
        store: memoryStore(),
        sessionId: 'benchmark',
        chatSocketUrls: [address.url],
        testHooks: { noiseRootCa: { publicKey: Buffer.from(address.root, 'hex'), serial: 0 } },
        history: { enabled: false },
      },
      silentLogger,
    )
    client.on('auth_qr', ({ qr }) => onQr(qr))
    client.on('message', ({ message }) => {
      if (message) onMessages(1)
    })
    // Its `connection` event comes before the server has accepted the login.
    client.on('connection_success', () => accepted?.())
  }
  const connect = async () => {
    const success = new Promise(resolve => {
      accepted = resolve
    })
    await client.connect()
    await success
  }
  const send = (jid, text) => client.sendMessage(jid, text)
  return {
    pair: async address => {
      create(address)
      await connect()
    },
    connect,
    disconnect: () => client.disconnect(),
    send,
    know: async jid => {
      await client.group.queryGroupMetadata(jid)
    },
    sendAll: async (jid, texts) => {
      const waiting = [...texts]
      const sendOneByOne = async () => {
        while (waiting.length > 0) await send(jid, waiting.shift())
      }
      await Promise.all(Array.from({ length: SENDS_UNDER_WAY }, sendOneByOne))
    },
  }
}
