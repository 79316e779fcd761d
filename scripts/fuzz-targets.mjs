import { performance } from 'node:perf_hooks'
import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SeededRandom } from '@kurir/simulator'
import { KurirError } from 'kurir/errors'
import { appStateTargets } from './fuzz/app-state-targets.mjs'
import { historyTargets } from './fuzz/history-targets.mjs'
import { mediaTargets } from './fuzz/media-targets.mjs'
import { messageTargets } from './fuzz/message-targets.mjs'
import { signalTargets } from './fuzz/signal-targets.mjs'
import { storageTargets } from './fuzz/storage-targets.mjs'
import { wireTargets } from './fuzz/wire-targets.mjs'

/**
 * Everything that reads bytes, stanzas or text of others. A target has a name, its share of the cases, `make` for an
 * input, `run` for what must end well or with a KurirError, and where it needs them `prepare` and `end`.
 */
export const fuzzTargets = [
  ...wireTargets,
  ...messageTargets,
  ...historyTargets,
  ...appStateTargets,
  ...mediaTargets,
  ...signalTargets,
  ...storageTargets,
]

/** No single case may take longer; what is left over is for a busy machine. */
const SLOWEST_MS = 2000
/** Memory that a target may keep when its cases are over: caches fill up to their limits. */
const GROWTH_BYTES = 64 * 1024 * 1024

/**
 * Runs `cases` cases, divided among the targets by their shares.
 *
 * @param options.targets names to run; all when absent
 * @param options.onResult told of each target when it is through
 * @returns what happened, by target; `failures` has at most one entry for each
 */
export async function fuzz({ cases, seed, targets, onResult = () => {} }) {
  const chosen = fuzzTargets.filter(({ name }) => targets === undefined || targets.includes(name))
  const total = chosen.reduce((sum, { share }) => sum + share, 0)
  const results = []
  for (const target of chosen) {
    const result = await runTarget(target, Math.max(10, Math.round((cases * target.share) / total)), seed)
    results.push(result)
    onResult(result)
  }
  return results
}

/** Runs one target; see {@link fuzz}. */
export async function runTarget(target, cases, seed) {
  const context = await target.prepare?.()
  const warmUp = Math.min(cases, Math.max(10, Math.round(cases / 5)))
  const result = {
    name: target.name,
    cases: 0,
    seconds: 0,
    refused: 0,
    slowestMs: 0,
    growthBytes: 0,
    failure: undefined,
  }
  let before = 0
  try {
    for (let index = 0; index < cases && result.failure === undefined; index += 1) {
      if (index === warmUp) before = await usedMemory()
      await runCase(target, context, `${seed} ${target.name} ${index}`, result)
    }
    if (before > 0) result.growthBytes = (await usedMemory()) - before
    if (result.growthBytes > GROWTH_BYTES) result.failure ??= `kept ${result.growthBytes} bytes`
  } finally {
    await target.end?.(context)
  }
  return result
}

async function runCase(target, context, name, result) {
  const input = target.make(new SeededRandom(name), context)
  const began = performance.now()
  let error
  try {
    const running = target.run(input, context)
    if (running instanceof Promise) await running
  } catch (thrown) {
    error = thrown
  }
  const took = performance.now() - began
  result.cases += 1
  result.seconds += took / 1000
  result.slowestMs = Math.max(result.slowestMs, took)
  if (error !== undefined && KurirError.is(error)) result.refused += 1
  else if (error !== undefined) result.failure = `${name}: ${error?.stack ?? inspect(error)}\ninput: ${describe(input)}`
  if (took > SLOWEST_MS) result.failure ??= `${name}: took ${Math.round(took)} ms\ninput: ${describe(input)}`
}

function describe(input) {
  if (input instanceof Uint8Array) return `hex ${Buffer.from(input).toString('hex')}`
  return inspect(input, { depth: 12, maxArrayLength: 500, maxStringLength: 5000, breakLength: 120 })
}

let collect

async function usedMemory() {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc')
  }
  // Finalizers and pools give back their memory a turn later.
  for (let round = 0; round < 3; round += 1) {
    collect()
    await new Promise(resolve => setImmediate(resolve))
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}
