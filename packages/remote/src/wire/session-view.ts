import type { ConnectionState } from 'kurir'

/** How a session is, as programs see it. */
export interface SessionView {
  readonly connection: 'open' | 'connecting' | 'close'
  /** The state of the gateway's supervisor, such as `waiting`, and since when (unix milliseconds). */
  readonly state: string
  readonly since: number
  /** Why it is not connected and what to do, for people; empty while it is open. */
  readonly explanation: string
  readonly qr?: string | undefined
  /** The members of the credentials that are no secrets; see `publicCredentials`. */
  readonly credentials: Readonly<Record<string, unknown>>
  /** Why the last connection ended. */
  readonly error?: unknown
}

/** What `connection.update` says of a change; undefined when nothing that it tells has changed. */
export function connectionUpdateOf(
  before: SessionView | undefined,
  { connection, qr, error, since }: SessionView,
): Partial<ConnectionState> | undefined {
  if (before?.connection === connection && before.qr === qr) return undefined
  return {
    connection,
    ...(before?.qr !== qr && { qr }),
    ...(connection === 'close' && {
      lastDisconnect: { error: error instanceof Error ? error : undefined, date: new Date(since) },
    }),
  }
}
