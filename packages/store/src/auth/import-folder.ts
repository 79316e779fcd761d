import { readdir } from 'node:fs/promises'
import { type AuthenticationCreds, type ILogger, KurirError, type SignalDataSet, useMultiFileAuthState } from 'kurir'
import type { SignalDataType } from 'kurir/signal'

export interface AuthFolder {
  readonly creds: AuthenticationCreds
  readonly keys: SignalDataSet
  /** Key records. */
  readonly records: number
}

/** All of them: one that is forgotten does not compile. */
const knownTypes: Readonly<Record<SignalDataType, true>> = {
  'app-state-ledger': true,
  'app-state-sync-key': true,
  'app-state-sync-version': true,
  'device-list': true,
  'device-record': true,
  'history-sync': true,
  'identity-key': true,
  inbox: true,
  'lid-mapping': true,
  'message-secret': true,
  outbox: true,
  'pre-key': true,
  'sender-key': true,
  'sender-key-memory': true,
  session: true,
  'signed-pre-key': true,
  tctoken: true,
}
/** The longest name first: `sender-key-memory-…` is no `sender-key`. */
const types = (Object.keys(knownTypes) as SignalDataType[]).sort((left, right) => right.length - left.length)
const READ_AT_ONCE = 200

/**
 * Everything in an auth folder of Baileys or of Kurir. The folder stays as it is and is not used by anybody while it is
 * read.
 *
 * @throws KurirError `not-an-auth-folder` (400): it has no creds.json; what `useMultiFileAuthState` throws
 */
export async function readAuthFolder(folder: string, logger: ILogger): Promise<AuthFolder> {
  const names = await readdir(folder).catch((): string[] => [])
  if (!names.includes('creds.json')) {
    throw new KurirError('not-an-auth-folder', `There is no creds.json in ${folder}`, {
      statusCode: 400,
      data: { folder },
    })
  }
  // Opening and closing it brings the files up to date with the journal of a process that was killed.
  await (await useMultiFileAuthState(folder, { logger })).close()
  const { state, close } = await useMultiFileAuthState(folder, { logger })
  try {
    const keys: Record<string, Record<string, unknown>> = {}
    let records = 0
    for (const [type, ids] of idsByType(await readdir(folder))) {
      for (let start = 0; start < ids.length; start += READ_AT_ONCE) {
        const found = await state.keys.get(type, ids.slice(start, start + READ_AT_ONCE))
        for (const [id, value] of Object.entries(found)) {
          if (value === null) continue
          keys[type] ??= {}
          keys[type][id] = value
          records += 1
        }
      }
    }
    return { creds: state.creds, keys: keys as SignalDataSet, records }
  } finally {
    await close()
  }
}

function idsByType(names: readonly string[]): Map<SignalDataType, string[]> {
  const ids = new Map<SignalDataType, string[]>()
  for (const name of names) {
    const type = types.find(each => name.startsWith(`${each}-`))
    if (type === undefined || !name.endsWith('.json')) continue
    const known = ids.get(type) ?? []
    known.push(idOf(type, name.slice(type.length + 1, -'.json'.length)))
    ids.set(type, known)
  }
  return ids
}

/**
 * A file name has lost what a name must not contain: `/` became `__` and `:` became `-` (docs/protocol/01 §9.1). Slashes
 * occur in the ids of app-state keys, which are base64, and double colons between the parts of a sender-key id, whose
 * group may itself contain dashes.
 */
function idOf(type: SignalDataType, fileName: string): string {
  if (type === 'app-state-sync-key') return fileName.replaceAll('__', '/')
  return type === 'sender-key' ? fileName.replace(/^(.+@.+?)--(.+)--(\d+)$/, '$1::$2::$3') : fileName
}
