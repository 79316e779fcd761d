import { X509Certificate } from 'node:crypto'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { SeededRandom } from '../random.js'
import { makeTlsIdentity } from './tls-certificate.js'

const NOW = Date.UTC(2026, 10, 21)
const HOSTS = ['localhost', '127.0.0.1', '::1']

const make = (seed = 'tls', now = NOW) => makeTlsIdentity(new SeededRandom(seed), HOSTS, now)

describe('the certificate of the media host', () => {
  const closing: (() => void)[] = []
  afterEach(() => {
    for (const close of closing.splice(0)) close()
  })

  it('names its hosts and is signed by its authority', () => {
    const identity = make()
    const [server, authority] = [new X509Certificate(identity.certificate), new X509Certificate(identity.authority)]
    expect(authority.ca).toBe(true)
    expect(server.ca).toBe(false)
    expect(server.verify(authority.publicKey)).toBe(true)
    expect(authority.verify(authority.publicKey)).toBe(true)
    expect(server.checkIssued(authority)).toBe(true)
    expect(server.checkHost('localhost')).toBe('localhost')
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(server.checkIP('::1')).toBe('::1')
    expect(server.checkHost('mmg.whatsapp.net')).toBeUndefined()
    expect(new Date(server.validFrom).getTime()).toBe(NOW - 86_400_000)
    expect(new Date(server.validTo).getTime()).toBe(NOW + 397 * 86_400_000)
  })

  it('is the same for the same seed in all but the signature', () => {
    expect(new X509Certificate(make().certificate).serialNumber).toBe(
      new X509Certificate(make().certificate).serialNumber,
    )
    expect(make().key).toBe(make().key)
    expect(make('another').key).not.toBe(make().key)
  })

  it('writes years from 2050 on with four digits', () => {
    const { certificate } = make('tls', Date.UTC(2051, 0, 2))
    expect(new Date(new X509Certificate(certificate).validFrom).getTime()).toBe(Date.UTC(2051, 0, 1))
  })

  it.each(['localhost', '127.0.0.1'])('is accepted by a client that trusts the authority: %s', async host => {
    const identity = make('handshake', Date.now())
    const server = createServer({ key: identity.key, cert: identity.certificate }, (_, response) => response.end('ok'))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
    closing.push(() => server.close())
    const { port } = server.address() as AddressInfo
    const ask = (ca: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        get({ host, port, ca }, response => resolve(response.resume().statusCode)).on('error', reject)
      })
    expect(await ask(identity.authority)).toBe(200)
    await expect(ask(make('foreign', Date.now()).authority)).rejects.toThrow()
  })
})
