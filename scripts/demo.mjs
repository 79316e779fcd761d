/**
 * `npm run demo`: a conversation between a simulated phone and a Kurir bot, all on localhost. The bot is
 * examples/ping-bot.ts in a process of its own; it draws its QR, the simulated phone scans it, another phone writes.
 * `npm run demo -- --stay` keeps everything running afterwards.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Simulator } from '@kurir/simulator'

const { values } = parseArgs({ options: { stay: { type: 'boolean', default: false } } })
const DEADLINE_MS = 20_000

const began = performance.now()
const steps = []
const step = text => {
  const milliseconds = Math.round(performance.now() - began)
  steps.push({ text, milliseconds })
  console.log(`[${String(milliseconds).padStart(5)} ms] ${text}`)
}

process.on('uncaughtException', error => finish(1, error))

const deadline = setTimeout(() => finish(1, 'The conversation did not come about in time.'), DEADLINE_MS)

const wa = await Simulator.start({ seed: 'demo' })
step(`simulator listens at ${wa.url}`)
const owner = await wa.phone('6281110001', { pushName: 'Kurir' })
const friend = await wa.phone('6281110002', { pushName: 'Wulan' })
step('two phones are registered: the bot owner and Wulan')

const folder = mkdtempSync(join(tmpdir(), 'kurir-demo-'))
const bot = spawn(
  process.execPath,
  ['--import', 'tsx', fileURLToPath(new URL('../examples/ping-bot.ts', import.meta.url))],
  {
    env: {
      ...process.env,
      KURIR_AUTH_FOLDER: folder,
      KURIR_SIMULATOR_URL: wa.url,
      KURIR_SIMULATOR_ROOT: Buffer.from(wa.noiseRoot.publicKey).toString('base64'),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  },
)
bot.once('exit', code => finish(code || 1, 'The bot ended before the conversation did.'))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => finish(0))

const output = createInterface({ input: bot.stdout })
output.on('line', line => {
  console.log(line)
  if (line.startsWith('https://wa.me/')) void scan(line)
  if (line.includes('connected as')) void talk()
  if (line.includes('read ✓✓')) summarise()
})

async function scan(qr) {
  step('the owner scans the QR with the simulated phone')
  const device = await owner.scan(qr)
  step(`the phone linked the bot as ${device.jid}`)
}

let talking = false

async function talk() {
  if (talking) return
  talking = true
  step('the bot is connected; Wulan writes "ping"')
  await friend.send(owner.jid, { text: 'ping' })
  const answer = await friend.waitForMessage(message => message.text === 'pong')
  step(`Wulan's phone decrypted "${answer.text}" and shows it`)
  friend.read(answer.id)
}

function summarise() {
  step('the read tick arrived at the bot')
  clearTimeout(deadline)
  console.log('\nSummary')
  for (const { text, milliseconds } of steps) console.log(`  ${String(milliseconds).padStart(5)} ms  ${text}`)
  console.log(`  protocol violations seen by the strict simulator: ${wa.violations.length}`)
  for (const violation of wa.violations) console.log(`    ${violation.kind}: ${violation.message}`)
  if (!values.stay) finish(wa.violations.length === 0 ? 0 : 1)
  else {
    console.log('\nStill running; Ctrl-C ends it. To let another client join:')
    console.log(
      `  KURIR_SIMULATOR_URL=${wa.url} KURIR_SIMULATOR_ROOT=${Buffer.from(wa.noiseRoot.publicKey).toString('base64')}`,
    )
  }
}

let finishing = false

function finish(code, problem) {
  if (finishing) return
  finishing = true
  clearTimeout(deadline)
  if (problem) console.error(problem)
  bot.removeAllListeners('exit')
  bot.kill()
  void wa.stop().finally(() => {
    rmSync(folder, { recursive: true, force: true })
    process.exit(code)
  })
}
