import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Simulator } from '@kurir/simulator'

const bot = fileURLToPath(new URL('./bot.mjs', import.meta.url))

/** What the bot wrote about itself. */
export type JournalLine =
  | { readonly kind: 'start' | 'open' | 'caught-up' }
  | { readonly kind: 'in'; readonly id: string; readonly redelivered: number; readonly text: string }
  | { readonly kind: 'out'; readonly id: string; readonly text: string }
  | { readonly kind: 'unreadable' | 'refused'; readonly what: string }

/** The bot, process after process. */
export class BotProcess {
  readonly #arguments: readonly string[]
  readonly #journal: string
  #child: ChildProcess | undefined

  constructor(service: Simulator, folder: string, journal: string) {
    const root = JSON.stringify(service.noiseRoot, (_, value) =>
      value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value,
    )
    this.#journal = journal
    writeFileSync(journal, '')
    this.#arguments = [bot, folder, journal, service.url, root]
  }

  start(): void {
    this.#child = spawn(process.execPath, this.#arguments, { stdio: ['ignore', 'ignore', 'inherit'] })
  }

  /** Resolves when the process is gone. @throws when it had ended before */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child) return
    if (child.exitCode !== null) throw new Error(`the bot ended by itself with ${child.exitCode}`)
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    this.#child = undefined
  }

  /** Everything that was written so far, by all processes. */
  read(): JournalLine[] {
    const lines = readFileSync(this.#journal, 'utf8').split('\n')
    return lines.flatMap((line): JournalLine[] => {
      const [kind, first = '', second = '', third = ''] = line.split('\t')
      switch (kind) {
        case 'start':
        case 'open':
        case 'caught-up':
          return [{ kind }]
        case 'in':
          return [{ kind, id: first, redelivered: Number(second), text: third }]
        case 'out':
          return [{ kind, id: first, text: second }]
        case 'unreadable':
        case 'refused':
          return [{ kind, what: `${first} ${second}` }]
        default:
          return []
      }
    })
  }
}
