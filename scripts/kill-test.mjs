/** The kill test with other numbers: `npm run test:kill -- --kills 300 [--messages 3000] [--seed text]`. */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { kills: { type: 'string' }, messages: { type: 'string' }, seed: { type: 'string' } },
})
const env = { ...process.env }
for (const [name, value] of Object.entries(values)) env[`KURIR_${name.toUpperCase()}`] = value
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'kill'], { stdio: 'inherit', env })
process.exit(status ?? 1)
