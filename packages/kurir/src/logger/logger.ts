/** The logging interface the library writes to: pino's, reduced to what is used. Any pino logger fits. */
export interface ILogger {
  level: string
  child(bindings: Record<string, unknown>): ILogger
  trace(fields: unknown, message?: string): void
  debug(fields: unknown, message?: string): void
  info(fields: unknown, message?: string): void
  warn(fields: unknown, message?: string): void
  error(fields: unknown, message?: string): void
}

/** A logger that writes nothing. */
export const silentLogger: ILogger = {
  level: 'silent',
  child: () => silentLogger,
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}
