import type { ILogger } from '../../logger/logger.js'

export interface LogLine {
  readonly level: 'debug' | 'warn' | 'error'
  readonly fields: unknown
  readonly message: string | undefined
}

/** A logger whose lines a test can read. */
export const recordingLogger = (): { logger: ILogger; lines: LogLine[] } => {
  const lines: LogLine[] = []
  const note = (level: LogLine['level']) => (fields: unknown, message?: string) => {
    lines.push({ level, fields, message })
  }
  const logger: ILogger = {
    level: 'debug',
    child: () => logger,
    trace: () => {},
    info: () => {},
    debug: note('debug'),
    warn: note('warn'),
    error: note('error'),
  }
  return { logger, lines }
}
