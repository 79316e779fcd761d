import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KurirError } from '../errors/kurir-error.js'
import { silentLogger } from '../logger/logger.js'
import type { SignalDataSet, SignalKeyStore } from '../signal/key-store.js'
import { makeMemoryKeyStore } from './memory.js'
import { rejection } from './testing/expect-error.js'
import { addTransactionCapability, type TransactionalKeyStore } from './transactions.js'

/** A key store that remembers its calls. */
function observedStore(): SignalKeyStore & { readonly sets: SignalDataSet[]; readonly gets: string[] } {
  const inner = makeMemoryKeyStore()
  const sets: SignalDataSet[] = []
  const gets: string[] = []
  return {
    sets,
    gets,
    get: async (type, ids) => {
      gets.push(...ids.map(id => `${type}.${id}`))
      return inner.get(type, ids)
    },
    set: async data => {
      sets.push(data)
      await inner.set(data)
    },
  }
}

const options = { maxCommitRetries: 3, delayBetweenTriesMs: 0 }
const withTransactions = (store: SignalKeyStore): TransactionalKeyStore =>
  addTransactionCapability(store, silentLogger, options)

const read = async (keys: SignalKeyStore, id: string) => (await keys.get('lid-mapping', [id]))[id] ?? null
const write = async (keys: SignalKeyStore, id: string, value: string | null) =>
  keys.set({ 'lid-mapping': { [id]: value } })

/** A point that a test lets code pass when it wants. */
function gate(): { readonly reached: Promise<void>; open(): void; pass(): Promise<void> } {
  let open = () => {}
  let arrive = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  const reached = new Promise<void>(resolve => {
    arrive = resolve
  })
  return {
    reached,
    open: () => open(),
    pass: () => {
      arrive()
      return opened
    },
  }
}

describe('a transaction', () => {
  it('hands everything it wrote to the store in one set, at its end', async () => {
    const store = observedStore()
    const keys = withTransactions(store)
    const result = await keys.transaction(async () => {
      await write(keys, 'a', '1')
      await keys.set({ session: { x: Buffer.of(1) } })
      await write(keys, 'a', '2')
      expect(store.sets).toEqual([])
      return 'done'
    }, 'scope')
    expect(result).toBe('done')
    expect(store.sets).toEqual([{ 'lid-mapping': { a: '2' }, session: { x: Buffer.of(1) } }])
  })

  it('does not touch the store when it wrote nothing', async () => {
    const store = observedStore()
    const keys = withTransactions(store)
    await keys.transaction(() => read(keys, 'a'), 'scope')
    expect(store.sets).toEqual([])
  })

  it('reads what it has written, and each record from the store once', async () => {
    const store = observedStore()
    await write(store, 'a', 'old')
    const keys = withTransactions(store)
    await keys.transaction(async () => {
      expect(await read(keys, 'a')).toBe('old')
      await write(keys, 'a', 'new')
      await write(keys, 'b', null)
      expect(await keys.get('lid-mapping', ['a', 'b', 'c'])).toEqual({ a: 'new', b: null, c: null })
      expect(await read(keys, 'c')).toBeNull()
    }, 'scope')
    expect(store.gets).toEqual(['lid-mapping.a', 'lid-mapping.c'])
  })

  it('leaves nothing behind when it throws', async () => {
    const store = observedStore()
    const keys = withTransactions(store)
    const failure = new Error('no')
    const failing = keys.transaction(async () => {
      await write(keys, 'a', '1')
      throw failure
    }, 'scope')
    await expect(failing).rejects.toBe(failure)
    expect(store.sets).toEqual([])
    await keys.transaction(() => write(keys, 'a', '2'), 'scope')
    expect(await read(keys, 'a')).toBe('2')
  })

  it('is not seen by others before it is committed', async () => {
    const keys = withTransactions(observedStore())
    const middle = gate()
    const running = keys.transaction(async () => {
      await write(keys, 'a', '1')
      await middle.pass()
    }, 'scope')
    await middle.reached
    expect(await read(keys, 'a')).toBeNull()
    expect(keys.isInTransaction()).toBe(false)
    middle.open()
    await running
    expect(await read(keys, 'a')).toBe('1')
  })

  it('excludes others of its scope only', async () => {
    const keys = withTransactions(observedStore())
    const middle = gate()
    const order: string[] = []
    const first = keys.transaction(async () => {
      await middle.pass()
      order.push('first')
    }, 'one')
    const second = keys.transaction(async () => void order.push('second'), 'one')
    await keys.transaction(async () => void order.push('other'), 'two')
    middle.open()
    await Promise.all([first, second])
    expect(order).toEqual(['other', 'first', 'second'])
  })

  it('deletes prekeys that it has not read, and such as do not exist (docs/protocol/02 §14.2: not ignored)', async () => {
    const store = observedStore()
    const pair = { public: Buffer.alloc(32), private: Buffer.alloc(32) }
    await store.set({ 'pre-key': { '1': pair } })
    const keys = withTransactions(store)
    await keys.transaction(async () => keys.set({ 'pre-key': { '1': null, '2': null } }), 'prekeys')
    expect(await keys.get('pre-key', ['1', '2'])).toEqual({ 1: null, 2: null })
  })
})

