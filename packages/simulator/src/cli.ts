#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { describeMedia, describeRoot } from './control/control-routes.js'
import { ControlServer } from './control/control-server.js'
import { Simulator } from './simulator.js'

const HELP = `kurir-simulate: a WhatsApp service with phones, on this machine

  --port <n>           port of the service (WebSocket); chosen by the system when absent
  --media-port <n>     port of the media host (HTTPS); chosen by the system when absent
  --control-port <n>   port of the control interface (HTTP, JSON); chosen by the system when absent
  --host <address>     address of the service; 127.0.0.1 when absent (the control interface stays local)
  --seed <text>        everything random follows from it
  --lenient            also accept what older and other clients send
  --phone <number>     create this phone at start; may be given several times
  --json               print one line of JSON instead of text
  --help               this text
`

const OPTIONS = {
  port: { type: 'string', default: '0' },
  'media-port': { type: 'string', default: '0' },
  'control-port': { type: 'string', default: '0' },
  host: { type: 'string', default: '127.0.0.1' },
  seed: { type: 'string' },
  lenient: { type: 'boolean', default: false },
  phone: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const { host } = values
  const simulator = await Simulator.start({
    host,
    port: portOf(values.port),
    mediaPort: portOf(values['media-port']),
    validation: values.lenient ? 'lenient' : 'strict',
    ...(values.seed === undefined ? {} : { seed: values.seed }),
  })
  const stop = async () => {
    await Promise.all([control.stop(), simulator.stop()])
    process.exit(0)
  }
  const control = await ControlServer.start(simulator, {
    port: portOf(values['control-port']),
    onStop: () => void stop(),
  })
  for (const number of values.phone ?? []) await simulator.phone(number)
  process.once('SIGINT', () => void stop())
  process.once('SIGTERM', () => void stop())
  process.stdout.write(values.json ? asJson(simulator, control) : asText(simulator, control))
}

const portOf = (value: string): number => {
  const port = Number(value)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new RangeError(`${value} is no port`)
}

const asJson = (simulator: Simulator, control: ControlServer): string =>
  `${JSON.stringify({
    url: simulator.url,
    noiseRoot: describeRoot(simulator),
    control: control.url,
    media: describeMedia(simulator),
    seed: simulator.seed,
    phones: simulator.phones.map(phone => ({ number: phone.number, jid: phone.jid, lid: phone.lid })),
  })}\n`

const asText = (simulator: Simulator, control: ControlServer): string => {
  const { publicKey, serial } = describeRoot(simulator)
  const phones = simulator.phones.map(phone => `phone       ${phone.number}  ${phone.lid}\n`)
  return [
    `service     ${simulator.url}\n`,
    `noise root  ${publicKey} (serial ${serial})\n`,
    `media       ${simulator.media.origin}\n`,
    `control     ${control.url}\n`,
    `seed        ${simulator.seed}\n`,
    ...phones,
  ].join('')
}

try {
  await main()
} catch (error) {
  process.stderr.write(`kurir-simulate: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
