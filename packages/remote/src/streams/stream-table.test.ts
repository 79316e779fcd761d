import { Readable } from 'node:stream'
import { KurirError } from 'kurir/errors'
import { describe, expect, it } from 'vitest'
import { wireLimits } from '../wire/limits.js'
import { encodeValue } from '../wire/values.js'
import { collect } from './incoming-stream.js'
import { receiveValue } from './receive-value.js'
import { StreamTable } from './stream-table.js'

/** Two tables that are connected, and the bytes that went from the first to the second. */
function pair(): { left: StreamTable; right: StreamTable; sent: () => number } {
  let bytes = 0
  const left: StreamTable = new StreamTable({
    chunk: frame => {
      bytes += frame.data.byteLength
      right.chunk(frame)
    },
    end: frame => right.end(frame),
    credit: frame => right.credit(frame),
  })
  const right: StreamTable = new StreamTable({
    chunk: frame => left.chunk(frame),
    end: frame => left.end(frame),
    credit: frame => left.credit(frame),
  })
  return { left, right, sent: () => bytes }
}

const file = Buffer.alloc(3_000_000, 'abc')

const encodeOn = (table: StreamTable, value: unknown) => encodeValue(value, { stream: source => table.offer(source) })

describe('streams beside values', () => {
  it('long bytes arrive as a buffer, files as readables', async () => {
    const { left, right } = pair()
    const text = encodeOn(left, {
      image: file,
      video: { stream: Readable.from([file, 'text']) },
      small: Buffer.from('x'),
    })
    const value = (await receiveValue(text, right, 10_000_000)) as {
      image: Buffer
      video: { stream: Readable }
      small: Buffer
    }
    expect(value.image.equals(file)).toBe(true)
    expect((await collect(value.video.stream, 10_000_000)).equals(Buffer.concat([file, Buffer.from('text')]))).toBe(
      true,
    )
    expect(value.small).toEqual(Buffer.from('x'))
  })

  it('nothing is read before it is asked for, and then no more than a window ahead', async () => {
    const { left, right, sent } = pair()
    const incoming = right.accept(left.offer(file))
    expect(sent()).toBe(0)
    const reading = incoming[Symbol.asyncIterator]()
    await reading.next()
    expect(sent()).toBeLessThanOrEqual(2 * wireLimits.streamWindowBytes + wireLimits.chunkBytes)
    await reading.return?.()
  })

  it('the error of the source arrives with the reader', async () => {
    const { left, right } = pair()
    const broken = Readable.from(
      (function* () {
        yield Buffer.from('beginning')
        throw new KurirError('media-unreadable', 'The file cannot be read', { statusCode: 400 })
      })(),
    )
    await expect(collect(right.accept(left.offer(broken)), 1000)).rejects.toMatchObject({ code: 'media-unreadable' })
  })

  it('a reader that has enough ends the source', async () => {
    const { left, right } = pair()
    const source = Readable.from([file])
    await expect(collect(right.accept(left.offer(source)), 1000)).rejects.toMatchObject({ code: 'payload-too-large' })
    await new Promise(resolve => source.once('close', resolve))
    expect(source.destroyed).toBe(true)
  })

  it('an offer that is withdrawn or whose connection is gone lets go of its source', () => {
    const { left } = pair()
    const sources = [Readable.from(['a']), Readable.from(['b'])] as const
    left.withdraw([left.offer(sources[0])])
    left.offer(sources[1])
    left.close(new Error('gone'))
    expect(sources.map(({ destroyed }) => destroyed)).toEqual([true, true])
  })

  it('a sender that does not wait for the reader is cut off', async () => {
    const credits: number[] = []
    const table = new StreamTable({ chunk: () => {}, end: () => {}, credit: ({ bytes }) => credits.push(bytes) })
    const incoming = table.accept(1)
    table.chunk({ stream: 1, data: Buffer.alloc(10) })
    await new Promise(resolve => incoming.once('close', resolve))
    expect(incoming.errored).toMatchObject({ code: 'malformed-frame' })
    expect(credits.at(-1)).toBe(0)
  })

  it('there are so many at a time, each once', () => {
    const table = new StreamTable({ chunk: () => {}, end: () => {}, credit: () => {} }, 2)
    table.accept(1)
    expect(() => table.accept(1)).toThrow(expect.objectContaining({ code: 'malformed-frame' }))
    table.accept(2)
    expect(() => table.accept(3)).toThrow(expect.objectContaining({ code: 'too-many-streams' }))
    table.offer(file)
    table.offer(file)
    expect(() => table.offer(file)).toThrow(expect.objectContaining({ code: 'too-many-streams' }))
  })
})
