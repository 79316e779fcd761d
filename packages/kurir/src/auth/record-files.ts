import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KurirError } from '../errors/kurir-error.js'
import { isErrorCode } from './folder-lock.js'

export const credentialsFile = 'creds.json'

const longestName = 255
const temporaryPrefix = 'kurir-tmp.'
const journalPrefix = 'kurir-journal.'

/** How far a write is carried before it counts as done. */
export type Durability = 'power-loss' | 'process-crash'

/**
 * The file of a key record, named as Baileys names it: `/` becomes `__` and `:` becomes `-` (docs/protocol/01 §9.1).
 *
 * @throws KurirError `invalid-record-id` (400) when the name cannot be a file
 */
export function recordFileName(type: string, id: string): string {
  const name = `${type}-${id}.json`.replaceAll('/', '__').replaceAll(':', '-')
  if (name.includes('\\') || name.includes('\0') || Buffer.byteLength(name) > longestName) {
    throw new KurirError('invalid-record-id', 'The record id cannot be part of a file name', {
      statusCode: 400,
      data: { type, length: id.length },
    })
  }
  return name
}

/** The files of one auth folder. Contents appear whole or not at all; nothing here knows what they mean. */
export class RecordFiles {
  readonly folder: string
  private readonly durability: Durability
  private temporaries = 0

  constructor(folder: string, durability: Durability) {
    this.folder = folder
    this.durability = durability
  }

  /** Names of the records (credentials included) and of the journal segments, oldest first; debris is removed. */
  async list(): Promise<{ records: Set<string>; segments: string[] }> {
    const names = await readdir(this.folder)
    await Promise.all(
      names
        .filter(name => name.startsWith(temporaryPrefix))
        .map(name => rm(join(this.folder, name), { force: true, recursive: true })),
    )
    const segments = names.filter(name => segmentNumber(name) !== undefined)
    segments.sort((left, right) => (segmentNumber(left) ?? 0) - (segmentNumber(right) ?? 0))
    return { records: new Set(names.filter(name => name.endsWith('.json'))), segments }
  }

  async read(name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.folder, name))
    } catch (error) {
      // What is not a readable file holds no record; other errors (permissions, too many open files) are real.
      if (isErrorCode(error, 'ENOENT') || isErrorCode(error, 'EISDIR')) return undefined
      throw error
    }
  }

  exists(name: string): boolean {
    return existsSync(join(this.folder, name))
  }

  /** Replaces a file: written aside, flushed, renamed. */
  async write(name: string, text: string): Promise<void> {
    const aside = join(this.folder, `${temporaryPrefix}${process.pid}.${this.temporaries++}`)
    try {
      const file = await open(aside, 'w', 0o600)
      try {
        await file.writeFile(text)
        if (this.durability === 'power-loss') await file.sync()
      } finally {
        await file.close()
      }
      await rename(aside, join(this.folder, name))
    } catch (error) {
      await rm(aside, { force: true })
      throw error
    }
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.folder, name), { force: true })
  }

  /** Makes created, renamed and removed names durable. */
  async syncNames(): Promise<void> {
    if (this.durability === 'process-crash' || process.platform === 'win32') return
    const directory = await open(this.folder, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  }
}

/**
 * Creates the folder where it does not exist.
 *
 * @throws KurirError `auth-path-not-a-folder` (400)
 */
export async function ensureFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    if ((await stat(folder)).isDirectory()) return
  } catch (error) {
    if (!isErrorCode(error, 'EEXIST') && !isErrorCode(error, 'ENOTDIR')) throw error
  }
  throw new KurirError('auth-path-not-a-folder', `Found something that is not a folder at ${folder}`, {
    statusCode: 400,
    data: { folder },
  })
}

export function segmentName(number: number): string {
  return journalPrefix + String(number).padStart(8, '0')
}

/** The number of a journal segment; undefined for every other file name. */
export function segmentNumber(name: string): number | undefined {
  if (!name.startsWith(journalPrefix)) return undefined
  const digits = name.slice(journalPrefix.length)
  return /^\d{8,15}$/.test(digits) ? Number(digits) : undefined
}
