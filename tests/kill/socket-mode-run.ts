import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Gateway } from '@kurir/gateway'
import { type Phone, SeededRandom, Simulator } from '@kurir/simulator'
import { openStore } from '@kurir/store'

export interface SocketModeKillOptions {
  readonly seed: string
  /** Of the bot and of the gateway, each. */
  readonly kills: number
}

/** What came of it; every list is empty when the guarantees hold (docs/socket-mode.md). */
export interface SocketModeKillResult {
  /** Texts that the bot's handler never saw. */
  readonly missing: string[]
  /** First handed over after a later text of the same chat. */
  readonly outOfOrder: string[]
  readonly repeatedUnmarked: string[]
  /** Answers that did not arrive, or more than once. */
  readonly unanswered: string[]
  readonly answeredTwice: string[]
  readonly problems: string[]
  readonly violations: string[]
  readonly counts: { readonly sent: number; readonly handled: number; readonly redelivered: number }
}

const CONTACTS = 4
const LONGEST_LIFE_MS = 300
const OPEN_DEADLINE_MS = 5000
const DEADLINE_MS = 120_000
const token = 'a token of the kill test'

/** Kills a bot and its gateway in turn while texts go in and answers come back, and looks what has become of them. */
export async function socketModeKillRun(options: SocketModeKillOptions): Promise<SocketModeKillResult> {
  const folder = await mkdtemp(join(tmpdir(), 'kurir-kill-'))
  const service = await Simulator.start({ seed: options.seed })
  const run = new SocketModeKillRun(service, folder, options)
  try {
    return await run.run()
  } finally {
    await run.end()
    await service.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

class SocketModeKillRun {
  readonly #service: Simulator
  readonly #options: SocketModeKillOptions
  readonly #random: SeededRandom
  readonly #storeFile: string
  readonly #journal: string
  readonly #contacts: Phone[] = []
  readonly #sent = new Map<string, { readonly text: string; readonly chat: string; readonly number: number }>()
  #owner!: Phone
  #port = 0
  #gateway: ChildProcess | undefined
  #bot: ChildProcess | undefined
  /** How often the bot had been ready when its present process began. */
  #opens = 0

  constructor(service: Simulator, folder: string, options: SocketModeKillOptions) {
    this.#service = service
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.#storeFile = join(folder, 'kurir.sqlite')
    this.#journal = join(folder, 'journal')
    writeFileSync(this.#journal, '')
  }

  async run(): Promise<SocketModeKillResult> {
    this.#port = await freePort()
    await this.#meet()
    await this.#startGateway()
    this.#startBot()
    await this.#until(() => this.#lines('open').length > 0)
    for (let kill = 0; kill < 2 * this.#options.kills; kill += 1) {
      await Promise.all([this.#talk(kill), this.#live()])
      if (kill % 2 === 0) await this.#restartBot()
      else await this.#restartGateway()
    }
    await this.#until(() => this.#missing().length === 0 && this.#answers().size >= this.#sent.size, DEADLINE_MS)
    await Promise.all([this.#owner, ...this.#contacts].map(phone => phone.settled()))
    return this.#judge()
  }

  async end(): Promise<void> {
    await kill(this.#bot)
    await kill(this.#gateway)
  }

  /** A gateway that is linked, with a subscription that has begun. */
  async #meet(): Promise<void> {
    this.#owner = await this.#service.phone('6281330000', { pushName: 'Owner' })
    for (let index = 1; index <= CONTACTS; index += 1) {
      this.#contacts.push(await this.#service.phone(String(6_281_330_000 + index), { pushName: `Phone ${index}` }))
    }
    const store = await openStore({ file: this.#storeFile, durability: 'process-crash' })
    const { url: waWebSocketUrl, noiseRoot } = this.#service
    const gateway = await Gateway.start({ store, port: 0, token, socketConfig: { waWebSocketUrl, noiseRoot } })
    const hosted = await gateway.sessions.start('main')
    await new Promise<void>((resolve, reject) => {
      hosted.watch({
        stateChanged: ({ qr, connection }) => {
          if (qr !== undefined) this.#owner.scan(qr).catch(reject)
          if (connection === 'open') resolve()
        },
        live: () => {},
      })
    })
    await gateway.close()
  }

  async #startGateway(): Promise<void> {
    const root = JSON.stringify(this.#service.noiseRoot, (_, value) =>
      value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value,
    )
    const file = fileURLToPath(new URL('./gateway-process.mjs', import.meta.url))
    this.#gateway = fork(file, [this.#storeFile, String(this.#port), token, this.#service.url, root], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    await once(this.#gateway, 'message')
  }

  #startBot(): void {
    const file = fileURLToPath(new URL('./remote-bot.mjs', import.meta.url))
    this.#opens = this.#lines('open').length
    this.#bot = fork(file, [this.#journal, `http://127.0.0.1:${this.#port}`, token], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
  }

  async #restartBot(): Promise<void> {
    await kill(this.#bot)
    this.#startBot()
  }

  async #restartGateway(): Promise<void> {
    await kill(this.#gateway)
    await this.#startGateway()
  }

  /** How long the two may live: most bots die after they have attached, the others before. */
  async #live(): Promise<void> {
    if (this.#random.chance(0.7)) await this.#until(() => this.#lines('open').length > this.#opens, OPEN_DEADLINE_MS)
    await delay(this.#random.below(LONGEST_LIFE_MS))
  }

  /** Each contact writes a text, at some moment of the life. */
  async #talk(life: number): Promise<void> {
    await Promise.all(
      this.#contacts.map(async (contact, index) => {
        await delay(this.#random.below(LONGEST_LIFE_MS))
        const text = `text ${index}.${life}`
        const id = await contact.send(this.#owner.jid, { text })
        this.#sent.set(id, { text, chat: contact.jid, number: life })
      }),
    )
  }

  async #until(isDone: () => boolean, milliseconds = DEADLINE_MS): Promise<void> {
    const deadline = Date.now() + milliseconds
    while (!isDone() && Date.now() < deadline) await delay(20)
  }

  #lines(kind: string): string[][] {
    return readFileSync(this.#journal, 'utf8')
      .split('\n')
      .map(line => line.split('\t'))
      .filter(([first]) => first === kind)
      .map(([, ...words]) => words)
  }

  #missing(): string[] {
    const seen = new Set(this.#lines('in').map(([id]) => id))
    return [...this.#sent].flatMap(([id, { text }]) => (seen.has(id) ? [] : [text]))
  }

  /** How often the answer to each text has arrived. */
  #answers(): Map<string, number> {
    const answers = new Map<string, number>()
    for (const { text, fromMe } of this.#contacts.flatMap(({ messages }) => [...messages])) {
      if (!fromMe && text?.startsWith('echo of ')) answers.set(text, (answers.get(text) ?? 0) + 1)
    }
    return answers
  }

  #judge(): SocketModeKillResult {
    const handled = this.#lines('in')
    const seen = new Set<string>()
    const latest = new Map<string, number>()
    const repeatedUnmarked: string[] = []
    const outOfOrder: string[] = []
    for (const [id = '', redelivered = '', text = ''] of handled) {
      const sent = this.#sent.get(id)
      if (seen.has(id)) {
        if (redelivered === '0') repeatedUnmarked.push(text)
      } else if (sent !== undefined) {
        if (sent.number < (latest.get(sent.chat) ?? 0)) outOfOrder.push(text)
        latest.set(sent.chat, sent.number)
      }
      seen.add(id)
    }
    const answers = this.#answers()
    return {
      missing: this.#missing(),
      outOfOrder,
      repeatedUnmarked,
      unanswered: [...this.#sent.values()].flatMap(({ text }) => (answers.has(`echo of ${text}`) ? [] : [text])),
      answeredTwice: [...answers].flatMap(([text, times]) => (times > 1 ? [text] : [])),
      problems: this.#contacts.flatMap(phone => phone.problems.map(({ code }) => `${phone.number}: ${code}`)),
      violations: this.#service.violations.map(({ kind, message }) => `${kind}: ${message}`),
      counts: {
        sent: this.#sent.size,
        handled: handled.length,
        redelivered: handled.filter(([, redelivered]) => redelivered !== '0').length,
      },
    }
  }
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined) return
  if (child.exitCode !== null) throw new Error(`a process has ended by itself with ${child.exitCode}`)
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
