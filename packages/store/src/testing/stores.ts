import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, describe } from 'vitest'
import { openStore, type StoreOptions } from '../open-store.js'
import type { Store } from '../store.js'

/** A server to test against; without it the tests run on SQLite alone. `.ci/run` always sets it. */
export const postgresUrl = process.env['KURIR_TEST_POSTGRES_URL']

/** A text, so that a place can be handed to another process. */
export const testKey = Buffer.alloc(32, 7).toString('hex')

export type DatabaseName = 'sqlite' | 'postgres'
export const databases: readonly DatabaseName[] = postgresUrl === undefined ? ['sqlite'] : ['sqlite', 'postgres']

/** Places for stores, and the stores that a test opens: they are closed and removed when it ends. */
export interface TestStores {
  /** Options of a store of its own. */
  place(): Promise<StoreOptions>
  /** Opens a store; in a place of its own, unless one is given. */
  open(options?: StoreOptions): Promise<Store>
}

/** Runs a suite on every database there is. */
export function onEachDatabase(subject: string, suite: (stores: TestStores, database: DatabaseName) => void): void {
  describe.each(databases)(`${subject} (%s)`, database => suite(storesOn(database), database))
}

export function storesOn(database: DatabaseName): TestStores {
  const opened: Store[] = []
  const cleanUps: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })
  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp()
  })
  const place = async (): Promise<StoreOptions> => {
    if (database === 'sqlite') {
      const folder = await mkdtemp(join(tmpdir(), 'kurir-store-'))
      cleanUps.push(() => rm(folder, { recursive: true, force: true }))
      // Nobody pulls the plug here.
      return {
        file: join(folder, 'store.sqlite'),
        encryptionKey: testKey,
        environment: {},
        durability: 'process-crash',
      }
    }
    const schema = `test_${process.pid}_${Date.now().toString(36)}_${Math.random().toString(36).slice(2, 8)}`
    cleanUps.push(() => dropSchema(schema))
    return { url: postgresUrl ?? '', schema, encryptionKey: testKey, environment: {} }
  }
  const open = async (options?: StoreOptions) => {
    const store = await openStore(options ?? (await place()))
    opened.push(store)
    return store
  }
  return { place, open }
}

async function dropSchema(schema: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
  await client.end()
}
