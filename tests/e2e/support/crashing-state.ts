import type { Phone } from '@kurir/simulator'
import {
  type AuthenticationState,
  BufferJSON,
  initAuthCreds,
  type SignalKeyStore,
  type UserFacingSocketConfig,
} from 'kurir'
import type { KurirClient } from './kurir-client.js'
import type { World } from './world.js'

type Records = Map<string, unknown>

/**
 * An auth state whose process can be killed: from that moment nothing that it writes arrives, and {@link afterCrash} is
 * what the next process finds.
 */
export class CrashingState {
  /** A type of records that the store does not take at the moment. */
  refused: string | undefined
  /** Most records of a type that one write may bring. */
  readonly limits = new Map<string, number>()
  /** Records of each type in each write that was taken, in order. */
  readonly writes: Readonly<Record<string, number>>[] = []
  /** What this process uses. */
  readonly state: AuthenticationState
  readonly #disk: { records: Records; creds: string | undefined }
  #isDead = false
  #held: Promise<void> | undefined
  /** Undefined: all types. */
  #heldType: string | undefined
  #release: () => void = () => {}

  constructor(disk: { records: Records; creds: string | undefined } = { records: new Map(), creds: undefined }) {
    this.#disk = disk
    this.state = this.#makeState()
  }

  /** The state of the next process. */
  afterCrash(): CrashingState {
    this.#isDead = true
    this.#release()
    return new CrashingState({ records: new Map(this.#disk.records), creds: this.#disk.creds })
  }

  /** Writes, or those of one type of records, from now on wait for `release`. */
  hold(type?: string): void {
    this.#heldType = type
    this.#held = new Promise(resolve => {
      this.#release = () => {
        this.#held = undefined
        resolve()
      }
    })
  }

  release(): void {
    this.#release()
  }

  has(type: string): boolean {
    return this.ids(type).length > 0
  }

  ids(type: string): string[] {
    return [...this.#disk.records.keys()].flatMap(name =>
      name.startsWith(`${type}.`) ? [name.slice(type.length + 1)] : [],
    )
  }

  /** A record as it is stored. */
  record(type: string, id: string): unknown {
    return this.#disk.records.get(`${type}.${id}`)
  }

  /** Whether the store knows of every sent message that the server has answered. */
  get isAnswered(): boolean {
    const ANSWERED = 1
    return this.slots('outbox').every(slot => {
      const record = this.#disk.records.get(`outbox.${slot}`)
      return record instanceof Uint8Array && record[1] === ANSWERED
    })
  }

  /** The slots of a type that hold a record. */
  slots(type: 'inbox' | 'outbox'): string[] {
    const ids = [...this.#disk.records.keys()].flatMap(name => name.split(`${type}.`)[1] ?? [])
    return ids.filter(id => !Number.isNaN(Number(id)))
  }

  isEmpty(type: 'inbox' | 'outbox'): boolean {
    return this.slots(type).length === 0
  }

  #makeState(): AuthenticationState & { saveCreds(): Promise<void> } {
    const creds = this.#disk.creds === undefined ? initAuthCreds() : JSON.parse(this.#disk.creds, BufferJSON.reviver)
    const keys: SignalKeyStore = {
      get: (type, ids) =>
        Object.fromEntries(ids.map(id => [id, this.#disk.records.get(`${type}.${id}`) ?? null])) as never,
      set: async data => {
        while (this.#held && (this.#heldType === undefined || this.#heldType in data)) await this.#held
        if (this.refused !== undefined && this.refused in data) throw new Error(`no room for ${this.refused}`)
        const counts = Object.fromEntries(Object.entries(data).map(([type, rows]) => [type, Object.keys(rows).length]))
        for (const [type, limit] of this.limits) {
          if ((counts[type] ?? 0) > limit) throw new Error(`no room for so many of ${type}`)
        }
        if (this.#isDead) throw new Error('the process is dead')
        this.writes.push(counts)
        for (const [type, rows] of Object.entries(data)) {
          for (const [id, value] of Object.entries(rows ?? {})) {
            if (value) this.#disk.records.set(`${type}.${id}`, value)
            else this.#disk.records.delete(`${type}.${id}`)
          }
        }
      },
    }
    const saveCreds = async () => {
      if (!this.#isDead) this.#disk.creds = JSON.stringify(creds, BufferJSON.replacer)
    }
    return { creds, keys, saveCreds }
  }
}

/** Two phones, and a bot of the first whose process can be killed. */
export interface CrashScene {
  readonly alice: Phone
  readonly bob: Phone
  readonly state: CrashingState
  readonly bot: KurirClient
}

export async function crashScene(world: World, config: Partial<UserFacingSocketConfig> = {}): Promise<CrashScene> {
  const [alice, bob] = [await world.phone('Alice'), await world.phone('Bob')]
  const state = new CrashingState()
  return { alice, bob, state, bot: await world.linked(alice, { auth: state.state, config }) }
}

export interface RestartOptions {
  readonly meanwhile?: () => Promise<unknown>
  readonly config?: Partial<UserFacingSocketConfig>
  readonly handler?: () => Promise<void>
}

/** The process of the bot dies; the next one starts from what is stored. */
export async function killAndRestart(
  world: World,
  { state, bot }: Pick<CrashScene, 'state' | 'bot'>,
  { meanwhile, config, handler }: RestartOptions,
): Promise<{ readonly again: KurirClient; readonly state: CrashingState }> {
  const next = state.afterCrash()
  world.service.disconnect(bot.jid)
  await bot.closed()
  await meanwhile?.()
  const again = world.client({ auth: next.state, ...(config && { config }) }).connect()
  if (handler) again.socket.ev.process(handler)
  await again.open()
  await again.pendingReceived()
  return { again, state: next }
}
