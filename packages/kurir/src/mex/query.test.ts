import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { buildMexQuery, MexError, type MexQuery, parseMexAnswer } from './query.js'

const query: MexQuery = { documentId: '4242', root: 'xwa2_fetch_a_thing', variables: { input: { key: 'a' } } }

const answer = (content: string | undefined): BinaryNode => ({
  tag: 'iq',
  attrs: { type: 'result', id: '1' },
  ...(content === undefined ? {} : { content: [{ tag: 'result', attrs: {}, content: Buffer.from(content) }] }),
})

/** The error that reading this answer throws. */
function errorOf(content: string | undefined): MexError {
  try {
    parseMexAnswer(answer(content), query)
  } catch (error) {
    if (error instanceof MexError) return error
    throw error
  }
  throw new Error('was read')
}

describe('a MEX query (docs/protocol/05 §4.1)', () => {
  it('names the document and carries its variables as JSON', () => {
    expect(buildMexQuery(query)).toEqual({
      tag: 'iq',
      attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:mex' },
      content: [
        { tag: 'query', attrs: { query_id: '4242' }, content: Buffer.from('{"variables":{"input":{"key":"a"}}}') },
      ],
    })
  })

  it('gives the member that was asked for, null included', () => {
    expect(parseMexAnswer(answer('{"data":{"xwa2_fetch_a_thing":{"name":"x"}}}'), query)).toEqual({ name: 'x' })
    expect(parseMexAnswer(answer('{"data":{"xwa2_fetch_a_thing":null}}'), query)).toBeNull()
  })

  it('rejects with the code and the first error when the service refuses', () => {
    const first = { message: 'no such thing', extensions: { error_code: 404, is_retryable: false } }
    const error = errorOf(JSON.stringify({ data: null, errors: [first, { message: 'and more' }] }))
    expect(error).toMatchObject({
      code: 'mex-refused',
      message: 'GraphQL server error: no such thing, and more',
      retryable: false,
      data: first,
      output: { statusCode: 404 },
    })
  })

  it('takes 400 for an error without a code, and says when trying again may help', () => {
    expect(errorOf('{"errors":[{}]}')).toMatchObject({ code: 'mex-refused', output: { statusCode: 400 } })
    const busy = { message: 'busy', extensions: { error_code: 500, is_retryable: true } }
    expect(errorOf(JSON.stringify({ errors: [busy] }))).toMatchObject({ retryable: true, output: { statusCode: 500 } })
  })

  it.each([
    ['no result', undefined],
    ['no JSON', '<html>'],
    ['a list', '[]'],
    ['a number', '1'],
    ['no data', '{"data":null}'],
    ['another member', '{"data":{"xwa2_other":{}}}'],
    ['a text of megabytes', `{"data":{"xwa2_fetch_a_thing":"${'x'.repeat(5_000_000)}"}}`],
  ])('refuses %s', (_, content) => {
    expect(errorOf(content)).toMatchObject({
      code: 'mex-unexpected-answer',
      message: 'Failed to fetch a thing, unexpected response structure.',
      output: { statusCode: 400 },
    })
  })
})