describe('the commit', () => {
  it('is tried again, and fails with the last error as cause', async () => {
    const store = observedStore()
    let failures = 2
    const set = store.set.bind(store)
    store.set = async data => {
      if (failures-- > 0) throw new Error('disk')
      await set(data)
    }
    const keys = withTransactions(store)
    await keys.transaction(() => write(keys, 'a', '1'), 'scope')
    expect(await read(keys, 'a')).toBe('1')

    failures = 3
    const error = await rejection(
      keys.transaction(() => write(keys, 'a', '2'), 'scope'),
      'transaction-commit-failed',
    )
    expect(error).toMatchObject({ retryable: true, data: { attempts: 3 }, cause: new Error('disk') })
    expect(await read(keys, 'a')).toBe('1')
    await keys.transaction(() => write(keys, 'a', '3'), 'scope')
  })

  it('is not tried again after an error that will not go away', async () => {
    const store = observedStore()
    let tries = 0
    store.set = async () => {
      tries++
      throw new KurirError('auth-state-closed', 'closed')
    }
    const keys = withTransactions(store)
    await rejection(
      keys.transaction(() => write(keys, 'a', '1'), 'scope'),
      'auth-state-closed',
    )
    expect(tries).toBe(1)
  })
})

describe('a nested transaction', () => {
  it('commits with the outermost one', async () => {
    const store = observedStore()
    const keys = withTransactions(store)
    await keys.transaction(async () => {
      await write(keys, 'a', '1')
      await keys.transaction(async () => {
        expect(await read(keys, 'a')).toBe('1')
        await write(keys, 'b', '2')
      }, 'inner')
      expect(await read(keys, 'b')).toBe('2')
      expect(store.sets).toEqual([])
    }, 'outer')
    expect(store.sets).toEqual([{ 'lid-mapping': { a: '1', b: '2' } }])
  })

  it('takes its lock and keeps it until that commit (docs/protocol/02 §14.2: not without a lock)', async () => {
    const keys = withTransactions(observedStore())
    const afterInner = gate()
    const relay = keys.transaction(async () => {
      await keys.transaction(async () => {
        await write(keys, 'session', `${await read(keys, 'session')}+sent`)
      }, 'session')
      await afterInner.pass()
    }, 'own jid')
    await afterInner.reached
    const decrypt = keys.transaction(async () => {
      await write(keys, 'session', `${await read(keys, 'session')}+received`)
    }, 'session')
    afterInner.open()
    await Promise.all([relay, decrypt])
    expect(await read(keys, 'session')).toBe('null+sent+received')
  })

  it('that has waited for its lock sees what the holder committed, whatever was read before', async () => {
    const keys = withTransactions(observedStore())
    const holding = gate()
    const holder = keys.transaction(async () => {
      await holding.pass()
      await write(keys, 'session', 'new')
    }, 'session')
    await holding.reached
    const asked = gate()
    const other = keys.transaction(async () => {
      expect(await read(keys, 'session')).toBeNull()
      const inner = keys.transaction(() => read(keys, 'session'), 'session')
      asked.open()
      return await inner
    }, 'other')
    await asked.pass()
    holding.open()
    expect(await other).toBe('new')
    await holder
  })

  it('loses only its own writes when it throws and the outer one goes on', async () => {
    const store = observedStore()
    const keys = withTransactions(store)
    await keys.transaction(async () => {
      await write(keys, 'a', '1')
      const inner = keys.transaction(async () => {
        await write(keys, 'a', 'bad')
        await write(keys, 'b', 'bad')
        throw new Error('inner')
      }, 'inner')
      await expect(inner).rejects.toThrow('inner')
      expect(await read(keys, 'a')).toBe('1')
    }, 'outer')
    expect(store.sets).toEqual([{ 'lid-mapping': { a: '1' } }])
  })

  it('of the scope that it is nested in goes on at once, siblings take turns', async () => {
    const keys = withTransactions(observedStore())
    const increment = async () => {
      const value = Number((await read(keys, 'n')) ?? 0)
      await Promise.resolve()
      await write(keys, 'n', String(value + 1))
    }
    await keys.transaction(async () => {
      await increment()
      await keys.transaction(() => keys.transaction(increment, 'same'), 'same')
      await Promise.all(Array.from({ length: 5 }, () => keys.transaction(increment, 'same')))
      await Promise.all(Array.from({ length: 5 }, () => keys.transaction(increment, 'new')))
    }, 'same')
    expect(await read(keys, 'n')).toBe('12')
  })

  it('is waited for when it was not awaited', async () => {
    const store = observedStore()
    const keys = withTransactions(store)
    const middle = gate()
    const outer = keys.transaction(async () => {
      void keys.transaction(async () => {
        await middle.pass()
        await write(keys, 'b', '1')
      }, 'inner')
      await write(keys, 'a', '1')
    }, 'outer')
    await middle.reached
    expect(store.sets).toEqual([])
    middle.open()
    await outer
    expect(store.sets).toEqual([{ 'lid-mapping': { a: '1', b: '1' } }])
  })

  it('started by code that outlived its transaction is one of its own', async () => {
    const store = observedStore()
    const keys = withTransactions(store)
    const after = gate()
    let late: Promise<void> | undefined
    await keys.transaction(async () => {
      late = after.pass().then(async () => {
        expect(keys.isInTransaction()).toBe(false)
        await write(keys, 'direct', '1')
        await keys.transaction(() => write(keys, 'own', '1'), 'scope')
      })
    }, 'scope')
    after.open()
    await late
    expect(store.sets).toEqual([{ 'lid-mapping': { direct: '1' } }, { 'lid-mapping': { own: '1' } }])
  })
})

