/**
 * Measures the same work done by several libraries in one run, alternating, and reports medians as ratios: an absolute
 * time says more about the machine than about the code.
 *
 * @typedef {object} Contender
 * @property {() => unknown | Promise<unknown>} run  One round of work.
 * @property {() => unknown | Promise<unknown>} [before]  Preparation of a round, not timed.
 * @property {() => unknown | Promise<unknown>} [after]  Clearing up after a round, not timed.
 *
 * @typedef {object} Comparison
 * @property {string} name
 * @property {string} unit  What the figures count, e.g. `operations/s`.
 * @property {number} operations  Operations in one round.
 * @property {number} [target]  Wanted ratio against Baileys, or against the peer that `against` names.
 * @property {string} [against]
 * @property {Contender} kurir
 * @property {Record<string, Contender>} peers
 */

export const ROUNDS = 7
/** Rounds before the measured ones: code that runs for hours is measured warm, in every contender. */
const WARM_UP = 3

export const median = values => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Runs every contender in turn, `rounds` times after warming up, and returns a row with operations per second.
 *
 * @param {Comparison} comparison
 */
export const compare = async (comparison, rounds = ROUNDS) => {
  const contenders = { kurir: comparison.kurir, ...comparison.peers }
  const times = Object.fromEntries(Object.keys(contenders).map(name => [name, []]))
  for (let round = -WARM_UP; round < rounds; round += 1) {
    for (const [name, contender] of Object.entries(contenders)) {
      await contender.before?.()
      const started = process.hrtime.bigint()
      await contender.run()
      const seconds = Number(process.hrtime.bigint() - started) / 1e9
      await contender.after?.()
      if (round >= 0) times[name].push(seconds)
    }
  }
  const perSecond = Object.fromEntries(
    Object.entries(times).map(([name, values]) => [name, comparison.operations / median(values)]),
  )
  return row(comparison, perSecond, (kurir, peer) => kurir / peer)
}

/** A row for figures where smaller is better (time, memory): the ratio still says how much better Kurir is. */
export const smallerIsBetter = (comparison, figures) => row(comparison, figures, (kurir, peer) => peer / kurir)

const row = ({ name, unit, target, against }, { kurir, ...peers }, ratioOf) => ({
  name,
  unit,
  kurir,
  peers,
  ratio: Object.fromEntries(Object.entries(peers).map(([peer, value]) => [peer, ratioOf(kurir, value)])),
  ...(target === undefined ? {} : { target }),
  ...(against === undefined ? {} : { against }),
})

const PEERS = ['baileys', 'zapo', 'openssl']

const figure = value => (value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3))

/** Prints the rows as a table; a row that misses its target says so. */
export const printTable = rows => {
  const lines = rows.map(({ name, unit, kurir, peers, ratio, target, against = 'baileys' }) => [
    name,
    unit,
    figure(kurir),
    ...PEERS.flatMap(peer =>
      peers[peer] === undefined ? ['', ''] : [figure(peers[peer]), `${ratio[peer].toFixed(2)}x`],
    ),
    target === undefined ? '' : `${target}x ${ratio[against] >= target ? 'met' : 'missed'}`,
  ])
  const header = ['benchmark', 'unit', 'kurir', ...PEERS.flatMap(peer => [peer, 'ratio']), 'target']
  const widths = header.map((title, column) => Math.max(title.length, ...lines.map(line => line[column].length)))
  const format = line =>
    line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ')
  console.log(format(header))
  console.log(widths.map(width => '-'.repeat(width)).join('  '))
  for (const line of lines) console.log(format(line))
}
