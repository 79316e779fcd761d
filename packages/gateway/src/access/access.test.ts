import type { ApiKey } from '@kurir/store'
import { describe, expect, it } from 'vitest'
import { checkScopes, demand, Gatekeeper } from './access.js'

/** One key that is known. */
const keys = {
  verify: async (token: string) =>
    token === 'known'
      ? ({ id: 'bot', scopes: ['main:read', 'main:send', 'other:*', 'nonsense'] } as unknown as ApiKey)
      : undefined,
}

describe('access', () => {
  it('is what is written, and nothing else', async () => {
    const access = await new Gatekeeper(keys, undefined).admit('known')
    expect(access.verbsOn('main')).toEqual(['read', 'send'])
    expect(access.verbsOn('other')).toEqual(['read', 'send', 'manage', 'admin'])
    expect(access.verbsOn('third')).toEqual([])
    expect(() => demand(access.verbsOn('main'), 'admin', 'logout')).toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    )
  })

  it('of the configured token is everything', async () => {
    const keeper = new Gatekeeper(keys, 'secret')
    expect((await keeper.admit('secret')).verbsOn('any')).toEqual(['read', 'send', 'manage', 'admin'])
  })

  it.each(['', 'wrong', 'secret ', 'Secret'])('is refused for the token %j', async token => {
    const keeper = new Gatekeeper(keys, 'secret')
    await expect(keeper.admit(token)).rejects.toMatchObject({ code: 'unauthorized', output: { statusCode: 401 } })
  })

  it.each([['main:write'], ['main'], ['a b:read'], [':read'], ['main:read:more']])('the scope %s is none', scope => {
    expect(() => checkScopes([scope])).toThrow(expect.objectContaining({ code: 'invalid-scope' }))
  })

  it('scopes may name all sessions or all verbs', () => {
    expect(() => checkScopes(['*:read', 'main:*', '*:*'])).not.toThrow()
  })
})
