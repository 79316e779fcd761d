import { describe, expect, it } from 'vitest'
import { clientEnvironment, gatewayEnvironment, serviceEnvironment, storeEnvironment } from './environment.js'

describe('the environment', () => {
  it('has defaults for everything', () => {
    expect(clientEnvironment({})).toEqual({
      mode: 'direct',
      url: 'http://127.0.0.1:8765',
      token: undefined,
      session: 'main',
    })
    expect(gatewayEnvironment({})).toEqual({
      host: '127.0.0.1',
      port: 8765,
      token: undefined,
      sessions: ['main'],
      logLevel: 'warn',
    })
    expect(storeEnvironment({})).toMatchObject({ folder: '.kurir', url: undefined })
    expect(serviceEnvironment({})).toEqual({})
  })

  it('chooses the mode by its own names first, and understands customary ones', () => {
    expect(clientEnvironment({ USE_SOCKET_MODE: 'true', SOCKET_HOST: 'box', SOCKET_PORT: '99' })).toMatchObject({
      mode: 'socket',
      url: 'http://box:99',
    })
    expect(clientEnvironment({ USE_SOCKET_MODE: 'false' }).mode).toBe('direct')
    expect(clientEnvironment({ USE_SOCKET_MODE: 'true', KURIR_MODE: 'direct' }).mode).toBe('direct')
    expect(clientEnvironment({ KURIR_MODE: 'socket', KURIR_URL: 'http://a:1', SOCKET_PORT: '2' }).url).toBe(
      'http://a:1',
    )
    expect(gatewayEnvironment({ KURIR_PORT: '0', KURIR_SESSIONS: 'a, b,' })).toMatchObject({
      port: 0,
      sessions: ['a', 'b'],
    })
  })

  it.each([
    ['KURIR_MODE', () => clientEnvironment({ KURIR_MODE: 'remote' })],
    ['SOCKET_PORT', () => clientEnvironment({ SOCKET_PORT: 'http' })],
    ['KURIR_PORT', () => gatewayEnvironment({ KURIR_PORT: '70000' })],
  ])('says what is wrong with %s', (field, read) => {
    expect(read).toThrow(expect.objectContaining({ code: 'invalid-config', data: { field } }))
  })
})
