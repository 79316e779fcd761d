import { type ILogger, KurirError } from 'kurir'

/** A warning or an error that the library logged. */
export interface LogEntry {
  readonly level: 'warn' | 'error'
  readonly message: string
  /** Code of the error that was logged with it. */
  readonly code: string | undefined
  readonly fields: Readonly<Record<string, unknown>>
}

/** Keeps warnings and errors, so that a test can see that nothing failed in silence, and why. */
export class RecordingLogger implements ILogger {
  level = 'warn'
  readonly entries: LogEntry[] = []
  readonly #onEntry: () => void

  constructor(onEntry: () => void = () => {}) {
    this.#onEntry = onEntry
  }

  child(): ILogger {
    return this
  }

  trace(): void {}
  debug(): void {}
  info(): void {}

  warn(fields: unknown, message?: string): void {
    this.#add('warn', fields, message)
  }

  error(fields: unknown, message?: string): void {
    this.#add('error', fields, message)
  }

  #add(level: LogEntry['level'], given: unknown, message = ''): void {
    const fields = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {}
    const error = fields['err'] ?? fields['error']
    this.entries.push({ level, message, fields, code: KurirError.is(error) ? error.code : undefined })
    this.#onEntry()
  }
}
