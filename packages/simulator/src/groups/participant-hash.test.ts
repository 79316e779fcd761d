import { describe, expect, it } from 'vitest'
import { readVectors } from '../testing/vectors.js'
import { participantHash } from './participant-hash.js'

interface Vectors {
  readonly cases: readonly { readonly id: string; readonly devices: readonly string[]; readonly phash: string }[]
}

describe('participant hash (docs/protocol/02 §4.5)', () => {
  it.each(readVectors<Vectors>('02-phash.json').cases.map(({ id, devices, phash }) => [id, devices, phash] as const))(
    '%s',
    (_, devices, phash) => {
      expect(participantHash(devices)).toBe(phash)
    },
  )
})
