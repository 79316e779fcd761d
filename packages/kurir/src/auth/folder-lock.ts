import { readFileSync, readlinkSync, unlinkSync } from 'node:fs'
import { open, readFile, stat, unlink, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { randomBytes } from '../crypto/random.js'
import { KurirError } from '../errors/kurir-error.js'

/** Name of the file that says which process uses a folder. */
export const lockFileName = 'kurir.lock'

const heartbeatMs = 15_000
/** A holder that this process cannot look at (another machine or container) counts as gone after this silence. */
const silentHolderMs = 60_000
/** What killed processes left half done is waited out within this time. */
const patienceMs = 8_000
const guardRetryMs = 10
const abandonedGuardMs = 2_000
/** Writing a lock takes no time: one without content is abandoned after this. */
const unfinishedLockMs = 2_000

/** The use of one folder by one process. */
export interface FolderLock {
  /** True once somebody removed or replaced the lock file: nothing may be written any more. */
  isLost(): boolean
  /** Looks at the lock file now. */
  verify(): Promise<boolean>
  release(): Promise<void>
}

interface Holder {
  readonly pid: number
  /** Where the pid means something: host name and pid namespace. */
  readonly place: string
  /** Start time of the process in clock ticks, which tells a reused pid; null where the system does not say. */
  readonly started: string | null
  /** Device and inode of the folder, which tells a copied folder. */
  readonly folder: string
  readonly nonce: string
}

/**
 * Takes a folder for this process. A lock whose process is gone is taken over, as is one in a copied folder and one of
 * another machine that has not been refreshed for a minute.
 *
 * @throws KurirError `auth-state-locked` (409) while another process, or another copy of the library, uses the folder;
 *   `retryable` because it may end. `data.pid` and `data.host` say who.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, lockFileName)
  const folderId = await identityOf(folder)
  const self = describeSelf(folderId)
  const deadline = Date.now() + patienceMs
  while (Date.now() < deadline) {
    if (await create(path, JSON.stringify(self))) return new HeldLock(path, self.nonce)
    const content = await readLock(path)
    if (content === undefined) continue
    const holder = parseHolder(content.text)
    if (holder === undefined && content.ageMs < unfinishedLockMs) {
      // It is being written, or its writer was killed in the middle: time tells.
      await delay(guardRetryMs)
      continue
    }
    if (holder !== undefined && isActive(holder, content.ageMs, folderId)) throw locked(folder, holder)
    await removeStale(path, content.text)
  }
  throw locked(folder, undefined)
}

class HeldLock implements FolderLock {
  private readonly path: string
  private readonly nonce: string
  private readonly timer: NodeJS.Timeout
  private lost = false
  private released = false

  constructor(path: string, nonce: string) {
    this.path = path
    this.nonce = nonce
    this.timer = setInterval(() => void this.beat(), heartbeatMs)
    this.timer.unref()
    removeAtExit(path, nonce)
  }

  isLost(): boolean {
    return this.lost
  }

  async verify(): Promise<boolean> {
    if (this.released) return false
    const content = await readLock(this.path)
    if (parseHolder(content?.text)?.nonce !== this.nonce) this.lost = true
    return !this.lost
  }

  async release(): Promise<void> {
    if (this.released) return
    clearInterval(this.timer)
    const owned = await this.verify()
    this.released = true
    atExit.delete(this.path)
    if (owned) await unlink(this.path).catch(ignoreMissing)
  }

  private async beat(): Promise<void> {
    try {
      if (!(await this.verify())) return
      const now = new Date()
      await utimes(this.path, now, now)
    } catch {
      // A folder that cannot be reached for a moment is not a lost lock; the next write finds out.
    }
  }
}

const atExit = new Map<string, string>()
let listensForExit = false

/** A process that ends in an orderly way leaves no lock behind, so that no other machine has to wait for it. */
function removeAtExit(path: string, nonce: string): void {
  atExit.set(path, nonce)
  if (listensForExit) return
  listensForExit = true
  process.once('exit', () => {
    for (const [lockPath, ownNonce] of atExit) {
      try {
        if (parseHolder(readFileSync(lockPath, 'utf8'))?.nonce === ownNonce) unlinkSync(lockPath)
      } catch {
        // The folder is gone.
      }
    }
  })
}

function describeSelf(folder: string): Holder {
  return {
    pid: process.pid,
    place: ownPlace(),
    started: startOf(process.pid),
    folder,
    nonce: randomBytes(12).toString('hex'),
  }
}

/** Creates the lock file; false when there is one. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx')
    try {
      await file.writeFile(text)
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if (isErrorCode(error, 'EEXIST')) return false
    throw error
  }
}

async function readLock(path: string): Promise<{ text: string; ageMs: number } | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    return { text, ageMs: Date.now() - mtimeMs }
  } catch (error) {
    if (isErrorCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Removes a stale lock. Of several processes that found it, one at a time may look at it again and remove it, so that
 * none of them removes the lock that another has just taken.
 */
async function removeStale(path: string, expected: string): Promise<void> {
  const guard = `${path}.takeover`
  if (!(await create(guard, ''))) {
    const held = await readLock(guard)
    // Holding it takes no time: this one was left by a process that was killed in between.
    if (held !== undefined && held.ageMs > abandonedGuardMs) await unlink(guard).catch(ignoreMissing)
    else await delay(guardRetryMs)
    return
  }
  try {
    if ((await readLock(path))?.text === expected) await unlink(path)
  } finally {
    await unlink(guard).catch(ignoreMissing)
  }
}

function isActive(holder: Holder, ageMs: number, folder: string): boolean {
  if (holder.folder !== folder) return false
  if (holder.place !== ownPlace()) return ageMs < silentHolderMs
  if (!isAlive(holder.pid)) return false
  const started = startOf(holder.pid)
  return started === null || holder.started === null || started === holder.started
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return isErrorCode(error, 'EPERM')
  }
  // A killed process whose parent has not noticed can still be signalled.
  return processFields(pid)[0] !== 'Z'
}

async function identityOf(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder, { bigint: true })
  return `${dev}:${ino}`
}

let place: string | undefined

function ownPlace(): string {
  place ??= `${hostname()} ${linkTarget('/proc/self/ns/pid')}`
  return place
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Fields of /proc/<pid>/stat from the third on; the second one may hold spaces and parentheses. */
function processFields(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

function startOf(pid: number): string | null {
  return processFields(pid)[19] ?? null
}

function parseHolder(text: string | undefined): Holder | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isHolder(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false
  const { pid, place, started, folder, nonce } = value as Partial<Record<keyof Holder, unknown>>
  const isText = [place, folder, nonce].every(item => typeof item === 'string')
  return isText && Number.isSafeInteger(pid) && Number(pid) > 0 && (started === null || typeof started === 'string')
}

function locked(folder: string, holder: Holder | undefined): KurirError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid} (${holder.place.split(' ')[0]})`
  return new KurirError(
    'auth-state-locked',
    `The auth folder ${folder} is in use by ${who}: one folder is one device, run it once. Stop that process, or ` +
      `delete ${lockFileName} if you are sure that it is gone`,
    {
      statusCode: 409,
      retryable: true,
      data: { folder, pid: holder?.pid ?? null, host: holder?.place.split(' ')[0] ?? null },
    },
  )
}

export function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function ignoreMissing(error: unknown): void {
  if (!isErrorCode(error, 'ENOENT')) throw error
}
