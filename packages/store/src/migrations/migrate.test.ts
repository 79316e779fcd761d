import { silentLogger } from 'kurir/logger'
import { expect, it } from 'vitest'
import { openPostgres } from '../sql/postgres.js'
import type { SqlDatabase } from '../sql/sql.js'
import { openSqlite } from '../sql/sqlite.js'
import { onEachDatabase, type TestStores } from '../testing/stores.js'
import { migrate, migrations } from './migrate.js'

onEachDatabase('the schema', stores => {
  it.each(migrations.map(({ number }) => number))('is brought up to date from step %i', async number => {
    const place = await stores.place()
    const database = await databaseAt(place)
    const steps = migrations.map(each => each.number)
    expect(await migrate(database, { now: 1, upTo: number })).toEqual(steps.slice(0, number))
    await database.transaction(sql =>
      sql.run(
        "INSERT INTO sessions (id, status, settings, created_at, updated_at) VALUES ('old', 'x', ?, 1, 1)",
        Buffer.of(0),
      ),
    )
    expect(await migrate(database, { now: 2 })).toEqual(steps.slice(number))
    expect(await migrate(database, { now: 3 })).toEqual([])
    expect(await database.read(sql => sql.all('SELECT id FROM sessions'))).toEqual([
      expect.objectContaining({ id: 'old' }),
    ])
    await database.close()
    const store = await stores.open(place)
    await store.events.append('old', [{ event: 'x', payload: 1 }])
    expect(await store.events.head('old')).toBe(1)
  })

  it('has steps that are numbered without a gap', () => {
    expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, index) => index + 1))
  })

  it('is made once when several processes start together', async () => {
    const place = await stores.place()
    const opened = await Promise.all(Array.from({ length: 4 }, () => stores.open(place)))
    await opened[0]?.sessions.save({ id: 'a', settings: { from: 'the first' } })
    for (const store of opened)
      expect(await store.sessions.load('a')).toMatchObject({ settings: { from: 'the first' } })
  })

  it('of a newer version is left alone', async () => {
    const place = await stores.place()
    await (await stores.open(place)).close()
    const database = await databaseAt(place)
    await database.transaction(sql =>
      sql.run("INSERT INTO store_migrations (number, name, at) VALUES (999, 'future', 1)"),
    )
    await database.close()
    await expect(stores.open(place)).rejects.toMatchObject({ code: 'store-newer-version', data: { version: 999 } })
  })

  it('is left as it was when a step fails', async () => {
    const database = await databaseAt(await stores.place())
    await migrate(database, { now: 1, upTo: 1 })
    await database.transaction(sql => sql.run('CREATE TABLE outbox (in_the_way INTEGER)'))
    await expect(migrate(database, { now: 2 })).rejects.toThrow()
    const steps = await database.read(sql => sql.all('SELECT number FROM store_migrations'))
    expect(steps.map(row => row['number'])).toEqual([1])
    await expect(database.read(sql => sql.all('SELECT 1 FROM messages'))).rejects.toThrow()
    await database.close()
  })
})

async function databaseAt(place: Awaited<ReturnType<TestStores['place']>>): Promise<SqlDatabase> {
  const { file, url, schema = '' } = place
  if (file !== undefined) return await openSqlite({ file, durability: 'process-crash' })
  return await openPostgres({ url: url ?? '', schema, logger: silentLogger })
}
