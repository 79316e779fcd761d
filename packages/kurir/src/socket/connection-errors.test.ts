import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { getCodeFromWSError, getErrorCodeFromStreamError, loginFailure, streamError } from './connection-errors.js'

const failed = (attrs: BinaryNode['attrs'], ...content: BinaryNode[]): BinaryNode => ({
  tag: 'stream:error',
  attrs,
  content,
})
const conflict = (type: string): BinaryNode => ({ tag: 'conflict', attrs: { type } })

describe('why the stream ended (docs/protocol/01, stream:error, the column Kurir)', () => {
  const cases: [what: string, node: BinaryNode, code: string, status: number, retryable: boolean][] = [
    ['restart after linking', failed({ code: '515' }), 'restart-required', 515, true],
    ['replaced by another connection', failed({}, conflict('replaced')), 'connection-replaced', 440, false],
    ['removed on the phone', failed({ code: '401' }, conflict('device_removed')), 'logged-out', 401, false],
    ['removed, without a code', failed({}, conflict('device_removed')), 'logged-out', 401, false],
    ['logged out', failed({ code: '401' }), 'logged-out', 401, false],
    ['another conflict', failed({}, conflict('unknown')), 'stream-conflict', 440, false],
    ['the service is down', failed({ code: '503' }), 'stream-error', 503, true],
    ['malformed stanza', failed({}, { tag: 'xml-not-well-formed', attrs: {} }), 'stream-error', 500, true],
    ['nothing said', failed({}), 'stream-error', 500, true],
    ['a code that is no number', failed({ code: 'x' }), 'stream-error', 500, true],
  ]
  it.each(cases)('%s', (_what, node, code, statusCode, retryable) => {
    expect(streamError(node)).toMatchObject({ code, output: { statusCode }, retryable })
  })

  it('is told as Baileys tells it', () => {
    expect(getErrorCodeFromStreamError(failed({ code: '515' }))).toEqual({
      reason: 'restart required',
      statusCode: 515,
    })
    expect(getErrorCodeFromStreamError(failed({}, conflict('replaced')))).toEqual({
      reason: 'conflict',
      statusCode: 440,
    })
    expect(getErrorCodeFromStreamError({ tag: 'stream:error', attrs: {} })).toEqual({
      reason: 'unknown',
      statusCode: 500,
    })
  })
})

describe('why a login was refused (docs/protocol/01, failure)', () => {
  const cases: [reason: string | undefined, code: string, status: number, retryable: boolean][] = [
    ['401', 'logged-out', 401, false],
    ['402', 'temporarily-banned', 402, false],
    ['403', 'account-locked', 403, false],
    ['405', 'client-outdated', 405, false],
    ['409', 'bad-user-agent', 409, false],
    ['500', 'login-failed', 500, true],
    ['503', 'service-unavailable', 503, true],
    ['418', 'login-failed', 418, false],
    [undefined, 'login-failed', 500, true],
    ['x', 'login-failed', 500, true],
  ]
  it.each(cases)('%s', (reason, code, statusCode, retryable) => {
    const attrs: BinaryNode['attrs'] = reason === undefined ? {} : { reason }
    expect(loginFailure({ tag: 'failure', attrs })).toMatchObject({ code, output: { statusCode }, retryable })
  })

  it('carries what the service says to the user', () => {
    const attrs = { reason: '401', logout_message_header: 'Logged out', logout_message_subtext: 'Link again' }
    expect(loginFailure({ tag: 'failure', attrs }).message).toBe('Logged out: Link again')
  })
})

describe('failures of the WebSocket', () => {
  it('are a status of HTTP, of the network, or 500', () => {
    expect(getCodeFromWSError(new Error('Unexpected server response: 403'))).toBe(403)
    expect(getCodeFromWSError(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toBe(408)
    expect(getCodeFromWSError(new Error('connect timed out'))).toBe(408)
    expect(getCodeFromWSError(new Error('Unexpected server response: 101'))).toBe(500)
  })
})
