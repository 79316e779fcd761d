import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActiveFault, type Phone, type PhoneOptions, Simulator } from '@kurir/simulator'
import type { UserFacingSocketConfig as BaileysConfig } from 'baileys'
import type { UserFacingSocketConfig as KurirConfig } from 'kurir'
import { afterEach, beforeEach } from 'vitest'
import { BaileysClient } from './baileys-client.js'
import type { Companion } from './companion.js'
import { KurirClient } from './kurir-client.js'

export const RESTART_REQUIRED = 515

interface ClientOf {
  readonly kurir: KurirClient
  readonly baileys: BaileysClient
}

interface ConfigOf {
  readonly kurir: Partial<KurirConfig>
  readonly baileys: Partial<BaileysConfig>
}

export type Library = keyof ClientOf

/** A simulator with phones and linked clients; folders and connections end with the test. */
export class World {
  readonly wa: Simulator
  readonly #folder: string
  readonly #clients: ClientOf[Library][] = []
  /** Passes retry receipts on as they are; its hits tell how many there were. */
  readonly #retries: ActiveFault
  #folders = 0
  #phones = 0

  private constructor(wa: Simulator, folder: string) {
    this.wa = wa
    this.#folder = folder
    this.#retries = wa.faults.add({
      direction: 'from-client',
      match: { tag: 'receipt', type: 'retry' },
      action: { kind: 'delay', milliseconds: 0 },
    })
  }

  static async start(seed: string): Promise<World> {
    const wa = await Simulator.start({ seed, validation: 'strict' })
    return new World(wa, await mkdtemp(join(tmpdir(), 'kurir-interop-')))
  }

  /** A phone of a new account. Accounts with Baileys clients need `lenient`: it is known to deviate. */
  phone(pushName: string, validation: PhoneOptions['validation'] & string): Promise<Phone> {
    this.#phones += 1
    return this.wa.phone(String(6_281_110_000 + this.#phones), { pushName, validation })
  }

  /** The path of a folder that does not exist yet and goes away with the test. */
  newFolder(): string {
    this.#folders += 1
    return join(this.#folder, String(this.#folders))
  }

  /** A client that is not connected, with its state in memory or in a folder. */
  async client<L extends Library>(library: L, folder?: string, config?: ConfigOf[L]): Promise<ClientOf[L]> {
    const client = await makeClient[library](this.wa, folder, config)
    this.#clients.push(client)
    return client
  }

  /** A client that is linked to a phone by QR, and open. */
  async linked<L extends Library>(
    library: L,
    phone: Phone,
    folder?: string,
    config?: ConfigOf[L],
  ): Promise<ClientOf[L]> {
    const client = await this.client(library, folder, config)
    client.connect()
    await phone.scan(await client.qr())
    const { code, message } = await client.closed()
    if (code !== RESTART_REQUIRED) throw new Error(`The client was not told to restart: ${code} ${message}`)
    await client.resume()
    return client
  }

  get violations(): string[] {
    return this.wa.violations.map(({ kind, message, device }) => `${device} ${kind}: ${message}`)
  }

  /** Retry receipts that clients and phones have sent. */
  get retryReceipts(): number {
    return this.#retries.hits
  }

  /** The next message to this device arrives with a changed ciphertext. */
  corruptNextMessageTo(client: Companion): void {
    this.wa.faults.add({
      direction: 'to-client',
      match: { tag: 'message', device: client.jid },
      times: 1,
      action: { kind: 'corrupt' },
    })
  }

  async end(): Promise<void> {
    for (const client of this.#clients) await client.dispose()
    await this.wa.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

type ClientMakers = {
  [L in Library]: (wa: Simulator, folder?: string, config?: ConfigOf[L]) => Promise<ClientOf[L]>
}

const makeClient: ClientMakers = {
  kurir: async (wa, folder, config) =>
    folder === undefined ? KurirClient.inMemory(wa, config) : KurirClient.inFolder(wa, folder, config),
  baileys: async ({ url }, folder, config = {}) =>
    folder === undefined ? new BaileysClient(url, { config }) : BaileysClient.inFolder(url, folder, config),
}

/** Gives each test of a file a world of its own. */
export function worldForEachTest(): () => World {
  let world: World
  beforeEach(async context => {
    world = await World.start(context.task.name)
  })
  afterEach(() => world.end())
  return () => world
}
