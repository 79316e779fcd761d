import { execFileSync } from 'node:child_process'
import { median, ROUNDS, smallerIsBetter } from '../harness.mjs'

/** Time and resident memory of a process that imports one library and does nothing else. */
const PROBE = `
  const started = process.hrtime.bigint()
  const target = process.argv[1]
  if (target !== 'nothing') await import(target)
  const milliseconds = Number(process.hrtime.bigint() - started) / 1e6
  console.log(JSON.stringify({ milliseconds, megabytes: process.memoryUsage().rss / 2 ** 20 }))
`

const probe = target => {
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', PROBE, '--', target], {
    encoding: 'utf8',
  })
  return JSON.parse(output)
}

export const measure = async () => {
  const samples = { kurir: [], baileys: [], zapo: [] }
  const specifiers = { kurir: 'kurir', baileys: 'baileys', zapo: 'zapo-js' }
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [name, specifier] of Object.entries(specifiers)) {
      const sample = probe(specifier)
      if (round >= 0) samples[name].push(sample)
    }
  }
  const figures = key =>
    Object.fromEntries(Object.entries(samples).map(([name, list]) => [name, median(list.map(sample => sample[key]))]))
  return [
    smallerIsBetter({ name: 'cold import, time', unit: 'ms', target: 2 }, figures('milliseconds')),
    smallerIsBetter({ name: 'cold import, memory of the process', unit: 'MiB', target: 2 }, figures('megabytes')),
  ]
}
