/** The gateway that is killed: `gateway-process.mjs <store file> <port> <token> <url> <noise root>`. */
import { Gateway } from '@kurir/gateway'
import { openStore } from '@kurir/store'

const [file, port, token, url, root] = process.argv.slice(2)
const store = await openStore({ file, durability: 'process-crash' })
await Gateway.start({
  store,
  port: Number(port),
  token,
  socketConfig: {
    waWebSocketUrl: url,
    noiseRoot: JSON.parse(root, (_, value) => (value?.hex === undefined ? value : Buffer.from(value.hex, 'hex'))),
  },
})
process.send?.('ready')
