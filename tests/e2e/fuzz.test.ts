import { KurirError } from 'kurir/errors'
import { describe, expect, it } from 'vitest'
import { fuzz, fuzzTargets, runTarget } from '../../scripts/fuzz-targets.mjs'

/** `npm run fuzz` runs a million of these; here are 50,000. `KURIR_SEED` repeats a run that failed. */
const CASES = 50_000
const seed = process.env['KURIR_SEED'] ?? 'ci'

describe('hostile input: nothing but typed errors, no hang, no growth', () => {
  const total = fuzzTargets.reduce((sum, { share }) => sum + share, 0)

  it.each(fuzzTargets.map(({ name, share }) => [name, Math.ceil((CASES * share) / total)] as const))(
    '%s, %i cases',
    async (name, cases) => {
      const [result] = await fuzz({ cases, seed, targets: [name] })
      expect(result?.failure).toBeUndefined()
      expect(result?.cases).toBeGreaterThanOrEqual(cases)
    },
    30_000,
  )
})

describe('the fuzzer itself', () => {
  const target = (run: (input: Buffer) => unknown) => ({ name: 'probe', share: 1, make: () => Buffer.of(1, 2), run })

  it('takes typed errors for refusals and everything else for a failure, with what repeats it', async () => {
    const refusing = await runTarget(
      target(() => {
        throw new KurirError('no', 'No')
      }),
      20,
      's',
    )
    expect(refusing).toMatchObject({ cases: 20, refused: 20, failure: undefined })
    const failing = target(input => JSON.parse(input.toString()))
    expect((await runTarget(failing, 20, 's')).failure).toMatch(/^s probe 0: SyntaxError[\s\S]*input: hex 0102$/)
    const rejecting = await runTarget(
      target(() => Promise.reject(new TypeError('late'))),
      20,
      's',
    )
    expect(rejecting.failure).toContain('TypeError: late')
  })

  it('notices what is kept', async () => {
    const kept: Buffer[] = []
    const hoarding = await runTarget(
      target(() => kept.push(Buffer.alloc(4 * 1024 * 1024, 1))),
      40,
      's',
    )
    expect(hoarding.failure).toMatch(/^kept \d+ bytes$/)
  })

  it('makes the same inputs from the same seed', async () => {
    const inputs = async (seed: string) => {
      const seen: number[] = []
      await runTarget(
        { name: 'probe', share: 1, make: random => random.uint32(), run: input => seen.push(input) },
        30,
        seed,
      )
      return seen
    }
    expect(await inputs('a')).toEqual(await inputs('a'))
    expect(await inputs('a')).not.toEqual(await inputs('b'))
  })
})
