import { hkdfSync, randomBytes } from 'node:crypto'
import { KurirError } from 'kurir'
import { bytes } from '../sql/rows.js'
import type { Sql, SqlDatabase } from '../sql/sql.js'
import { makeVault, type Vault } from './vault.js'

const ROW = 'key'
const KEY_LENGTH = 32

/**
 * The vault of a store. What the store holds is encrypted with a random key of its own, and only that one with the key
 * that the program is given: so a wrong key is noticed at once, and a new one means one row.
 *
 * @throws KurirError `store-wrong-key` (403)
 */
export async function openVault(database: SqlDatabase, key: Uint8Array): Promise<Vault> {
  const known = await database.read(readRow)
  if (known !== undefined) return unwrap(known, key)
  const stored = await database.transaction(async sql => {
    const fresh = wrapping(key).seal(randomBytes(KEY_LENGTH), ROW)
    // Another process may have been faster.
    await sql.run('INSERT INTO store_facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING', ROW, fresh)
    return await readRow(sql)
  })
  return unwrap(stored ?? new Uint8Array(), key)
}

/**
 * Encrypts the store's own key for another key. From then on the store opens with the new one only.
 *
 * @throws KurirError `store-wrong-key` (403)
 */
export async function changeKey(database: SqlDatabase, from: Uint8Array, to: Uint8Array): Promise<void> {
  await database.transaction(async sql => {
    const inner = openInner((await readRow(sql)) ?? new Uint8Array(), from)
    await sql.run('UPDATE store_facts SET value = ? WHERE name = ?', wrapping(to).seal(inner, ROW), ROW)
  })
}

async function readRow(sql: Sql): Promise<Uint8Array | undefined> {
  const row = await sql.get('SELECT value FROM store_facts WHERE name = ?', ROW)
  return row && bytes(row, 'value')
}

const unwrap = (wrapped: Uint8Array, key: Uint8Array): Vault => makeVault(openInner(wrapped, key))

function openInner(wrapped: Uint8Array, key: Uint8Array): Buffer {
  try {
    return wrapping(key).open(wrapped, ROW)
  } catch (cause) {
    throw new KurirError(
      'store-wrong-key',
      'The encryption key is not the one that this store was made with: look for the former KURIR_STORE_KEY or key ' +
        'file. Without it the sessions have to be linked again, in a new store',
      { statusCode: 403, cause },
    )
  }
}

const wrapping = (key: Uint8Array): Vault =>
  makeVault(Buffer.from(hkdfSync('sha256', key, 'kurir', 'kurir store key', KEY_LENGTH)))
