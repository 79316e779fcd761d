/**
 * A process that writes to an auth folder without pause until it is killed (multi-file.kill.test.ts). It reports each
 * write that was confirmed, by a synchronous write to its output, so that nothing confirmed goes unreported.
 */
import { writeSync } from 'node:fs'
import { useMultiFileAuthState } from '../multi-file.js'

const [folder = '', start = '0'] = process.argv.slice(2)
const auth = await useMultiFileAuthState(folder, { checkpointAfterMs: 1 })
const { creds, keys } = auth.state
// Large enough that the journal reaches its limit, and files are updated, while writes go on.
const filler = 'x'.repeat(30_000)

async function writeRecords(name: string): Promise<void> {
  for (let round = Number(start) + 1; ; round++) {
    const value = Buffer.from(`${round} ${filler}`)
    await keys.set({
      session: { [`${name}.1`]: value, [`${name}.2`]: value },
      'sender-key': { [`${name}::x`]: value },
      'lid-mapping': { [name]: String(round) },
      'pre-key': {
        [`${name}${round}`]: { public: Buffer.alloc(32), private: Buffer.alloc(32) },
        [`${name}${round - 1}`]: null,
      },
    })
    writeSync(1, `${name} ${round}\n`)
  }
}

async function writeCredentials(): Promise<void> {
  for (let round = Number(start) + 1; ; round++) {
    creds.nextPreKeyId = round
    creds.accountSyncCounter = round
    await auth.saveCreds()
    writeSync(1, `creds ${round}\n`)
  }
}

await Promise.all([writeRecords('1'), writeRecords('2'), writeRecords('3'), writeCredentials()])
