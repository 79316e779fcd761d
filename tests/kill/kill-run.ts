import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Phone, SeededRandom, Simulator } from '@kurir/simulator'
import makeWASocket, { silentLogger, useMultiFileAuthState, type WASocket } from 'kurir'
import { BotProcess, type JournalLine } from './bot-process.js'

export interface KillRunOptions {
  readonly seed: string
  readonly kills: number
  /** Texts that are sent to the bot; it answers each. */
  readonly messages: number
}

/** What came of it; every list is empty when the guarantees hold (docs/guarantees.md). */
export interface KillRunResult {
  /** Texts that the bot's handler never saw. */
  readonly missing: string[]
  /** Handed over more than once, and not marked the second time. */
  readonly repeatedUnmarked: string[]
  /** Answers whose `sendMessage` resolved and that did not arrive, or not exactly once. */
  readonly answersLost: string[]
  readonly answersTwice: string[]
  /** Answers that could not be sent, or were given up. */
  readonly answersRefused: string[]
  /** Messages that one side could not read at first. */
  readonly unreadable: string[]
  readonly violations: string[]
  readonly counts: {
    readonly kills: number
    readonly killedWhileOpen: number
    readonly sent: number
    readonly redelivered: number
    readonly answers: number
  }
}

const CONTACTS = 4
/** Most bots die up to so long after they opened a connection, the others up to so long after their start. */
const LONGEST_LIFE_MS = 500
const OPEN_DEADLINE_MS = 20_000
const QUIET_MS = 60_000

