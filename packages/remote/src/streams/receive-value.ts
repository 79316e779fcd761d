import { KurirError } from 'kurir/errors'
import { decodeValue } from '../wire/values.js'
import { collect } from './incoming-stream.js'
import type { StreamTable } from './stream-table.js'

/** Told of every piece that comes; throws when there is no room for it. */
export type NoteBytes = (bytes: number) => void

/**
 * Decodes a value whose long rows of bytes and files travel beside it: bytes are waited for, files come as readables.
 *
 * @throws KurirError `malformed-frame` (400), `payload-too-large` (413), and what the sender of a stream reports
 */
export async function receiveValue(
  text: string,
  streams: StreamTable,
  maxBytes: number,
  noteBytes: NoteBytes = () => {},
): Promise<unknown> {
  const wanted = new Set<number>()
  const first = decodeValue(text, {
    stream: (id, kind) => {
      if (wanted.has(id)) throw new KurirError('malformed-frame', 'A stream stands in two places', { statusCode: 400 })
      wanted.add(id)
      if (kind === 'readable') wanted.delete(id)
      return undefined
    },
  })
  if (wanted.size === 0 && !text.includes('"$stream"')) return first
  const buffers = new Map<number, Buffer>()
  let left = maxBytes
  for (const id of wanted) {
    const buffer = await collect(streams.accept(id), left, noteBytes)
    left -= buffer.byteLength
    buffers.set(id, buffer)
  }
  return decodeValue(text, { stream: id => buffers.get(id) ?? streams.accept(id) })
}
