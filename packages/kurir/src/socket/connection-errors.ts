import type { BinaryNode } from '../binary/node.js'
import { KurirError } from '../errors/kurir-error.js'

/** Why a connection ended: `code` says it for programs, `output.statusCode` as Baileys' `DisconnectReason`. */
export class ConnectionError extends KurirError {
  override readonly name = 'ConnectionError'
}

/** Status codes after which an account has to log in anew, as Baileys lists them. */
export const UNAUTHORIZED_CODES: readonly number[] = [401, 403, 419]

export const connectionClosed = (message = 'Connection Closed', data?: unknown, cause?: unknown): ConnectionError =>
  new ConnectionError('connection-closed', message, { statusCode: 428, retryable: true, data, cause })

export const connectionLost = (message = 'Connection was lost', data?: unknown): ConnectionError =>
  new ConnectionError('connection-lost', message, { statusCode: 408, retryable: true, data })

/** A wait that ran out. `stage` names what was waited for. */
export const timedOut = (stage: string, milliseconds: number, data: object = {}): KurirError =>
  new KurirError('timed-out', 'Timed Out', { statusCode: 408, retryable: true, data: { stage, milliseconds, ...data } })

export const intentionalLogout = (message = 'Intentional Logout'): ConnectionError =>
  new ConnectionError('logged-out', message, { statusCode: 401 })

/**
 * The error that a failed WebSocket stands for: an HTTP status of 400 or more as it is, network errors 408, the rest
 * 500 (docs/protocol/01, endpoint and HTTP upgrade).
 */
export const webSocketError = (error: Error): ConnectionError =>
  new ConnectionError('web-socket-failed', `WebSocket Error (${error.message})`, {
    statusCode: getCodeFromWSError(error),
    retryable: true,
    data: error,
    cause: error,
  })

const UPGRADE_REFUSED = /Unexpected server response: (\d+)/

export const getCodeFromWSError = (error: Error): number => {
  const status = Number(UPGRADE_REFUSED.exec(error.message)?.[1])
  if (status >= 400) return status
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return code.startsWith('E') || error.message.includes('timed out') ? 408 : 500
}

/** Baileys' reading of a `<stream:error>`: reason text and status code. */
export const getErrorCodeFromStreamError = (node: BinaryNode): { reason: string; statusCode: number } => {
  const first = firstChild(node)
  const reason = first?.tag ?? 'unknown'
  const statusCode = Number(node.attrs['code']) || (reason === 'conflict' ? 440 : 500)
  return { reason: statusCode === 515 ? 'restart required' : reason, statusCode }
}

const firstChild = (node: BinaryNode): BinaryNode | undefined =>
  Array.isArray(node.content) ? node.content[0] : undefined

/**
 * Maps a `<stream:error>` to the error the connection ends with (docs/protocol/01, stream:error, the column **Kurir**):
 * a removed device is logged out also where the server leaves the code away, a replaced one is 440 and must not
 * reconnect by itself.
 */
export const streamError = (node: BinaryNode): ConnectionError => {
  const { reason, statusCode } = getErrorCodeFromStreamError(node)
  const data = firstChild(node) ?? node
  const conflict = reason === 'conflict' ? firstChild(node)?.attrs['type'] : undefined
  const message = `Stream Errored (${reason})`
  if (conflict === 'replaced') return new ConnectionError('connection-replaced', message, { statusCode: 440, data })
  if (conflict === 'device_removed' || statusCode === 401 || statusCode === 516) {
    return new ConnectionError('logged-out', message, { statusCode: 401, data })
  }
  if (conflict !== undefined) return new ConnectionError('stream-conflict', message, { statusCode: 440, data })
  if (statusCode === 515) return new ConnectionError('restart-required', message, { statusCode, retryable: true, data })
  if (statusCode === 409) return new ConnectionError('connection-replaced', message, { statusCode, data })
  return new ConnectionError('stream-error', message, { statusCode, retryable: true, data })
}

const RETRYABLE_FAILURES = new Set([500, 503])
const FAILURE_CODES: Readonly<Record<number, string>> = {
  401: 'logged-out',
  402: 'temporarily-banned',
  403: 'account-locked',
  405: 'client-outdated',
  406: 'logged-out',
  409: 'bad-user-agent',
  503: 'service-unavailable',
}

/** Maps `<failure reason=…>`, the refusal of a login, to the error the connection ends with (docs/protocol/01). */
export const loginFailure = (node: BinaryNode): ConnectionError => {
  const statusCode = Number(node.attrs['reason']) || 500
  const text = [node.attrs['logout_message_header'], node.attrs['logout_message_subtext']].filter(Boolean).join(': ')
  return new ConnectionError(FAILURE_CODES[statusCode] ?? 'login-failed', text || 'Connection Failure', {
    statusCode,
    retryable: RETRYABLE_FAILURES.has(statusCode),
    data: node.attrs,
  })
}
