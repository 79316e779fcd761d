import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { ServerRefusal } from '../binary/server-refusal.js'
import { buildJoinByCode } from './group-invites.js'
import { type GroupRefusal, groupRefusalOf, groupRefusalReason } from './group-refusal.js'
import { buildSubjectChange } from './group-settings.js'

const answerOf = (attrs: BinaryNode['attrs'], ...content: BinaryNode[]): BinaryNode => ({
  tag: 'iq',
  attrs: { type: 'error' },
  content: [{ tag: 'error', attrs, content }],
})

const refusalOf = (request: BinaryNode, answer: BinaryNode): GroupRefusal =>
  groupRefusalOf(request, new ServerRefusal({ tag: 'error', attrs: {} }, answer))

describe('GroupRefusal (docs/protocol/05 §1.2)', () => {
  it('says what was asked of whom, and which part was refused', () => {
    const answer = answerOf({ code: '406', text: 'not-acceptable' }, { tag: 'field', attrs: { name: 'subject' } })
    const refusal = refusalOf(buildSubjectChange('1@g.us', 'x'), answer)
    expect(refusal).toMatchObject({
      code: 'server-refused',
      reason: 'not-acceptable',
      group: '1@g.us',
      operation: 'subject',
      field: 'subject',
      data: 406,
      message: 'not-acceptable',
    })
    expect(refusal.output.statusCode).toBe(406)
  })

  it('tells until when nobody can join, and how long to wait', () => {
    const locked = { tag: 'growth_locked', attrs: { type: 'invite', expiration: '1700000000' } }
    const refusal = refusalOf(buildJoinByCode('code'), answerOf({ code: '436', backoff: '30' }, locked))
    expect(refusal).toMatchObject({ reason: 'growth-locked', lockedUntil: 1_700_000_000, backoffSeconds: 30 })
    expect(refusal.group).toBeUndefined()
  })

  it('knows numbers without a name', () => {
    expect(['200', undefined, '503', '599', '418', 'x'].map(groupRefusalReason)).toEqual([
      undefined,
      undefined,
      'service-error',
      'service-error',
      'other',
      'other',
    ])
  })
})
