import { realpath } from 'node:fs/promises'
import { KurirError } from '../errors/kurir-error.js'
import { type ILogger, silentLogger } from '../logger/logger.js'
import type { SignalDataSet, SignalDataType, SignalDataTypeMap, SignalKeyStore } from '../signal/key-store.js'
import { type AuthenticationCreds, type AuthenticationState, bindSaver, initAuthCreds } from './credentials.js'
import { decodeCredentials, encodeCredentials } from './credentials-codec.js'
import { FolderStore } from './folder-store.js'
import type { JournalRow } from './journal-format.js'
import { decodeRecord, encodeRecord } from './record-codec.js'
import { credentialsFile, type Durability, ensureFolder, recordFileName } from './record-files.js'

export interface MultiFileOptions {
  /**
   * What a resolved write survives: `power-loss` (default) flushes it to the disk, `process-crash` only hands it to the
   * operating system, which is enough for a killed process and faster on slow disks.
   */
  readonly durability?: Durability
  /** Milliseconds without a write after which the record files are brought up to date; 1000 by default. */
  readonly checkpointAfterMs?: number
  readonly logger?: ILogger
}

export interface MultiFileAuthState {
  readonly state: AuthenticationState & { saveCreds(): Promise<void> }
  /** Makes the credentials durable. Call it on every `creds.update`. */
  readonly saveCreds: () => Promise<void>
  /**
   * Brings all files up to date and, when every user of the folder in this process has closed it, gives it back. Until
   * then another process is refused, and a program that reads key records from the files may see older ones. A process
   * that just ends loses nothing: the next start replays the journal.
   */
  readonly close: () => Promise<void>
}

/**
 * An auth state in a folder, with the files and forms of Baileys 7, whose folders load as they are
 * (docs/protocol/01 §9). The folder is created when it does not exist.
 *
 * Each `keys.set` and each `saveCreds` is atomic, and durable when it resolves, whatever kills the process. One process
 * uses a folder at a time; a second call in the same process joins the first one and gets the same live credentials.
 *
 * @throws KurirError `auth-path-not-a-folder` (400); `auth-state-locked` (409, retryable): another process uses the
 *   folder; `corrupt-auth-state`: creds.json is damaged and no journal repairs it; `auth-state-conflict` (409): another
 *   program went on with a folder whose journal is not finished
 */
export async function useMultiFileAuthState(
  folder: string,
  options: MultiFileOptions = {},
): Promise<MultiFileAuthState> {
  await ensureFolder(folder)
  const shared = await joinOrOpen(await realpath(folder), options)
  const { store, creds, keys } = shared
  const saveCreds = async () => {
    if (shared.creds !== creds) throw replaced(folder)
    await store.commit([{ file: credentialsFile, text: encodeCredentials(creds) }])
    await store.writeThrough(credentialsFile)
  }
  bindSaver(creds, saveCreds)
  let left = false
  const close = async () => {
    if (left) return
    left = true
    await leave(shared)
  }
  return { state: { creds, keys, saveCreds }, saveCreds, close }
}

interface SharedFolder {
  readonly path: string
  readonly store: FolderStore
  readonly keys: SignalKeyStore
  creds: AuthenticationCreds
  users: number
  closing: Promise<void> | undefined
}

/** Folders in use by this process, by real path. */
const openFolders = new Map<string, Promise<SharedFolder>>()

async function joinOrOpen(path: string, options: MultiFileOptions): Promise<SharedFolder> {
  for (;;) {
    const known = openFolders.get(path)
    if (known === undefined) {
      const opening = open(path, options)
      openFolders.set(path, opening)
      return await opening.catch(error => {
        forget(path, opening)
        throw error
      })
    }
    const shared = await known
    if (await join(shared)) return shared
    forget(path, known)
    if (shared.closing === undefined) await shared.store.abandon()
    else await shared.closing
  }
}

