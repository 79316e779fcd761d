import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, link, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KurirError } from 'kurir/errors'
import type { SeededRandom } from '../random.js'
import type { UploadKind } from './media-path.js'

/** A file on the media host. */
export interface StoredMedia {
  readonly kind: UploadKind
  /** SHA-256 of the file as it was uploaded, base64url without padding. */
  readonly token: string
  readonly length: number
  /** Path and query under which it is downloaded. */
  readonly directPath: string
  /** For channels: what their posts name as `media_id`. */
  readonly handle: string | undefined
  /** HTTP status instead of the file, once it is gone. */
  readonly gone: number | undefined
}

interface Entry extends StoredMedia {
  readonly file: string
  gone: number | undefined
}

/** An upload that may still go on. */
export interface PartialUpload {
  readonly file: string
  /** Bytes that have come. */
  received: number
}

const LIFETIME_SECONDS = 30 * 86_400

/** The files of the media host, in a folder of their own that vanishes with it: memory does not grow with them. */
export class MediaStore {
  readonly #random: SeededRandom
  readonly #now: () => number
  readonly #byPath = new Map<string, Entry>()
  readonly #byToken = new Map<string, Entry>()
  readonly #partial = new Map<string, PartialUpload>()
  #folder: Promise<string> | undefined
  #files = 0
  #closed = false

  /** @param now Unix seconds */
  constructor(random: SeededRandom, now: () => number) {
    this.#random = random
    this.#now = now
  }

  /** All files, oldest first. */
  get all(): readonly StoredMedia[] {
    return [...this.#byPath.values()]
  }

  find(directPath: string): StoredMedia | undefined {
    return this.#byPath.get(pathOf(directPath))
  }

  findUploaded(kind: UploadKind, token: string): StoredMedia | undefined {
    const known = this.#byToken.get(`${kind.type}/${token}`)
    return known?.gone === undefined ? known : undefined
  }

  /** Answers every later download of this file with a status: 404 or 410. False when there is no such file. */
  expire(directPath: string, status: number): boolean {
    const entry = this.#byPath.get(pathOf(directPath))
    if (entry === undefined) return false
    entry.gone = status
    return true
  }

  /** The unfinished upload under this name, if any. */
  partial(name: string): PartialUpload | undefined {
    return this.#partial.get(name)
  }

  /** Goes on with an unfinished upload at `offset`, or begins a new one. */
  async resume(name: string, offset: number): Promise<PartialUpload> {
    const known = this.#partial.get(name)
    if (known !== undefined && offset > 0) {
      known.received = offset
      return known
    }
    this.#files += 1
    // Drawn before anything waits: uploads that begin together have files of their own.
    const file = String(this.#files)
    const fresh: PartialUpload = { file: join(await this.#directory(), file), received: 0 }
    this.#partial.set(name, fresh)
    return fresh
  }

  /** Appends to an upload and resolves with the SHA-256 of all of it; what came stays when the source breaks. */
  async append(upload: PartialUpload, source: AsyncIterable<Uint8Array>): Promise<Buffer> {
    const hash = createHash('sha256')
    const file = await open(upload.file, upload.received === 0 ? 'w' : 'r+')
    try {
      if (upload.received > 0) await this.#begin(file, upload, hash)
      for await (const chunk of source) {
        await file.write(chunk, 0, chunk.length, upload.received)
        hash.update(chunk)
        upload.received += chunk.length
      }
    } finally {
      await file.close()
    }
    return hash.digest()
  }

  /** Throws an unfinished upload away. */
  async discard(name: string): Promise<void> {
    const known = this.#partial.get(name)
    this.#partial.delete(name)
    if (known !== undefined) await rm(known.file, { force: true })
  }

  /** An upload is complete: it gets a path. */
  complete(name: string, kind: UploadKind, token: string): StoredMedia {
    const upload = this.#partial.get(name)
    if (upload === undefined) throw new RangeError('There is no such upload')
    this.#partial.delete(name)
    const entry: Entry = {
      kind,
      token,
      length: upload.received,
      file: upload.file,
      directPath: this.#newPath(kind),
      handle: kind.newsletter ? this.#random.bytes(24).toString('base64url') : undefined,
      gone: undefined,
    }
    this.#byPath.set(pathOf(entry.directPath), entry)
    this.#byToken.set(`${kind.type}/${token}`, entry)
    return entry
  }

  /** Takes a file from within the process. @throws KurirError `media-host-closed` when the service stops meanwhile */
  async put(kind: UploadKind, source: AsyncIterable<Uint8Array>): Promise<StoredMedia> {
    const name = `local ${this.#files}`
    try {
      const upload = await this.resume(name, 0)
      const token = (await this.append(upload, source)).toString('base64url')
      return this.complete(name, kind, token)
    } catch (cause) {
      throw this.#closed ? mediaHostClosed(cause) : cause
    }
  }

  /** Gives the content of a file another path, also when the first one is gone. */
  async reissue(media: StoredMedia): Promise<StoredMedia> {
    const { file } = media as Entry
    const name = `again ${this.#files}`
    const upload = await this.resume(name, 0)
    await link(file, upload.file)
    upload.received = media.length
    return this.complete(name, media.kind, media.token)
  }

  /** The bytes from `start` up to and including `end`; all of them when neither is given. */
  read(media: StoredMedia, start?: number, end?: number): AsyncIterable<Buffer> {
    const { file } = media as Entry
    return createReadStream(file, {
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end }),
    }) as AsyncIterable<Buffer>
  }

  async remove(media: StoredMedia): Promise<void> {
    const entry = this.#byPath.get(pathOf(media.directPath))
    if (entry === undefined) return
    this.#byPath.delete(pathOf(entry.directPath))
    this.#byToken.delete(`${entry.kind.type}/${entry.token}`)
    await rm(entry.file, { force: true })
  }

  /** Removes all files. */
  async close(): Promise<void> {
    this.#closed = true
    const folder = await this.#folder
    this.#byPath.clear()
    this.#byToken.clear()
    this.#partial.clear()
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }

  /** The hash of what is kept of an upload that goes on; what lies behind is overwritten. */
  async #begin(file: FileHandle, upload: PartialUpload, hash: Hash): Promise<void> {
    const { size } = await stat(upload.file)
    upload.received = Math.min(upload.received, size)
    await file.truncate(upload.received)
    if (upload.received === 0) return
    for await (const chunk of createReadStream(upload.file, { end: upload.received - 1 })) hash.update(chunk as Buffer)
  }

  #directory(): Promise<string> {
    if (this.#closed) throw mediaHostClosed()
    this.#folder ??= mkdtemp(join(tmpdir(), 'kurir-media-'))
    return this.#folder
  }

  #newPath(kind: UploadKind): string {
    const name = `${this.#random.digits(8)}_${this.#random.digits(15)}_${this.#random.digits(19)}_n`
    const path = kind.newsletter ? `/m1/v/t24/${name}` : `/v/t62.7118-24/${name}.enc`
    const signature = `01_${this.#random.bytes(24).toString('base64url')}`
    const expiry = (this.#now() + LIFETIME_SECONDS).toString(16).toUpperCase()
    return `${path}?ccb=11-4&oh=${signature}&oe=${expiry}&_nc_sid=5e03e0`
  }
}

const mediaHostClosed = (cause?: unknown): KurirError =>
  new KurirError('media-host-closed', 'The media host has stopped', { statusCode: 503, cause })

const pathOf = (directPath: string): string => directPath.replace(/\?.*$/, '')
