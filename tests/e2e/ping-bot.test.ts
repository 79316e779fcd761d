import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from './support/socket-mode.js'
import { worldForEachTest } from './support/world.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A program of the repository, and what it prints. */
class Program {
  readonly lines: string[] = []
  readonly #child: ChildProcess

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, args, { cwd: root, env: { PATH: process.env['PATH'], ...env } })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', line => this.lines.push(line))
    }
  }

  line(part: string): Promise<string> {
    return until(() => {
      const found = this.lines.find(line => line.includes(part))
      if (found === undefined && this.#child.exitCode !== null) throw new Error(`it ended: ${this.lines.join('\n')}`)
      return found
    }, part)
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit')
      this.#child.kill(signal)
      await gone
    }
    return this.#child.exitCode
  }
}

describe('examples/ping-bot.ts', () => {
  const world = worldForEachTest()
  const programs: Program[] = []
  let folder: string
  let env: Record<string, string>

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kurir-ping-bot-'))
    const { url, noiseRoot } = world().service
    env = {
      KURIR_DATA: folder,
      KURIR_SIMULATOR_URL: url,
      KURIR_SIMULATOR_ROOT: Buffer.from(noiseRoot.publicKey).toString('base64'),
    }
  })
  afterEach(async () => {
    await Promise.all(programs.splice(0).map(program => program.end('SIGKILL')))
    await rm(folder, { recursive: true })
  })

  const run = (args: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const program = new Program(args, { ...env, ...more })
    programs.push(program)
    return program
  }
  const bot = (mode: string, more = {}) =>
    run(['--import', 'tsx', 'examples/ping-bot.ts'], { KURIR_MODE: mode, ...more })
  const gateway = (more = {}) => run(['packages/gateway/bin/kurir-gateway.js'], { KURIR_PORT: '0', ...more })

  it('answers with a connection of its own, and beside a gateway on the same session', async () => {
    const [owner, friend] = [await world().phone('Owner'), await world().phone('Friend')]
    const direct = bot('direct')
    await owner.scan(await direct.line('https://wa.me/'))
    await direct.line('connected as')
    await friend.send(owner.jid, { text: 'ping' })
    const first = await friend.waitForMessage(({ text }) => text === 'pong')
    expect(await direct.end()).toBe(0)

    const served = gateway()
    const url = (await served.line('listening at')).split(' ').at(-1) ?? ''
    await served.line("'main' is connected as")
    // The token is left for programs on the same machine, and for nobody else.
    const token = (await readFile(join(folder, 'gateway-token'), 'utf8')).trim()
    expect(await served.line('gateway: token')).toContain(token)
    expect((await stat(join(folder, 'gateway-token'))).mode & 0o077).toBe(0)
    const remote = bot('socket', { KURIR_URL: url })
    await remote.line('connected as')
    await friend.send(owner.jid, { text: 'ping' })
    await friend.waitForMessage(({ text, id }) => text === 'pong' && id !== first.id)
    expect(await remote.end()).toBe(0)
    expect(await served.end()).toBe(0)

    const again = gateway()
    await again.line("'main' is connected as")
    expect(again.lines.join('\n')).not.toContain(token)
  })

  it('is told what to do: no gateway, a wrong token, a session that is in use, a taken port', async () => {
    const served = gateway({ KURIR_TOKEN: 'the token' })
    const url = (await served.line('listening at')).split(' ').at(-1) ?? ''
    await served.line("'main' is not linked")
    const refused = bot('socket', { KURIR_URL: url, KURIR_TOKEN: 'another token' })
    expect(await refused.line('[unauthorized]')).toContain('mistyped, expired or revoked')
    const taken = bot('direct')
    await taken.line('[auth-state-locked]')
    const second = gateway({ KURIR_PORT: new URL(url).port, KURIR_DATA: join(folder, 'second') })
    expect(await second.line('[port-in-use]')).toContain('KURIR_PORT')
    const mistaken = bot('sideways')
    await mistaken.line("KURIR_MODE is 'direct' or 'socket'")
  })
})