function forget(path: string, entry: Promise<SharedFolder>): void {
  if (openFolders.get(path) === entry) openFolders.delete(path)
}

async function open(path: string, options: MultiFileOptions): Promise<SharedFolder> {
  const logger = options.logger ?? silentLogger
  const store = await FolderStore.open(path, {
    logger,
    durability: options.durability ?? 'power-loss',
    checkpointAfterMs: options.checkpointAfterMs ?? 1000,
  })
  try {
    const creds = await readCredentials(store)
    return { path, store, creds, keys: folderKeyStore(store, logger), users: 1, closing: undefined }
  } catch (error) {
    // The folder stays as it is, journal included, for whoever repairs it.
    await store.release()
    throw error
  }
}

/** Adds a user; false when the folder was deleted, taken over or closed since it was opened. */
async function join(shared: SharedFolder): Promise<boolean> {
  if (!(await shared.store.isIntact()) || shared.closing !== undefined) return false
  shared.users++
  // A program that logs out deletes creds.json and starts again: that asks for a new device.
  if (shared.store.wasRemoved(credentialsFile)) shared.creds = initAuthCreds()
  return true
}

async function leave(shared: SharedFolder): Promise<void> {
  shared.users--
  if (shared.users > 0) return await shared.store.checkpoint()
  shared.closing = shared.store.close()
  try {
    await shared.closing
  } finally {
    const entry = openFolders.get(shared.path)
    if (entry !== undefined && (await entry) === shared) forget(shared.path, entry)
  }
}

async function readCredentials(store: FolderStore): Promise<AuthenticationCreds> {
  const text = await store.read(credentialsFile)
  if (text === undefined) return initAuthCreds()
  try {
    return decodeCredentials(text)
  } catch (cause) {
    throw new KurirError(
      'corrupt-auth-state',
      `${credentialsFile} in ${store.folder} is damaged. Restore it from a backup, or remove the folder and link the ` +
        'device again',
      { data: { folder: store.folder, file: credentialsFile }, cause },
    )
  }
}

function folderKeyStore(store: FolderStore, logger: ILogger): SignalKeyStore {
  return {
    async get<T extends SignalDataType>(type: T, ids: string[]) {
      const records: { [id: string]: SignalDataTypeMap[T] } = {}
      const read = async (id: string) => {
        // Baileys' contract: every id is answered, null for a record that is not there.
        records[id] = (await readKey(store, logger, type, id)) as SignalDataTypeMap[T]
      }
      await Promise.all(ids.map(read))
      return records
    },
    async set(data: SignalDataSet) {
      await store.commit(rowsOf(data))
    },
    async clear() {
      const records = store.list().filter(file => file !== credentialsFile)
      await store.commit(records.map(file => ({ file, text: null })))
    },
  }
}

async function readKey<T extends SignalDataType>(
  store: FolderStore,
  logger: ILogger,
  type: T,
  id: string,
): Promise<SignalDataTypeMap[T] | null> {
  const file = recordFileName(type, id)
  const text = await store.read(file)
  if (text === undefined) return null
  try {
    return decodeRecord(type, text)
  } catch (error) {
    // As with Baileys a damaged record counts as missing: sessions and keys are made anew.
    logger.warn({ error, file }, 'auth folder: unreadable record left out')
    return null
  }
}

function rowsOf(data: SignalDataSet): JournalRow[] {
  const rows: JournalRow[] = []
  for (const [type, records] of Object.entries(data) as [SignalDataType, SignalDataSet[SignalDataType]][]) {
    for (const [id, value] of Object.entries(records ?? {})) {
      rows.push({ file: recordFileName(type, id), text: value ? encodeRecord(type, value) : null })
    }
  }
  return rows
}

function replaced(folder: string): KurirError {
  return new KurirError(
    'auth-state-closed',
    `The credentials of ${folder} were removed and replaced by new ones; these cannot be saved any more`,
    { data: { folder } },
  )
}
