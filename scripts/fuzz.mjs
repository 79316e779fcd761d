/**
 * `npm run fuzz`: random, mutated and truncated inputs for everything that reads what others send. Nothing but a
 * KurirError may come out, quickly, and without growth.
 *
 * `npm run fuzz -- --cases 50000 --seed 7 --target "node decoder"`
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { fuzz, fuzzTargets } from './fuzz-targets.mjs'

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: randomBytes(4).toString('hex') },
    target: { type: 'string', multiple: true },
  },
})
const cases = Number(values.cases)
const unknown = values.target?.find(name => !fuzzTargets.some(target => target.name === name))
if (!Number.isSafeInteger(cases) || cases < 1 || unknown !== undefined) {
  console.error(
    `usage: npm run fuzz -- [--cases N] [--seed S] [--target "${fuzzTargets.map(({ name }) => name).join('" | "')}"]`,
  )
  process.exit(2)
}

const began = performance.now()
console.log(`seed ${values.seed}`)
console.log(
  `${'target'.padEnd(34)}${'cases'.padStart(9)}${'cases/s'.padStart(10)}${'refused'.padStart(9)}${'slowest'.padStart(10)}${'growth'.padStart(10)}`,
)
const results = await fuzz({
  cases,
  seed: values.seed,
  ...(values.target && { targets: values.target }),
  onResult({ name, cases: ran, seconds, refused, slowestMs, growthBytes, failure }) {
    const columns = [
      name.padEnd(34),
      String(ran).padStart(9),
      String(Math.round(ran / Math.max(seconds, 1e-6))).padStart(10),
      `${Math.round((100 * refused) / ran)} %`.padStart(9),
      `${slowestMs.toFixed(1)} ms`.padStart(10),
      `${(growthBytes / 2 ** 20).toFixed(1)} MiB`.padStart(10),
    ]
    console.log(columns.join(''), failure === undefined ? '' : '  FAILED')
  },
})
const failures = results.flatMap(({ failure }) => failure ?? [])
for (const failure of failures) console.error(`\n${failure}`)
const ran = results.reduce((sum, result) => sum + result.cases, 0)
console.log(`${ran} cases, ${failures.length} failed, ${((performance.now() - began) / 1000).toFixed(1)} s`)
process.exitCode = failures.length === 0 ? 0 : 1
