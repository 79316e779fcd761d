import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { onEachDatabase } from '../testing/stores.js'

onEachDatabase('api keys', (stores, database) => {
  it('are verified by their token, and by nothing else', async () => {
    let now = 1_000_000
    const place = await stores.place()
    const store = await stores.open({ ...place, clock: () => now })
    const { apiKeys } = store
    const { key, token } = await apiKeys.create({ name: 'bot', scopes: ['s:read'], expiresAt: 2_000_000 })
    const other = await apiKeys.create({ name: 'other', scopes: [] })
    expect(await apiKeys.verify(token)).toEqual({ ...key, lastUsedAt: now })
    const wrong = [
      '',
      'kurir_',
      `${token}x`,
      token.slice(0, -1),
      token.replace(key.id, other.key.id),
      token.replace(key.id, '0'.repeat(16)),
      `${token.slice(0, -43)}${'A'.repeat(43)}`,
      token.toUpperCase(),
      `${token}'; --`,
    ]
    for (const each of wrong) expect(await apiKeys.verify(each)).toBeUndefined()
    expect((await apiKeys.list()).map(({ name }) => name).sort()).toEqual(['bot', 'other'])
    expect(await apiKeys.revoke(other.key.id)).toBe(true)
    expect(await apiKeys.revoke(other.key.id)).toBe(false)
    expect(await apiKeys.verify(other.token)).toBeUndefined()
    now = 2_000_000
    expect(await apiKeys.verify(token)).toBeUndefined()
    expect(await apiKeys.get(key.id)).toMatchObject({ name: 'bot', lastUsedAt: 1_000_000 })
    if (database === 'postgres') return
    await store.close()
    const file = await readFile(place.file ?? '', 'latin1')
    expect(file).not.toContain(token.slice(-43))
  })

  it('note their use once a minute', async () => {
    let now = 1_000_000
    const store = await stores.open({ ...(await stores.place()), clock: () => now })
    const { token, key } = await store.apiKeys.create({ name: 'bot', scopes: [] })
    const usedAt = async () => (await store.apiKeys.get(key.id))?.lastUsedAt
    await store.apiKeys.verify(token)
    now += 59_999
    await store.apiKeys.verify(token)
    expect(await usedAt()).toBe(1_000_000)
    now += 1
    await store.apiKeys.verify(token)
    expect(await usedAt()).toBe(1_060_000)
  })
})
