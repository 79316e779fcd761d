/**
 * `npm run bench [-- --only binary,signal]`: compares Kurir with the published Baileys and zapo-js in one run. Prints a
 * table and writes benchmarks/results/latest.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { printTable } from './harness.mjs'

const SUITES = [
  'binary',
  'noise',
  'proto',
  'signal',
  'media',
  'messages',
  'history',
  'app-state',
  'import',
  'end-to-end',
  'groups',
  'files',
  'socket-mode',
]

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const chosen = values.only ? values.only.split(',') : SUITES
const unknown = chosen.filter(name => !SUITES.includes(name))
if (unknown.length > 0) {
  console.error(`No such suite: ${unknown.join(', ')}. There are: ${SUITES.join(', ')}`)
  process.exit(2)
}

const rows = []
for (const name of chosen) {
  console.error(`measuring ${name} …`)
  const { measure } = await import(`./suites/${name}.mjs`)
  rows.push(...(await measure()))
}

printTable(rows)
const results = fileURLToPath(new URL('results/', import.meta.url))
mkdirSync(results, { recursive: true })
writeFileSync(`${results}latest.json`, `${JSON.stringify(rows, null, 2)}\n`)
process.exit(0)
