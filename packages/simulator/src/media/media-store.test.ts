import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../random.js'
import { MediaStore } from './media-store.js'

const kind = { type: 'image', encrypted: true, newsletter: false } as const

describe('the files of the media host', () => {
  it('are gone when it closes, and an upload under way says so', async () => {
    const store = new MediaStore(new SeededRandom('files'), () => 1_700_000_000)
    const stored = await store.put(kind, once(Buffer.from('kept')))
    expect(store.find(stored.directPath)).toEqual(stored)
    async function* interrupted() {
      yield Buffer.from('first')
      await store.close()
      yield Buffer.from('second')
    }
    await expect(store.put(kind, interrupted())).rejects.toMatchObject({ code: 'media-host-closed' })
    await expect(store.put(kind, once(Buffer.of(1)))).rejects.toMatchObject({ code: 'media-host-closed' })
    expect(store.all).toEqual([])
  })

  it('that come at the same time are not mixed', async () => {
    const store = new MediaStore(new SeededRandom('files'), () => 1_700_000_000)
    const contents = ['first', 'second', 'third']
    const stored = await Promise.all(contents.map(text => store.put(kind, once(Buffer.from(text)))))
    const read = stored.map(media => textOf(store.read(media)))
    expect(await Promise.all(read)).toEqual(contents)
    await store.close()
  })

  it('keep what the source of an upload says went wrong', async () => {
    const store = new MediaStore(new SeededRandom('files'), () => 1_700_000_000)
    const broken: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('the disk is gone')) }),
    }
    await expect(store.put(kind, broken)).rejects.toThrow('the disk is gone')
    await store.close()
  })
})

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

async function* once(bytes: Uint8Array) {
  yield bytes
}
