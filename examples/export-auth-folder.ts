/**
 * Writes a copy of an auth folder that Baileys 7 can open: the way back.
 *
 *   npx tsx examples/export-auth-folder.ts <folder of Kurir> <new folder>
 *
 * Stop the program that uses the folder first, and do not let it connect again: two programs that go on from one state
 * break each other's sessions. Sender keys are left out; members of groups are asked for them anew.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BufferJSON, useMultiFileAuthState } from 'kurir'
import { decodeSessionRecord, toLibsignalRecord } from 'kurir/signal'

/** Kinds of records that Baileys reads in the form in which Kurir writes them. */
const copied = [
  'app-state-sync-key',
  'app-state-sync-version',
  'creds',
  'device-list',
  'identity-key',
  'lid-mapping',
  'pre-key',
  'tctoken',
]

const [source, target] = process.argv.slice(2)
if (source === undefined || target === undefined) {
  console.error('usage: export-auth-folder <folder of Kurir> <new folder>')
  process.exit(2)
}

// Finishes what the journal still holds, and makes sure that no other process uses the folder.
await (await useMultiFileAuthState(source)).close()

await mkdir(target)
let sessions = 0
for (const file of await readdir(source)) {
  if (!file.endsWith('.json')) continue
  const text = await readFile(join(source, file), 'utf8')
  if (file.startsWith('session-')) {
    await writeFile(join(target, file), sessionOfBaileys(text))
    sessions += 1
  } else if (copied.some(kind => file === `${kind}.json` || file.startsWith(`${kind}-`))) {
    await writeFile(join(target, file), text)
  }
}
console.log(`${target}: credentials and ${sessions} sessions`)

/** Sessions that Kurir has not touched yet are still as Baileys wrote them. */
function sessionOfBaileys(text: string): string {
  const record: unknown = JSON.parse(text, BufferJSON.reviver)
  if (!(record instanceof Uint8Array)) return text
  return JSON.stringify(toLibsignalRecord(decodeSessionRecord(record)), BufferJSON.replacer)
}
