/**
 * Random changes of app state with other numbers: `npm run test:model -- --changes 10000 [--seed text] [--with baileys]`.
 * Without `--with`, two Kurir clients and a phone; with it, one of the clients is an unmodified Baileys.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { changes: { type: 'string' }, seed: { type: 'string' }, with: { type: 'string' } },
})
const file = values.with === 'baileys' ? 'tests/interop/app-state.test.ts' : 'tests/e2e/app-state-model.test.ts'
const env = { ...process.env }
for (const name of ['changes', 'seed'])
  if (values[name] !== undefined) env[`KURIR_${name.toUpperCase()}`] = values[name]
const { status } = spawnSync('npx', ['vitest', 'run', file, '-t', 'same state'], { stdio: 'inherit', env })
process.exit(status ?? 1)
