import { join } from 'node:path'
import { KurirError } from '../errors/kurir-error.js'
import type { ILogger } from '../logger/logger.js'
import { parseRecord } from './buffer-json.js'
import { checksum, decodeSegment, type JournalRow, type Segment } from './journal-format.js'
import { credentialsFile, type RecordFiles } from './record-files.js'

/** A folder as the last process left it. */
export interface FoundState {
  /** Names of the record files. */
  readonly records: Set<string>
  /** Rows of the journal, the last one of each file. */
  readonly rows: Map<string, JournalRow>
  /** Names of the journal segments, oldest first. */
  readonly segments: readonly string[]
  /** CRC-32 of creds.json; null: there is none. */
  readonly credentialsOnDisk: number | null
}

/**
 * Reads the journal of a folder.
 *
 * @throws KurirError `corrupt-auth-state`: a segment that was complete when a later one was begun is damaged;
 *   `auth-state-conflict`: another program has changed the credentials since the journal was written, so that replaying
 *   it would take sessions back in time
 */
export async function replayJournal(files: RecordFiles, logger: ILogger): Promise<FoundState> {
  const { records, segments } = await files.list()
  const credentials = await files.read(credentialsFile)
  const credentialsOnDisk = credentials === undefined ? null : checksum(credentials)
  const rows = new Map<string, JournalRow>()
  const versions = new Set<number | null>()
  for (const [index, name] of segments.entries()) {
    const segment = decodeSegment((await files.read(name)) ?? Buffer.alloc(0))
    if (segment.torn) {
      if (index < segments.length - 1) throw damagedJournal(files.folder, name)
      // A process was killed while it appended: the set in question was never confirmed.
      logger.debug({ folder: files.folder, segment: name }, 'auth folder: unfinished end of the journal left out')
    }
    if (index === 0) for (const version of segment.header?.credentials ?? []) versions.add(version)
    collect(segment, rows, versions)
  }
  if (credentials !== undefined && versions.size > 0 && !versions.has(credentialsOnDisk) && isJson(credentials)) {
    throw conflict(files.folder)
  }
  return { records, rows, segments, credentialsOnDisk }
}

function collect(segment: Segment, rows: Map<string, JournalRow>, versions: Set<number | null>): void {
  for (const row of segment.sets.flat()) {
    rows.set(row.file, row)
    if (row.file === credentialsFile && row.text !== null) versions.add(checksum(row.text))
  }
}

/** A file that is no JSON is damage, which the journal repairs, not the work of another program. */
function isJson(bytes: Buffer): boolean {
  try {
    return typeof parseRecord(bytes.toString()) === 'object'
  } catch {
    return false
  }
}

function damagedJournal(folder: string, name: string): KurirError {
  return new KurirError(
    'corrupt-auth-state',
    `The journal ${join(folder, name)} is damaged. Restore the folder from a backup, or remove it and link the ` +
      'device again',
    { data: { folder, file: name } },
  )
}

function conflict(folder: string): KurirError {
  return new KurirError(
    'auth-state-conflict',
    `${join(folder, credentialsFile)} was changed by another program after Kurir had written its journal, which it ` +
      'could not finish. Remove the files kurir-journal.* to go on with the folder as that program left it',
    { statusCode: 409, data: { folder, file: credentialsFile } },
  )
}
