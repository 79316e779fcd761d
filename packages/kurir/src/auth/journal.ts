import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeHeader } from './journal-format.js'
import { type Durability, type RecordFiles, segmentName, segmentNumber } from './record-files.js'

interface OpenSegment {
  readonly handle: FileHandle
  /** Bytes that are known to be whole frames. */
  size: number
  /** Something may lie behind `size`. */
  dirtyTail: boolean
}

/**
 * The end of the journal that is written to. One writer: calls of `append` and `endSegment` must not overlap. A segment
 * is created by the first append after the start or after `endSegment`.
 */
export class JournalWriter {
  private readonly files: RecordFiles
  private readonly durability: Durability
  private next: number
  private current: OpenSegment | undefined
  /** Segments that exist and are not written to any more, oldest first. */
  private ended: string[]
  private currentName = ''

  /** @param found segments of an earlier run, oldest first */
  constructor(files: RecordFiles, durability: Durability, found: readonly string[]) {
    this.files = files
    this.durability = durability
    this.ended = [...found]
    this.next = (segmentNumber(found.at(-1) ?? '') ?? 0) + 1
  }

  /** Bytes in the current segment. */
  get size(): number {
    return this.current?.size ?? 0
  }

  /**
   * Appends frames and makes them durable. When it rejects, none of the frames is in the journal.
   *
   * @param credentials see `SegmentHeader`; used when a segment is begun
   */
  async append(frames: readonly Uint8Array[], credentials: readonly (number | null)[]): Promise<void> {
    const segment = this.current ?? (await this.begin(credentials))
    if (segment.dirtyTail) await cutTail(segment)
    const bytes = Buffer.concat(frames)
    try {
      segment.dirtyTail = true
      await writeAll(segment.handle, bytes, segment.size)
      if (this.durability === 'power-loss') await segment.handle.datasync()
    } catch (error) {
      // What a failed write or flush left behind must not be replayed; if it cannot be cut off now, the next append
      // tries again before it writes.
      await cutTail(segment).catch(() => {})
      throw error
    }
    segment.size += bytes.byteLength
    segment.dirtyTail = false
  }

  /** Closes the current segment; the next append begins another one. Answers the names of all ended segments. */
  async endSegment(): Promise<readonly string[]> {
    const segment = this.current
    if (segment !== undefined) {
      if (segment.dirtyTail) await cutTail(segment)
      this.current = undefined
      this.ended.push(this.currentName)
      await segment.handle.close()
    }
    return [...this.ended]
  }

  /** Deletes ended segments whose rows have reached their files. */
  async remove(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    // Oldest first: what is left after a crash is the end of the journal, never a gap in it.
    for (const name of names) {
      await this.files.remove(name)
      this.ended = this.ended.filter(ended => ended !== name)
    }
    await this.files.syncNames()
  }

  private async begin(credentials: readonly (number | null)[]): Promise<OpenSegment> {
    const header = encodeHeader({ version: 1, credentials })
    const name = segmentName(this.next)
    const handle = await open(join(this.files.folder, name), 'wx', 0o600)
    this.next++
    try {
      await writeAll(handle, header, 0)
      await this.files.syncNames()
    } catch (error) {
      await handle.close()
      await this.files.remove(name)
      throw error
    }
    this.currentName = name
    this.current = { handle, size: header.byteLength, dirtyTail: false }
    return this.current
  }
}

async function cutTail(segment: OpenSegment): Promise<void> {
  await segment.handle.truncate(segment.size)
  segment.dirtyTail = false
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.byteLength) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.byteLength - written, position + written)
    written += bytesWritten
  }
}
