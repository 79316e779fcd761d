/**
 * `npm run demo`: socket mode from end to end, all on localhost. A simulated WhatsApp, a gateway on SQLite, and a bot
 * (examples/ping-bot.ts) in processes of their own. A simulated phone scans the QR, another phone writes; then the bot is
 * killed in the middle of the conversation, started again, and misses nothing. `npm run demo -- --stay` keeps everything
 * running afterwards.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Simulator } from '@kurir/simulator'

const { values } = parseArgs({ options: { stay: { type: 'boolean', default: false } } })
const DEADLINE_MS = 60_000
/** Texts that are sent while there is no bot. */
const MISSED = 3

const root = fileURLToPath(new URL('../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kurir-demo-'))
const began = performance.now()
const elapsed = () => Math.round(performance.now() - began)
const steps = []
const step = text => {
  steps.push({ text, milliseconds: elapsed() })
  console.log(`[${String(elapsed()).padStart(5)} ms] ${text}`)
}

let wa
const programs = new Set()
process.on('uncaughtException', error => finish(1, error))
const deadline = setTimeout(() => finish(1, 'The conversation did not come about in time.'), DEADLINE_MS)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => finish(0))

/** A process whose lines are shown; `line(part)` waits for one. */
function program(name, args, env) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = []
  const waiting = new Set()
  programs.add(child)
  child.once('exit', code => {
    programs.delete(child)
    if (code) finish(code, `The ${name} ended before the conversation did.`)
  })
  createInterface({ input: child.stdout }).on('line', line => {
    console.log(line)
    lines.push(line)
    for (const look of waiting) look()
  })
  const line = part =>
    new Promise(resolve => {
      const look = () => {
        const found = lines.find(text => text.includes(part))
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  const kill = async () => {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return { line, kill }
}

const startBot = env => program('bot', ['--import', 'tsx', 'examples/ping-bot.ts'], { ...env, KURIR_MODE: 'socket' })

async function talk() {
  wa = await Simulator.start({ seed: 'demo' })
  step(`simulator listens at ${wa.url}`)
  const owner = await wa.phone('6281110001', { pushName: 'Kurir' })
  const friend = await wa.phone('6281110002', { pushName: 'Wulan' })
  step('two phones are registered: the bot owner and Wulan')

  const env = {
    KURIR_DATA: folder,
    KURIR_SIMULATOR_URL: wa.url,
    KURIR_SIMULATOR_ROOT: Buffer.from(wa.noiseRoot.publicKey).toString('base64'),
  }
  const gateway = program('gateway', ['packages/gateway/bin/kurir-gateway.js'], { ...env, KURIR_PORT: '0' })
  const url = (await gateway.line('listening at')).split(' ').at(-1)
  step('the gateway is up; it keeps the connection')
  const qr = await gateway.line('https://wa.me/')
  step('the owner scans the QR with the simulated phone')
  const device = await owner.scan(qr)
  step(`the phone linked the gateway as ${device.jid}`)
  await gateway.line('is connected as')

  const bot = startBot({ ...env, KURIR_URL: url })
  await bot.line('connected as')
  step('the bot is attached to the gateway; Wulan writes "ping"')
  let answers = 0
  const pongs = () => friend.messages.filter(({ text, fromMe }) => text === 'pong' && !fromMe).length
  const answered = async count => {
    await friend.waitForMessage(() => pongs() >= count)
    answers = count
  }
  await friend.send(owner.jid, { text: 'ping' })
  await answered(1)
  step(`Wulan's phone decrypted "pong" and shows it`)
  friend.read(friend.messages.find(({ text }) => text === 'pong').id)
  await bot.line('read ✓✓')
  step('the read tick arrived at the bot')

  await friend.send(owner.jid, { text: 'ping' })
  await bot.kill()
  step('the bot was killed (SIGKILL) while it was about to answer')
  for (let count = 0; count < MISSED; count += 1) await friend.send(owner.jid, { text: 'ping' })
  step(`Wulan writes "ping" ${MISSED} times more; nobody is there, the gateway takes it`)

  const restarted = performance.now()
  const again = startBot({ ...env, KURIR_URL: url })
  await again.line('wrote "ping"')
  const iteration = Math.round(performance.now() - restarted)
  step('the bot is back and has been handed what it missed')
  await answered(2 + MISSED)
  step(`every "ping" has its "pong": ${answers} of ${answers}`)
  return { iteration, env, url }
}

function summarise({ iteration, env, url }) {
  clearTimeout(deadline)
  console.log('\nSummary')
  for (const { text, milliseconds } of steps) console.log(`  ${String(milliseconds).padStart(5)} ms  ${text}`)
  console.log(`  restart of the bot, from its start to the first missed message in its hands: ${iteration} ms`)
  console.log(`  protocol violations seen by the strict simulator: ${wa.violations.length}`)
  for (const violation of wa.violations) console.log(`    ${violation.kind}: ${violation.message}`)
  if (!values.stay) {
    finish(wa.violations.length === 0 ? 0 : 1)
    return
  }
  console.log('\nStill running; Ctrl-C ends it. To let another bot attach to the gateway:')
  console.log(`  KURIR_MODE=socket KURIR_URL=${url} KURIR_DATA=${env.KURIR_DATA} npx tsx examples/ping-bot.ts`)
  console.log('To let another client join the simulated WhatsApp:')
  console.log(`  KURIR_SIMULATOR_URL=${env.KURIR_SIMULATOR_URL} KURIR_SIMULATOR_ROOT=${env.KURIR_SIMULATOR_ROOT}`)
}

let finishing = false

function finish(code, problem) {
  if (finishing) return
  finishing = true
  clearTimeout(deadline)
  if (problem) console.error(problem)
  for (const child of programs) {
    child.removeAllListeners('exit')
    child.kill('SIGKILL')
  }
  void Promise.resolve(wa?.stop()).finally(() => {
    rmSync(folder, { recursive: true, force: true })
    process.exit(code)
  })
}

summarise(await talk())