/** Kills a bot again and again while texts go to it and come back, and looks what has become of them. */
export async function killRun(options: KillRunOptions): Promise<KillRunResult> {
  const folder = await mkdtemp(join(tmpdir(), 'kurir-kill-'))
  const service = await Simulator.start({ seed: options.seed })
  try {
    return await new KillRun(service, folder, options).run()
  } finally {
    await service.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

class KillRun {
  readonly #service: Simulator
  readonly #folder: string
  readonly #options: KillRunOptions
  readonly #random: SeededRandom
  readonly #bot: BotProcess
  readonly #phones: Phone[] = []
  /** Chats of each phone with the bot: its own JID and the groups. */
  readonly #sent = new Map<string, string>()
  readonly #retryRequests: string[] = []
  #group = ''
  #botJid = ''

  constructor(service: Simulator, folder: string, options: KillRunOptions) {
    this.#service = service
    this.#folder = folder
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.#bot = new BotProcess(service, join(folder, 'auth'), join(folder, 'journal'))
  }

  async run(): Promise<KillRunResult> {
    const { kills } = this.#options
    await this.#meet()
    this.#service.onStanza(({ direction, device, node }) => {
      if (node.tag === 'receipt' && node.attrs['type'] === 'retry' && direction === 'from-client') {
        this.#retryRequests.push(`${device} asked for ${node.attrs['id']} again`)
      }
    })
    let killedWhileOpen = 0
    for (let kill = 0; kill < kills; kill += 1) {
      const opens = this.#count('open')
      this.#bot.start()
      await Promise.all([this.#talk(kill), this.#live(opens)])
      await this.#bot.kill()
      if (this.#count('open') > opens) killedWhileOpen += 1
    }
    this.#bot.start()
    await this.#settle()
    await this.#bot.kill()
    return this.#judge(killedWhileOpen)
  }

  /** How long a process may live. */
  async #live(opens: number): Promise<void> {
    if (this.#random.chance(0.7)) {
      const deadline = Date.now() + OPEN_DEADLINE_MS
      while (this.#count('open') === opens && Date.now() < deadline) await delay(5)
    }
    await delay(this.#random.below(LONGEST_LIFE_MS))
  }

  /** Phones, a group, and a bot that is linked and knows everybody. */
  async #meet(): Promise<void> {
    for (let index = 0; index <= CONTACTS; index += 1) {
      this.#phones.push(await this.#service.phone(String(6_281_220_000 + index), { pushName: `Phone ${index}` }))
    }
    const [own, ...contacts] = this.#phones
    if (!own) throw new Error('no phone')
    this.#group = await own.createGroup(
      'All',
      contacts.map(({ jid }) => jid),
    )
    const { state, saveCreds, close } = await useMultiFileAuthState(join(this.#folder, 'auth'))
    const connect = () => {
      const sock = makeWASocket({
        auth: state,
        waWebSocketUrl: this.#service.url,
        noiseRoot: this.#service.noiseRoot,
        logger: silentLogger,
      })
      sock.ev.process(async events => {
        if (events['creds.update']) await saveCreds()
      })
      return sock
    }
    await linked(connect(), own)
    const sock = connect()
    await sock.waitForConnectionUpdate(
      async ({ receivedPendingNotifications }) => receivedPendingNotifications === true,
    )
    this.#botJid = state.creds.me?.id ?? ''
    await sock.end(undefined)
    await saveCreds()
    await close()
  }

  /** The share of one life: some texts at once, some after each other, from all phones, partly to the group. */
  async #talk(life: number): Promise<void> {
    const { kills, messages } = this.#options
    const from = Math.floor((messages * life) / kills)
    const until = Math.floor((messages * (life + 1)) / kills)
    const sending: Promise<void>[] = []
    for (let number = from; number < until; number += 1) {
      sending.push(this.#send(`text ${number}`))
      if (this.#random.chance(0.3)) await delay(this.#random.below(150))
    }
    await Promise.all(sending)
  }

  async #send(text: string): Promise<void> {
    const [own, ...contacts] = this.#phones
    const contact = this.#random.pick(contacts)
    const chat = this.#random.chance(0.3) ? this.#group : (own?.jid ?? '')
    this.#sent.set(await contact.send(chat, { text }), text)
  }

  /** Until the bot has handled everything and every session was used once more. */
  async #settle(): Promise<void> {
    const deadline = Date.now() + QUIET_MS
    const until = async (isDone: () => boolean) => {
      while (!isDone() && Date.now() < deadline) await delay(50)
    }
    await until(() => this.#service.unconfirmed(this.#botJid) === 0 && this.#missing().length === 0)
    const [own, ...contacts] = this.#phones
    for (const contact of contacts) {
      for (const chat of [this.#group, own?.jid ?? '']) {
        const text = `last text of ${contact.number} to ${chat}`
        this.#sent.set(await contact.send(chat, { text }), text)
      }
    }
    await until(() => this.#missing().length === 0 && this.#answersOnTheWay().length === 0)
    await Promise.all(this.#phones.map(phone => phone.settled()))
  }

  #lines<Kind extends JournalLine['kind']>(kind: Kind): Extract<JournalLine, { kind: Kind }>[] {
    return this.#bot.read().filter((line): line is Extract<JournalLine, { kind: Kind }> => line.kind === kind)
  }

  #count(kind: JournalLine['kind']): number {
    return this.#lines(kind).length
  }

  #missing(): string[] {
    const seen = new Set(this.#lines('in').map(({ id }) => id))
    return [...this.#sent].flatMap(([id, text]) => (seen.has(id) ? [] : [text]))
  }

  /** How often each answer has arrived with a contact. */
  #arrivals(): Map<string, number> {
    const arrivals = new Map<string, number>()
    for (const phone of this.#phones.slice(1)) {
      const own = new Set<string>()
      for (const { id, text, fromMe, chat } of phone.messages) {
        if (fromMe || !text?.startsWith('echo of ')) continue
        // In the group every contact gets the answer: one of them counts, and nobody may get it twice.
        const isRepeated = own.has(id)
        own.add(id)
        if (chat !== this.#group || isRepeated || !arrivals.has(id)) arrivals.set(id, (arrivals.get(id) ?? 0) + 1)
      }
    }
    return arrivals
  }

  #answersOnTheWay(): string[] {
    const arrivals = this.#arrivals()
    return this.#lines('out').flatMap(({ id, text }) => (arrivals.has(id) ? [] : [text]))
  }

  #judge(killedWhileOpen: number): KillRunResult {
    const seen = new Set<string>()
    const repeatedUnmarked: string[] = []
    const received = this.#lines('in')
    for (const { id, redelivered, text } of received) {
      if (seen.has(id) && redelivered === 0) repeatedUnmarked.push(text)
      seen.add(id)
    }
    const arrivals = this.#arrivals()
    const problems = this.#phones.flatMap(phone => phone.problems.map(error => `${phone.number}: ${error.code}`))
    return {
      missing: this.#missing(),
      repeatedUnmarked,
      answersLost: this.#answersOnTheWay(),
      answersTwice: [...arrivals].flatMap(([id, times]) => (times > 1 ? [id] : [])),
      answersRefused: this.#lines('refused').map(({ what }) => what),
      unreadable: [...this.#lines('unreadable').map(({ what }) => what), ...this.#retryRequests, ...problems],
      violations: this.#service.violations.map(({ kind, message }) => `${kind}: ${message}`),
      counts: {
        kills: this.#options.kills,
        killedWhileOpen,
        sent: this.#sent.size,
        redelivered: received.filter(({ redelivered }) => redelivered > 0).length,
        answers: this.#count('out'),
      },
    }
  }
}

/** Links the socket to the phone; it ends with that. */
function linked(sock: WASocket, phone: Phone): Promise<void> {
  return new Promise((resolve, reject) => {
    sock.ev.on('connection.update', ({ qr, connection }) => {
      if (qr !== undefined) phone.scan(qr).catch(reject)
      if (connection === 'close') resolve()
    })
  })
}
