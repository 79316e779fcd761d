import { expect, it } from 'vitest'
import { killRun } from './kill-run.js'

/**
 * `npm run test:kill -- --kills 300 --messages 3000 --seed mine` does it more often. The seed repeats what is sent and
 * how long each process lives; what it is doing when it dies depends on the machine.
 */
const kills = Number(process.env['KURIR_KILLS'] ?? 40)
const messages = Number(process.env['KURIR_MESSAGES'] ?? kills * 10)
const seed = process.env['KURIR_SEED'] ?? 'kill'

it(`loses nothing when the process is killed ${kills} times`, { timeout: 60_000 + kills * 5000 }, async () => {
  const { counts, ...faults } = await killRun({ seed, kills, messages })
  console.info(`seed ${seed}: ${JSON.stringify(counts)}`)
  expect(faults).toEqual({
    missing: [],
    repeatedUnmarked: [],
    answersLost: [],
    answersTwice: [],
    answersRefused: [],
    unreadable: [],
    violations: [],
  })
  // Otherwise the processes died before there was anything to lose.
  expect(counts.killedWhileOpen).toBeGreaterThan(kills / 3)
})
