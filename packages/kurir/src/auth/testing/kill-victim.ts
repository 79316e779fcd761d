/**
 * A process that writes to an auth folder without pause until it is killed (multi-file.kill.test.ts), or kills itself
 * at a given number of confirmed writes. It reports each write that was confirmed, by a synchronous write to its
 * output, so that nothing confirmed goes unreported.
 */
import { writeSync } from 'node:fs'
import { useMultiFileAuthState } from '../multi-file.js'

const [folder = '', start = '0', confirmations = '0'] = process.argv.slice(2)
const auth = await useMultiFileAuthState(folder, { checkpointAfterMs: 1 })
const { creds, keys } = auth.state
// Large enough that the journal reaches its limit, and files are updated, while writes go on.
const filler = 'x'.repeat(30_000)

let confirmed = 0

function confirm(writer: string, round: number): void {
  writeSync(1, `${writer} ${round}\n`)
  // Dying in the very moment of a confirmation leaves no time for a write that was confirmed too early.
  if (++confirmed === Number(confirmations)) process.kill(process.pid, 'SIGKILL')
}

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
    confirm(name, round)
  }
}

async function writeCredentials(): Promise<void> {
  for (let round = Number(start) + 1; ; round++) {
    creds.nextPreKeyId = round
    creds.accountSyncCounter = round
    await auth.saveCreds()
    confirm('creds', round)
  }
}

await Promise.all([writeRecords('1'), writeRecords('2'), writeRecords('3'), writeCredentials()])
