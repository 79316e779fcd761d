import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Phone } from '@kurir/simulator'
import type { World } from './world.js'

const DEADLINE_MS = 30_000

/** A program of `examples/` in a process of its own, linked to a phone of the world. */
export class RunningExample {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #folder = mkdtempSync(join(tmpdir(), 'kurir-example-'))
  readonly #waiting = new Set<() => void>()
  #end: string | undefined

  constructor(name: string, { service }: World, environment: Readonly<Record<string, string>> = {}) {
    const program = fileURLToPath(new URL(`../../../examples/${name}.ts`, import.meta.url))
    const { plainOrigin } = service.media
    this.#child = spawn(process.execPath, ['--conditions=kurir-source', '--import', 'tsx', program], {
      env: {
        ...process.env,
        KURIR_AUTH_FOLDER: this.#folder,
        KURIR_SIMULATOR_URL: service.url,
        KURIR_SIMULATOR_ROOT: Buffer.from(service.noiseRoot.publicKey).toString('base64'),
        KURIR_SIMULATOR_MEDIA: `${plainOrigin},http://localhost:${new URL(plainOrigin).port}`,
        ...environment,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', line => this.#take(line))
    }
    this.#child.once('exit', code => {
      this.#end = `ended with ${code}`
      this.#wake()
    })
  }

  /** Scans the QR that it draws, and waits until it is connected. */
  async link(phone: Phone): Promise<this> {
    await phone.scan(await this.line(line => line.startsWith('https://wa.me/')))
    await this.line(line => line.includes('connected as'))
    return this
  }

  /** The first line that fits, now or later. */
  line(fits: (line: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = this.lines.find(fits)
        if (found === undefined && this.#end === undefined) return
        this.#waiting.delete(check)
        clearTimeout(deadline)
        if (found === undefined) reject(new Error(`the example ${this.#end}:\n${this.lines.join('\n')}`))
        else resolve(found)
      }
      const deadline = setTimeout(() => {
        this.#waiting.delete(check)
        reject(new Error(`no such line:\n${this.lines.join('\n')}`))
      }, DEADLINE_MS)
      this.#waiting.add(check)
      check()
    })
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  async stop(): Promise<void> {
    if (this.#end === undefined) {
      const ended = new Promise(resolve => this.#child.once('exit', resolve))
      this.#child.kill('SIGKILL')
      await ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #take(line: string): void {
    this.lines.push(line)
    this.#wake()
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check()
  }
}
