import { type Phone, type PhoneOptions, Simulator, type SimulatorOptions } from '@kurir/simulator'
import { afterEach, beforeEach, expect } from 'vitest'
import { type ClientOptions, KurirClient } from './kurir-client.js'

/** A simulator with what a test has put on it. Everything ends with the test. */
export class World {
  readonly service: Simulator
  readonly #clients: KurirClient[] = []
  #numbers = 0

  constructor(service: Simulator) {
    this.service = service
  }

  /** A phone of a new account; its name is also its push name. */
  phone(name: string, options: PhoneOptions = {}): Promise<Phone> {
    this.#numbers += 1
    return this.service.phone(String(6_281_110_000 + this.#numbers), { pushName: name, ...options })
  }

  client(options: ClientOptions = {}): KurirClient {
    const made = new KurirClient(this.service, options)
    this.#clients.push(made)
    return made
  }

  /** A client that is linked to the phone and open. */
  linked(phone: Phone, options: ClientOptions = {}): Promise<KurirClient> {
    return this.client(options).link(phone)
  }

  /** The breaches of the protocol that the service has seen. */
  get violations(): string[] {
    return this.service.violations.map(({ kind, message, device }) => `${device ?? '?'} ${kind}: ${message}`)
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map(client => client.socket?.end(undefined)))
    await this.service.stop()
  }
}

/** Gives each test of a file a world of its own, and checks after it that no client broke the protocol. */
export function worldForEachTest(options: SimulatorOptions = {}): () => World {
  let world: World
  beforeEach(async context => {
    world = new World(await Simulator.start({ seed: context.task.name, ...options }))
  })
  afterEach(async () => {
    await world.end()
    expect(world.violations).toEqual([])
  })
  return () => world
}
