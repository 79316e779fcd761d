import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from '../crypto/random.js'

/** A new file in the folder for temporary files, which nobody else may read. */
export class TemporaryFile {
  readonly path: string
  readonly #handle: FileHandle
  /** The one write under way: the next piece is prepared meanwhile. */
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  static async create(purpose: string): Promise<TemporaryFile> {
    const path = join(tmpdir(), `kurir-${purpose}-${randomBytes(12).toString('hex')}`)
    return new TemporaryFile(path, await open(path, 'wx', 0o600))
  }

  /** Appends bytes; resolves when the previous ones are written. The bytes may not be changed until the next call has. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#writing
    this.#writing = this.#writeAll(bytes)
    // Told by the next call.
    this.#writing.catch(() => {})
  }

  /** Waits until everything is written and closes the file. */
  async close(): Promise<void> {
    try {
      await this.#writing
    } finally {
      await this.#handle.close()
    }
  }

  /** Closes the file if it is open, and removes it. Never rejects. */
  async discard(): Promise<void> {
    await this.close().catch(() => {})
    await removeFile(this.path)
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.byteLength > 0; ) {
      const { bytesWritten } = await this.#handle.write(rest)
      rest = rest.subarray(bytesWritten)
    }
  }
}

/** The temporary files of one piece of work. */
export class TemporaryFiles {
  readonly #files: TemporaryFile[] = []

  async create(purpose: string): Promise<TemporaryFile> {
    const file = await TemporaryFile.create(purpose)
    this.#files.push(file)
    return file
  }

  async close(): Promise<void> {
    for (const file of this.#files) await file.close()
  }

  /** Removes all of them. Never rejects. */
  async discard(): Promise<void> {
    await Promise.all(this.#files.map(file => file.discard()))
  }
}

/** Removes a file; one that is gone already is no failure. */
async function removeFile(path: string): Promise<void> {
  await unlink(path).catch(() => {})
}
