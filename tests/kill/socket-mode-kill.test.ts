import { expect, it } from 'vitest'
import { socketModeKillRun } from './socket-mode-run.js'

/** `KURIR_KILLS` and `KURIR_SEED` change it; see `kill.test.ts`. */
const kills = Number(process.env['KURIR_KILLS'] ?? 30)
const seed = process.env['KURIR_SEED'] ?? 'socket mode'

it(`loses nothing when bot and gateway are killed ${kills} times each`, {
  timeout: 120_000 + kills * 10_000,
}, async () => {
  const { counts, ...faults } = await socketModeKillRun({ seed, kills })
  console.info(`seed ${seed}: ${JSON.stringify(counts)}`)
  expect(faults).toEqual({
    missing: [],
    outOfOrder: [],
    repeatedUnmarked: [],
    unanswered: [],
    answeredTwice: [],
    problems: [],
    violations: [],
  })
  // Otherwise there was nothing to lose.
  expect(counts.sent).toBeGreaterThan(kills)
})