describe('two key stores', () => {
  it('have transactions of their own, also inside each other', async () => {
    const stores = [observedStore(), observedStore()] as const
    const [one, two] = [withTransactions(stores[0]), withTransactions(stores[1])]
    await one.transaction(async () => {
      expect(two.isInTransaction()).toBe(false)
      await write(one, 'a', '1')
      await two.transaction(async () => {
        await write(two, 'a', '2')
        await write(one, 'b', '1')
        expect(await read(one, 'a')).toBe('1')
      }, 'scope')
      expect(stores[1].sets).toEqual([{ 'lid-mapping': { a: '2' } }])
      expect(stores[0].sets).toEqual([])
    }, 'scope')
    expect(stores[0].sets).toEqual([{ 'lid-mapping': { a: '1', b: '1' } }])
  })
})

describe('transactions that would wait for each other', () => {
  it('are told apart: the last one fails, the other goes on', async () => {
    const keys = withTransactions(observedStore())
    const holdsA = gate()
    const holdsB = gate()
    const nested = (first: string, own: ReturnType<typeof gate>, second: string) =>
      keys.transaction(async () => {
        await own.pass()
        await keys.transaction(() => write(keys, second, first), second)
        await write(keys, first, first)
      }, first)
    const one = nested('A', holdsA, 'B')
    const two = nested('B', holdsB, 'A')
    await Promise.all([holdsA.reached, holdsB.reached])
    holdsA.open()
    holdsB.open()
    const error = await rejection(two, 'transaction-deadlock')
    expect(error).toMatchObject({ retryable: true, data: { scope: 'A', held: ['B'] } })
    await one
    expect(await read(keys, 'A')).toBe('A')
  })

  it('inside one transaction are told apart too', async () => {
    const keys = withTransactions(observedStore())
    const branch = (first: string, second: string) =>
      keys.transaction(async () => {
        await Promise.resolve()
        await keys.transaction(async () => {}, second)
      }, first)
    await keys.transaction(async () => {
      const results = await Promise.allSettled([branch('A', 'B'), branch('B', 'A')])
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    }, 'outer')
  })

  it('never do when scopes are taken at once', async () => {
    const keys = withTransactions(observedStore())
    const pairs = [
      ['A', 'B'],
      ['B', 'A'],
      ['C', 'A', 'B'],
      ['B', 'C'],
    ]
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const scopes = pairs[index % pairs.length] ?? []
        return keys.transactionOver(scopes, async () => {
          for (const scope of scopes) await write(keys, scope, String(Number((await read(keys, scope)) ?? 0) + 1))
        })
      }),
    )
    expect(await keys.get('lid-mapping', ['A', 'B', 'C'])).toEqual({ A: '75', B: '100', C: '50' })
  })
})

