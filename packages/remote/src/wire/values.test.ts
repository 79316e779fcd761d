import fc from 'fast-check'
import { KurirError } from 'kurir/errors'
import { Long } from 'kurir/proto'
import { describe, expect, it } from 'vitest'
import { decodeValue, encodeValue } from './values.js'

const roundTrip = (value: unknown) => decodeValue(encodeValue(value))

function code(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (KurirError.is(error)) return error.code
    throw error
  }
  return 'nothing was thrown'
}

describe('values', () => {
  it.each([
    ['bytes', Buffer.from([0, 255, 7])],
    ['a date', new Date(1_700_000_000_123)],
    ['a large integer', 2n ** 80n],
    [
      'a map',
      new Map<unknown, unknown>([
        ['a', new Date(1)],
        [2, Buffer.from('x')],
      ]),
    ],
    ['a set', new Set([1, 'two'])],
    ['a URL', new URL('https://example.org/a?b=c')],
    ['what is not there', { qr: undefined, list: [undefined, null] }],
    ['odd numbers', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]],
    ['objects that look like marks', { $bytes: 'x', $unknown: { $date: 1 } }],
    ['the top', undefined],
  ])('carry %s', (_, value) => {
    expect(roundTrip(value)).toEqual(value)
  })

  it('carry 64-bit integers', () => {
    const value = roundTrip({ a: Long.fromString('18446744073709551615', true), b: Long.fromNumber(-5) })
    expect(value).toEqual({ a: Long.fromString('18446744073709551615', true), b: Long.fromNumber(-5) })
  })

  it('carry any value that JSON has', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        // A member of this name would set the prototype where it is read.
        fc.pre(!JSON.stringify(value).includes('"__proto__"'))
        expect(roundTrip(value)).toEqual(value)
      }),
    )
  })

  it('leave out what would set a prototype, and nothing beside it', () => {
    const value: unknown = JSON.parse('{"__proto__": {"a": 1}, "$bytes": "x", "other": {"__proto__": 2, "b": 3}}')
    expect(roundTrip(value)).toEqual({ $bytes: 'x', other: { b: 3 } })
  })

  it('carry errors with their code, number, data and cause, and without their stack', () => {
    const error = new KurirError('timed-out', 'Timed Out', {
      statusCode: 408,
      retryable: true,
      data: { stage: 'query' },
      cause: new Error('underneath'),
    })
    const text = encodeValue({ error })
    expect(text).not.toContain('values.test')
    const { error: told } = decodeValue(text) as { error: KurirError }
    expect(KurirError.is(told)).toBe(true)
    expect(told).toMatchObject({ code: 'timed-out', message: 'Timed Out', retryable: true, data: { stage: 'query' } })
    expect(told.output.statusCode).toBe(408)
    expect((told.cause as Error).message).toBe('underneath')
  })

  it('refuse what cannot leave the process, and name the place', () => {
    const refusal = () => encodeValue({ content: [{ text: () => 'x' }] })
    expect(refusal).toThrow('content.0.text')
    expect(code(refusal)).toBe('not-serialisable')
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(code(() => encodeValue(circle))).toBe('not-serialisable')
    expect(decodeValue(encodeValue({ condition: () => true, id: 1 }, { dropsFunctions: true }))).toEqual({ id: 1 })
  })

  it('put long rows of bytes beside the text', () => {
    const streams: unknown[] = []
    const text = encodeValue(
      { image: Buffer.alloc(100, 1), thumb: Buffer.alloc(5) },
      {
        maxInlineBytes: 10,
        stream: source => streams.push(source),
      },
    )
    expect(streams).toEqual([Buffer.alloc(100, 1)])
    expect(decodeValue(text, { stream: (id, kind) => [id, kind] })).toEqual({
      image: [1, 'bytes'],
      thumb: Buffer.alloc(5),
    })
    expect(code(() => decodeValue(text))).toBe('malformed-frame')
  })

  it('never do anything but refuse what is malformed', () => {
    const hostile = [
      '',
      '{',
      '{"$long":"x"}',
      '{"$long":"99999999999999999999999999"}',
      '{"$bigint":"1e5"}',
      `{"$bigint":"${'9'.repeat(2000)}"}`,
      '{"$bytes":5}',
      '{"$url":"no url"}',
      '{"$map":[[1]]}',
      '{"$set":{}}',
      '{"$stream":1}',
      '{"$object":[]}',
      '{"$other":1}',
      '['.repeat(1000) + ']'.repeat(1000),
    ]
    for (const text of hostile)
      expect(
        code(() => decodeValue(text)),
        text.slice(0, 40),
      ).toBe('malformed-frame')
    fc.assert(
      fc.property(fc.string(), text => {
        expect(['malformed-frame', 'nothing was thrown']).toContain(code(() => decodeValue(text)))
      }),
    )
  })

  it('do not let a value reach the prototype', () => {
    const value = decodeValue('{"__proto__":{"polluted":true},"a":{"__proto__":{"polluted":true}}}') as object
    expect(value).toEqual({ a: {} })
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})
