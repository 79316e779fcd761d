import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import { type FolderLock, lockFolder } from './folder-lock.js'
import { JournalWriter } from './journal.js'
import { checksum, encodeSet, type JournalRow, largestFrame } from './journal-format.js'
import { type FoundState, replayJournal } from './journal-replay.js'
import { credentialsFile, type Durability, RecordFiles } from './record-files.js'

export interface FolderStoreOptions {
  readonly logger: ILogger
  readonly durability: Durability
  /** Milliseconds without a write after which the record files are brought up to date. */
  readonly checkpointAfterMs: number
}

/** A journal of this size is checkpointed even while writes go on. */
const checkpointBytes = 4 * 1024 * 1024
const retryCheckpointMs = 30_000
/** Record files written at the same time. */
const parallelFiles = 8

interface PendingSet {
  readonly rows: readonly JournalRow[]
  readonly frame: Buffer
  readonly done: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** What a checkpoint works on: ended segments, and the files that must be written before they can go. */
interface Cut {
  readonly files: readonly string[]
  readonly segments: readonly string[]
}

/**
 * The texts of one auth folder, by file name, for one process at a time.
 *
 * A set of rows is one checksummed frame at the end of a journal: it is durable when `commit` resolves, and after a
 * crash it is there wholly or not at all. Sets that arrive while the disk is busy share the next flush. The record
 * files follow later, each by temp file, flush and rename, and then the journal that they came from is removed. A
 * start replays whatever journal it finds.
 */
export class FolderStore {
  readonly folder: string
  private readonly files: RecordFiles
  private readonly journal: JournalWriter
  private readonly lock: FolderLock
  private readonly logger: ILogger
  private readonly checkpointAfterMs: number
  /** Names of the record files; nobody else writes here while the lock is held, so a miss needs no disk access. */
  private readonly onDisk: Set<string>
  /** Rows that are in the journal and not in their files yet. */
  private readonly ahead: Map<string, JournalRow>
  /** Latest set on its way to the journal, by file name. */
  private readonly inFlight = new Map<string, PendingSet>()
  private queue: PendingSet[] = []
  private cutWanted: ((cut: Promise<Cut>) => void) | undefined
  private writing: Promise<void> | undefined
  private checkpointing: Promise<void> | undefined
  private timer: NodeJS.Timeout | undefined
  /** Last write of each file that is being written. */
  private readonly fileWrites = new Map<string, Promise<void>>()
  /** CRC-32 of creds.json as this store knows it; null: there is none. */
  private credentialsOnDisk: number | null
  private phase: 'open' | 'closing' | 'closed' = 'open'

  private constructor(files: RecordFiles, lock: FolderLock, found: FoundState, options: FolderStoreOptions) {
    this.folder = files.folder
    this.files = files
    this.lock = lock
    this.logger = options.logger
    this.checkpointAfterMs = options.checkpointAfterMs
    this.onDisk = found.records
    this.ahead = found.rows
    this.credentialsOnDisk = found.credentialsOnDisk
    this.journal = new JournalWriter(files, options.durability, found.segments)
    if (found.segments.length > 0) this.schedule(options.checkpointAfterMs)
  }

