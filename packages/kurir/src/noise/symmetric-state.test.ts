import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { NOISE_MODE, noiseFallbackMode, noiseResumeMode } from './constants.js'
import { SymmetricState } from './symmetric-state.js'

interface Step {
  readonly step: string
  readonly h: string
  readonly sharedSecret?: string
  readonly plaintext?: string
  readonly ciphertext?: string
}
interface Transcript {
  readonly steps: readonly Step[]
  readonly clientToServerKey: string
  readonly serverToClientKey: string
}

const hex = (text: string) => Buffer.from(text, 'hex')
const vectorFile = new URL('../../../../tests/fixtures/vectors/01-noise.json', import.meta.url)
const vectors: {
  keys: Record<string, { public: string }>
  XX: Transcript
  IK: Transcript
  XXfallback: Transcript
} = JSON.parse(readFileSync(vectorFile, 'utf8'))

const hashed: Record<string, string> = {
  'mixHash(client ephemeral)': 'clientEphemeral',
  'mixHash(server ephemeral)': 'serverEphemeral',
  'mixHash(server static) [pre-message]': 'serverStatic',
}

/** Repeats every operation of a transcript after the first two, which the constructor performs. */
function replay(mode: string, transcript: Transcript): void {
  const state = new SymmetricState(mode)
  expect(state.hash.toString('hex'), 'prologue').toBe(transcript.steps[1]?.h)
  for (const step of transcript.steps.slice(2)) {
    const key = vectors.keys[hashed[step.step] ?? '']
    if (key !== undefined) state.mixHash(hex(key.public))
    else if (step.sharedSecret !== undefined) state.mixKey(hex(step.sharedSecret))
    else expect(state.encrypt(hex(step.plaintext ?? '')).toString('hex'), step.step).toBe(step.ciphertext)
    expect(state.hash.toString('hex'), step.step).toBe(step.h)
  }
  const keys = state.split()
  expect(keys.initiatorToResponder.toString('hex')).toBe(transcript.clientToServerKey)
  expect(keys.responderToInitiator.toString('hex')).toBe(transcript.serverToClientKey)
}

describe('01-noise.json, step by step', () => {
  it('XX', () => replay(NOISE_MODE, vectors.XX))
  it('IK', () => replay(noiseResumeMode, vectors.IK))
  it('XXfallback, whose name is hashed since it is longer than a hash', () =>
    replay(noiseFallbackMode, vectors.XXfallback))
})
