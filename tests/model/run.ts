import { COLLECTION_NAMES, type CollectionName, type Phone, type SeededRandom } from '@kurir/simulator'
import { ChangeSource, type SharedChange } from './changes.js'
import type { AccountPicture } from './picture.js'

/** A client that takes part in a run. */
export interface ModelClient {
  readonly name: string
  /** What it has been told. */
  readonly picture: AccountPicture
  change(change: SharedChange): Promise<void>
  /** Ends its connection and begins another one; absent: it keeps its connection. */
  reconnect?(): Promise<void>
  /** What it has stored of a collection. */
  collection(name: CollectionName): Promise<StoredCollection>
  /** It takes a refused change for an accepted one, so that nobody else may write meanwhile. */
  readonly writesAlone?: boolean
  /** Resolves when it has this key; absent: it copes with records whose key it does not have yet. */
  takesKey?(id: Uint8Array): Promise<void>
  /** Whether it can make this change without damage. */
  canMake?(change: SharedChange): boolean
}

/** A collection in the form that both libraries store. */
export interface StoredCollection {
  readonly version: number
  readonly hash: Uint8Array
  readonly indexValueMap: Readonly<Record<string, { readonly valueMac: Uint8Array }>>
}

export interface RunOptions {
  readonly phone: Phone
  readonly clients: readonly ModelClient[]
  readonly random: SeededRandom
  /** Changes in all. */
  readonly changes: number
  /** Changes that are under way at the same time. */
  readonly atOnce: number
  /** How often a client that can does begin a new connection: once in so many changes. */
  readonly reconnectEvery: number
  readonly rotateEvery: number
}

/** What became of the changes. */
export interface RunResult {
  readonly made: number
  /** Errors of changes that were cut off or given up; whether they were written is open. */
  readonly errors: readonly unknown[]
}

/** Lets all devices of an account change its state at the same time, in an order that follows from the seed. */
export const runModel = async (options: RunOptions): Promise<RunResult> => {
  const { phone, clients, random, changes, atOnce, reconnectEvery, rotateEvery } = options
  const source = new ChangeSource(random.fork('changes'))
  const order = random.fork('order')
  const underWay = new Set<Promise<void>>()
  const reconnecting = new Map<ModelClient, Promise<void>>()
  const errors: unknown[] = []
  let made = 0
  const start = (work: Promise<void>) => {
    const settled = work
      .then(
        () => {
          made += 1
        },
        error => {
          errors.push(error)
        },
      )
      .finally(() => underWay.delete(settled))
    underWay.add(settled)
    return settled
  }
  for (let number = 1; number <= changes; number += 1) {
    const author = order.below(clients.length + 1)
    const client = clients[author]
    if (client === undefined) start(phone.appState.change(source.phone()))
    else await changeBy(client)
    if (number % rotateEvery === 0) await rotate()
    if (order.chance(1 / reconnectEvery)) reconnect(order.pick(clients))
    while (underWay.size >= atOnce) await Promise.race(underWay)
  }
  await Promise.all(underWay)
  await Promise.all(reconnecting.values())
  return { made, errors }

  async function changeBy(client: ModelClient): Promise<void> {
    let change = source.shared()
    while (client.canMake?.(change) === false) change = source.shared()
    await reconnecting.get(client)
    if (client.writesAlone !== true) {
      start(client.change(change))
      return
    }
    await Promise.all(underWay)
    await start(client.change(change))
  }

  async function rotate(): Promise<void> {
    const waiting = clients.flatMap(client => client.takesKey?.bind(client) ?? [])
    if (waiting.length === 0) return await phone.appState.rotateKey()
    await Promise.all(underWay)
    const expired = phone.appState.keys.at(-1)
    await phone.appState.rotateKey({ announce: false })
    const id = phone.appState.keys.at(-1)?.id ?? Buffer.alloc(0)
    await Promise.all(waiting.map(takesKey => takesKey(id)))
    const value = { keyExpiration: { expiredKeyEpoch: expired?.epoch ?? 0 } }
    await phone.appState.change({ action: 'raw', index: ['sentinel'], value })
  }

  function reconnect(client: ModelClient): void {
    if (client.reconnect === undefined || reconnecting.has(client)) return
    reconnecting.set(
      client,
      client.reconnect().finally(() => reconnecting.delete(client)),
    )
  }
}

/** What a client has stored of all collections, or what its phone has: equal when they agree. */
export interface Agreement {
  readonly version: number
  readonly hash: string
  readonly records: readonly string[]
}

export const storedBy = async (client: ModelClient): Promise<Record<string, Agreement>> => {
  const stored = await Promise.all(COLLECTION_NAMES.map(name => client.collection(name)))
  const entries = stored.map(({ version, hash, indexValueMap }, position) => {
    const records = Object.entries(indexValueMap).map(([index, { valueMac }]) => `${index} ${base64(valueMac)}`)
    return [COLLECTION_NAMES[position] ?? '', { version, hash: base64(hash), records: records.sort() }] as const
  })
  return Object.fromEntries(entries)
}

export const keptFor = ({ appState }: Phone): Record<string, Agreement> =>
  Object.fromEntries(
    COLLECTION_NAMES.map(name => {
      const records = [...appState.valueMacs(name)].map(
        ([index, valueMac]) => `${Buffer.from(index, 'hex').toString('base64')} ${base64(valueMac)}`,
      )
      const agreement = { version: appState.version(name), hash: base64(appState.hash(name)), records: records.sort() }
      return [name, agreement]
    }),
  )

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
