import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { KurirError } from 'kurir'

/** Where the key that encrypts the store comes from; the first one that is given counts. */
export interface KeySources {
  /** 32 bytes, or their text in base64 or hex. */
  readonly encryptionKey?: Uint8Array | string | undefined
  /** A file with such a text. */
  readonly keyFile?: string | undefined
  /** `KURIR_STORE_KEY`, and `KURIR_STORE_KEY_FILE` for the path of a file. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  /** Used when nothing else is given. */
  readonly generatedFile?: string | undefined
  /** That file may be made, with a random key: there is no store yet that needs another one. */
  readonly mayGenerate?: boolean
}

const KEY_LENGTH = 32

/**
 * The key of a store.
 *
 * @throws KurirError `invalid-store-key` (400): what is given is not 32 bytes; `store-key-missing` (400): nothing is
 *   given, or the file that is named does not exist
 */
export async function findEncryptionKey(sources: KeySources): Promise<Buffer> {
  const { encryptionKey, keyFile, environment, generatedFile, mayGenerate = false } = sources
  if (encryptionKey !== undefined) return parseKey(encryptionKey, 'encryptionKey')
  if (keyFile !== undefined) return await readKeyFile(keyFile)
  const text = environment?.['KURIR_STORE_KEY']
  if (text !== undefined && text !== '') return parseKey(text, 'KURIR_STORE_KEY')
  const named = environment?.['KURIR_STORE_KEY_FILE']
  if (named !== undefined && named !== '') return await readKeyFile(named)
  if (generatedFile !== undefined) return await (mayGenerate ? readOrMake(generatedFile) : readKeyFile(generatedFile))
  throw new KurirError(
    'store-key-missing',
    'The store needs a key to encrypt its secrets: set KURIR_STORE_KEY to 32 random bytes in base64 ' +
      '(openssl rand -base64 32), or KURIR_STORE_KEY_FILE to a file with them, and keep a copy',
    { statusCode: 400 },
  )
}

/** The error never quotes what was given. */
function parseKey(given: Uint8Array | string, source: string): Buffer {
  const key = typeof given === 'string' ? bytesOf(given.trim()) : Buffer.from(given)
  if (key?.byteLength === KEY_LENGTH) return key
  throw new KurirError(
    'invalid-store-key',
    `The key from ${source} is not 32 bytes in base64 or hex. Make one with: openssl rand -base64 32`,
    { statusCode: 400, data: { source } },
  )
}

function bytesOf(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

async function readKeyFile(path: string): Promise<Buffer> {
  const text = await readIfPresent(path)
  if (text !== undefined) return parseKey(text, path)
  throw new KurirError('store-key-missing', `The file with the key of the store, ${path}, does not exist`, {
    statusCode: 400,
    data: { path },
  })
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Written aside and linked, so that of two processes that start together both use the key of one. */
async function readOrMake(path: string): Promise<Buffer> {
  const known = await readIfPresent(path)
  if (known !== undefined) return parseKey(known, path)
  await mkdir(dirname(path), { recursive: true })
  const aside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  const file = await open(aside, 'wx', 0o600)
  try {
    await file.writeFile(`${randomBytes(KEY_LENGTH).toString('base64')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(aside, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(aside, { force: true })
  }
  return await readKeyFile(path)
}
