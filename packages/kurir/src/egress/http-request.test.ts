import { createServer, Agent as HttpAgent, type Server } from 'node:http'
import type { Agent } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EgressRequest, readAnswer, send } from './http-request.js'

let server: Server
let origin = ''
const seen: { method: string; body: string; headers: NodeJS.Dict<string | string[]> }[] = []
beforeEach(async () => {
  seen.length = 0
  server = createServer(async (incoming, response) => {
    let body = ''
    for await (const chunk of incoming) body += String(chunk)
    seen.push({ method: incoming.method ?? '', body, headers: incoming.headers })
    if (incoming.url === '/moved') response.writeHead(307, { location: '/' }).end()
    else if (incoming.url === '/cut')
      response.writeHead(200, { 'content-length': 9 }).write('cut', () => response.destroy())
    else response.end('answer')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  return new Promise(resolve => server.close(resolve))
})

/** What `fetch` uses, with a count of the requests that came through. */
function countingDispatcher() {
  const counted = {
    requests: 0,
    dispatch(...given: unknown[]): boolean {
      counted.requests += 1
      // Set when `fetch` is loaded.
      const usual = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1')) as typeof counted
      return usual.dispatch(...given)
    },
  }
  return counted
}

/** An agent that counts: a proxy would connect elsewhere. */
function countingAgent() {
  const agent = new HttpAgent()
  const counted = { requests: 0, agent: agent as unknown as Agent }
  const { createConnection } = agent as unknown as { createConnection: (...given: unknown[]) => unknown }
  Object.assign(agent, {
    createConnection: (...given: unknown[]) => {
      counted.requests += 1
      return createConnection.apply(agent, given)
    },
  })
  return counted
}

const anything: EgressRequest = { check: () => {}, allowPrivateAddresses: true }
const upload: EgressRequest = {
  ...anything,
  method: 'POST',
  headers: { 'X-Own': 'yes' },
  body: { length: 5, open: () => Readable.from([Buffer.from('hel'), Buffer.from('lo')]) },
}

async function text(path: string, request: EgressRequest): Promise<string> {
  return String(await readAnswer(await send(new URL(path, origin), request), 100))
}

describe.each(['directly', 'through an agent', 'through a dispatcher'] as const)('requests %s', way => {
  const dispatcher = way === 'through a dispatcher' ? countingDispatcher() : undefined
  const agent = way === 'through an agent' ? countingAgent() : undefined
  const over = (request: EgressRequest): EgressRequest => ({
    ...request,
    agent: agent?.agent,
    options: { headers: { 'x-option': '1' }, ...(dispatcher && { dispatcher }) } as object,
  })

  it('send bodies and headers, again after a redirect', async () => {
    expect(await text('/moved', over(upload))).toBe('answer')
    expect(seen.map(({ method, body }) => [method, body])).toEqual([
      ['POST', 'hello'],
      ['POST', 'hello'],
    ])
    expect(seen[0]?.headers).toMatchObject({
      'x-own': 'yes',
      'x-option': '1',
      'content-length': '5',
      'accept-encoding': 'identity',
    })
  })

  it('fail with typed errors', async () => {
    await expect(text('/cut', over(anything))).rejects.toMatchObject({ code: 'http-failed', retryable: true })
    const signal = AbortSignal.abort()
    await expect(text('/', over({ ...anything, signal }))).rejects.toMatchObject({ code: 'aborted' })
    await expect(readAnswer(await send(new URL(origin), over(anything)), 3)).rejects.toMatchObject({
      code: 'answer-too-large',
    })
  })

  it('do not go around it', () => {
    if (dispatcher !== undefined) expect(dispatcher.requests).toBeGreaterThan(2)
    if (agent !== undefined) expect(agent.requests).toBeGreaterThan(1)
  })
})

describe('refusals', () => {
  it('of the caller hold for every redirect', async () => {
    const asked: string[] = []
    const check = ({ pathname }: URL) => {
      asked.push(pathname)
      if (pathname === '/') throw new Error('not there')
    }
    await expect(text('/moved', { ...anything, check })).rejects.toThrow('not there')
    expect(asked).toEqual(['/moved', '/'])
  })

  it('of private addresses come before anything is sent', async () => {
    const request = { ...anything, allowPrivateAddresses: false }
    await expect(text('/', request)).rejects.toMatchObject({ code: 'private-address-refused' })
    const named = new URL(origin.replace('127.0.0.1', 'localhost'))
    await expect(send(named, request)).rejects.toMatchObject({ code: 'private-address-refused' })
    expect(seen).toEqual([])
  })
})