  /**
   * Locks the folder, which must exist, and reads its journal.
   *
   * @throws KurirError `auth-state-locked`, `corrupt-auth-state`, `auth-state-conflict`
   */
  static async open(folder: string, options: FolderStoreOptions): Promise<FolderStore> {
    const lock = await lockFolder(folder)
    try {
      const files = new RecordFiles(folder, options.durability)
      return new FolderStore(files, lock, await replayJournal(files, options.logger), options)
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /** Whether the folder is still this store's: false once it was deleted or emptied behind our back. */
  async isIntact(): Promise<boolean> {
    return this.phase === 'open' && (await this.lock.verify())
  }

  /** The text of a record file, with every set that was begun before; undefined when there is none. */
  async read(file: string): Promise<string | undefined> {
    if (this.phase === 'closed') throw closedError(this.folder)
    // A set that fails leaves the record as it was; its caller hears of the failure.
    for (let set = this.inFlight.get(file); set !== undefined; set = this.inFlight.get(file)) {
      await set.done.catch(() => {})
    }
    const row = this.ahead.get(file)
    if (row !== undefined) return row.text ?? undefined
    if (!this.onDisk.has(file)) return undefined
    try {
      return (await this.files.read(file))?.toString()
    } catch (cause) {
      throw new KurirError('auth-state-read-failed', `${file} of the auth folder ${this.folder} cannot be read`, {
        retryable: true,
        data: { folder: this.folder, file },
        cause,
      })
    }
  }

  /** Whether somebody else deleted a file that this store had written or found. */
  wasRemoved(file: string): boolean {
    return !this.inFlight.has(file) && !this.ahead.has(file) && this.onDisk.has(file) && !this.files.exists(file)
  }

  /** File names of all records. */
  list(): string[] {
    const names = new Set(this.onDisk)
    for (const { file, text } of this.ahead.values()) {
      if (text === null) names.delete(file)
      else names.add(file)
    }
    return [...names]
  }

  /**
   * Writes all rows or none; durable when it resolves.
   *
   * @throws KurirError `record-too-large`, `auth-state-closed`, `auth-state-lost`, `auth-state-write-failed` (retryable)
   */
  async commit(rows: readonly JournalRow[]): Promise<void> {
    if (this.phase !== 'open') throw closedError(this.folder)
    if (rows.length === 0) return
    const frame = encodeSet(rows)
    if (frame === null) {
      throw new KurirError('record-too-large', `One set of records may have ${largestFrame} bytes`, { statusCode: 400 })
    }
    const set = pendingSet(rows, frame)
    for (const { file } of rows) this.inFlight.set(file, set)
    this.queue.push(set)
    this.startWriting()
    await set.done
  }

  /**
   * Brings one file up to date at once. Its content is in the journal already: a failure is logged, and the next
   * checkpoint tries again.
   */
  async writeThrough(file: string): Promise<void> {
    try {
      await this.writeFile(file)
    } catch (error) {
      this.logger.warn({ error, folder: this.folder, file }, 'auth folder: file not updated, the journal is kept')
    }
  }

  /** Brings the record files up to date and removes the journal; afterwards the folder is as Baileys knows it. */
  async checkpoint(): Promise<void> {
    while (this.checkpointing !== undefined) await this.checkpointing.catch(() => {})
    this.checkpointing = this.writeFiles().finally(() => {
      this.checkpointing = undefined
    })
    await this.checkpointing
  }

  /** Finishes what was begun, brings the files up to date and gives the folder back. */
  async close(): Promise<void> {
    if (this.phase !== 'open') return
    this.phase = 'closing'
    try {
      if (await this.lock.verify()) await this.checkpoint()
    } finally {
      await this.release()
    }
  }

  /** Gives the folder back as it is, journal included. */
  async release(): Promise<void> {
    await this.abandon()
    await this.lock.release()
  }

  /** Stops without touching the folder again; sets that are not durable yet are refused. */
  async abandon(): Promise<void> {
    this.phase = 'closed'
    clearTimeout(this.timer)
    while (this.writing !== undefined) await this.writing
    await this.journal.endSegment().catch(() => {})
  }

  private startWriting(): void {
    this.writing ??= this.writeQueue()
  }

  /** The only code that touches the journal. Never rejects. */
  private async writeQueue(): Promise<void> {
    // Sets of the same turn of the event loop share the first flush too.
    await Promise.resolve()
    while (this.queue.length > 0 || this.cutWanted !== undefined) {
      const batch = this.queue
      this.queue = []
      if (batch.length > 0) await this.writeBatch(batch)
      const answer = this.cutWanted
      this.cutWanted = undefined
      if (answer !== undefined) await this.cut(answer)
    }
    this.writing = undefined
    if (this.phase !== 'open') return
    if (this.journal.size >= checkpointBytes) this.checkpointNow()
    else this.schedule(this.checkpointAfterMs)
  }

  private async writeBatch(batch: readonly PendingSet[]): Promise<void> {
    try {
      if (this.lock.isLost()) throw lostError(this.folder)
      if (this.phase === 'closed') throw closedError(this.folder)
      const frames = batch.map(set => set.frame)
      await this.journal.append(frames, this.credentialsVersions())
    } catch (cause) {
      const error = cause instanceof KurirError ? cause : writeFailed(this.folder, cause)
      for (const set of batch) this.settle(set, error)
      return
    }
    for (const set of batch) {
      for (const row of set.rows) this.ahead.set(row.file, row)
      this.settle(set, undefined)
    }
  }

  private settle(set: PendingSet, error: KurirError | undefined): void {
    for (const { file } of set.rows) {
      if (this.inFlight.get(file) === set) this.inFlight.delete(file)
    }
    if (error === undefined) set.resolve()
    else set.reject(error)
  }

  /** What creds.json on disk may be while the segment that is begun now exists. */
  private credentialsVersions(): (number | null)[] {
    const row = this.ahead.get(credentialsFile)
    return row?.text === undefined || row.text === null
      ? [this.credentialsOnDisk]
      : [this.credentialsOnDisk, checksum(row.text)]
  }

  private async cut(answer: (cut: Promise<Cut>) => void): Promise<void> {
    const cut = this.journal.endSegment().then(segments => ({ files: [...this.ahead.keys()], segments }))
    answer(cut)
    await cut.catch(() => {})
  }

  private async writeFiles(): Promise<void> {
    clearTimeout(this.timer)
    const { files, segments } = await new Promise<Cut>(resolve => {
      this.cutWanted = resolve
      this.startWriting()
    })
    if (segments.length === 0) return
    await forEachParallel(files, file => this.writeFile(file))
    await this.files.syncNames()
    await this.journal.remove(segments)
  }

  /** One write of a file at a time, each with the latest durable content, so that none takes a file back in time. */
  private writeFile(file: string): Promise<void> {
    const before = this.fileWrites.get(file) ?? Promise.resolve()
    const write = before
      .catch(() => {})
      .then(() => this.writeLatest(file))
      .finally(() => {
        if (this.fileWrites.get(file) === write) this.fileWrites.delete(file)
      })
    this.fileWrites.set(file, write)
    return write
  }

  private async writeLatest(file: string): Promise<void> {
    const row = this.ahead.get(file)
    if (row === undefined || this.phase === 'closed') return
    if (row.text === null) {
      // Most records that come and go within a moment never had a file.
      if (this.onDisk.has(file)) await this.files.remove(file)
      this.onDisk.delete(file)
    } else {
      await this.files.write(file, row.text)
      this.onDisk.add(file)
    }
    if (file === credentialsFile) this.credentialsOnDisk = row.text === null ? null : checksum(row.text)
    if (this.ahead.get(file) === row) this.ahead.delete(file)
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.checkpointNow(), delayMs)
    this.timer.unref()
  }

  private checkpointNow(): void {
    if (this.phase !== 'open' || this.checkpointing !== undefined) return
    this.checkpoint().catch(error => {
      this.logger.warn({ error, folder: this.folder }, 'auth folder: record files not updated, the journal is kept')
      if (this.phase === 'open') this.schedule(retryCheckpointMs)
    })
  }
}

function pendingSet(rows: readonly JournalRow[], frame: Buffer): PendingSet {
  let settle: Pick<PendingSet, 'resolve' | 'reject'> | undefined
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { rows, frame, done, resolve: () => settle?.resolve(), reject: error => settle?.reject(error) }
}

async function forEachParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const pending = items.values()
  const worker = async () => {
    for (const item of pending) await work(item)
  }
  const workers = Array.from({ length: Math.min(parallelFiles, items.length) }, worker)
  // All of them have stopped before an error is reported, so that a second try never races with the first.
  for (const result of await Promise.allSettled(workers)) {
    if (result.status === 'rejected') throw result.reason
  }
}

function closedError(folder: string): KurirError {
  return new KurirError('auth-state-closed', `The auth state of ${folder} has been closed`, { data: { folder } })
}

function lostError(folder: string): KurirError {
  return new KurirError(
    'auth-state-lost',
    `The auth folder ${folder} was removed or taken over by another process: nothing more is written to it`,
    { data: { folder } },
  )
}

function writeFailed(folder: string, cause: unknown): KurirError {
  return new KurirError('auth-state-write-failed', `The auth folder ${folder} cannot be written`, {
    retryable: true,
    data: { folder },
    cause,
  })
}