interface Plan {
  readonly scope: string
  readonly fails: boolean
  readonly parallel: boolean
  readonly pauses: number
  readonly nested: readonly Plan[]
}

const plan: fc.Memo<Plan> = fc.memo(depth =>
  fc.record({
    scope: fc.constantFrom('a', 'b', 'c', 'd'),
    fails: fc.boolean().map(value => value && depth > 1),
    parallel: fc.boolean(),
    pauses: fc.nat({ max: 4 }),
    nested: depth <= 1 ? fc.constant([]) : fc.array(plan(depth - 1), { maxLength: 3 }),
  }),
)

describe('many transactions, nested and side by side', () => {
  it('count correctly: each committed one once, each failed one not at all', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(plan(3), { minLength: 2, maxLength: 12 }), async plans => {
        const store = observedStore()
        const keys = withTransactions(store)
        const expected: Record<string, number> = {}

        /** Runs a plan; the scopes whose counters it has raised, once the outermost call is committed. */
        const run = (current: Plan): Promise<string[]> =>
          keys.transaction(async () => {
            const before = Number((await read(keys, current.scope)) ?? 0)
            for (let pause = 0; pause < current.pauses; pause++) await Promise.resolve()
            await write(keys, current.scope, String(before + 1))
            const raised = [current.scope]
            const attempt = async (nested: Plan) => {
              raised.push(...(await run(nested).catch(ignoreExpected)))
            }
            if (current.parallel) await Promise.all(current.nested.map(attempt))
            else for (const nested of current.nested) await attempt(nested)
            if (current.fails) throw new Error('planned')
            return raised
          }, current.scope)

        await Promise.all(
          plans.map(async current => {
            for (const scope of await run(current).catch(ignoreExpected)) expected[scope] = (expected[scope] ?? 0) + 1
          }),
        )
        for (const scope of ['a', 'b', 'c', 'd']) {
          expect(Number((await read(keys, scope)) ?? 0)).toBe(expected[scope] ?? 0)
        }
      }),
      { numRuns: 300 },
    )
  })
})

function ignoreExpected(error: unknown): string[] {
  const isExpected = error instanceof Error && (error.message === 'planned' || KurirError.is(error))
  if (!isExpected) throw error
  return []
}
