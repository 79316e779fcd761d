import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Content that has been read to its end and can be read again. */
export interface Spooled {
  read(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** Removes what was put aside. */
  dispose(): Promise<void>
}

/** Content up to this length stays in memory. */
const spoolMemoryLimit = 8 * 1_048_576

/**
 * Takes a stream to its end before anything of it is used: what can only be checked at its end is believed then or never.
 * Long content waits in a temporary file, encrypted with a key that only this process has, so that neither memory nor
 * disk hold it readable.
 *
 * @throws what the stream throws; nothing is left behind then
 */
export async function spool(source: AsyncIterable<Uint8Array>, memoryLimit = spoolMemoryLimit): Promise<Spooled> {
  const inMemory: Uint8Array[] = []
  let length = 0
  let file: SpoolFile | undefined
  try {
    for await (const chunk of source) {
      length += chunk.byteLength
      if (file === undefined && length <= memoryLimit) {
        inMemory.push(chunk)
        continue
      }
      if (file === undefined) {
        file = await SpoolFile.create()
        for (const earlier of inMemory.splice(0)) await file.write(earlier)
      }
      await file.write(chunk)
    }
    await file?.finish()
  } catch (error) {
    await file?.dispose()
    throw error
  }
  return file ?? { read: () => inMemory, dispose: async () => {} }
}

class SpoolFile implements Spooled {
  readonly #folder: string
  readonly #path: string
  readonly #file: FileHandle
  readonly #key = randomBytes(32)
  readonly #iv = randomBytes(16)
  readonly #cipher = createCipheriv('aes-256-ctr', this.#key, this.#iv)
  #isOpen = true

  private constructor(folder: string, path: string, file: FileHandle) {
    this.#folder = folder
    this.#path = path
    this.#file = file
  }

  static async create(): Promise<SpoolFile> {
    const folder = await mkdtemp(join(tmpdir(), 'kurir-history-'))
    const path = join(folder, 'content')
    return new SpoolFile(folder, path, await open(path, 'wx', 0o600))
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#file.writeFile(this.#cipher.update(chunk))
  }

  async finish(): Promise<void> {
    if (this.#isOpen) await this.#file.close()
    this.#isOpen = false
  }

  async *read(): AsyncGenerator<Uint8Array, void, void> {
    const decipher = createDecipheriv('aes-256-ctr', this.#key, this.#iv)
    const stream: AsyncIterable<Buffer> = createReadStream(this.#path)
    for await (const chunk of stream) yield decipher.update(chunk)
  }

  async dispose(): Promise<void> {
    await this.finish().catch(() => {})
    await rm(this.#folder, { recursive: true, force: true })
  }
}
