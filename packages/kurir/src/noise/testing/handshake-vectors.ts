/** The keys and messages of 01-noise.json, and both sides of the handshake set up with them. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { KeyPair } from '../../crypto/curve.js'
import { NoiseInitiator, type NoiseInitiatorOptions, type NoiseInitiatorResult } from '../initiator.js'
import { NoiseResponder, type NoiseResponderOptions } from '../responder.js'

interface HexPair {
  readonly private: string
  readonly public: string
}
interface Transcript {
  readonly clientHelloMessage: string
  readonly firstWireBytes: string
  readonly serverHelloMessage: string
  readonly serverHelloWire: string
  readonly clientFinishMessage: string
  readonly clientFinishWire: string
  readonly transport: readonly { direction: string; plaintext: string; wire: string }[]
}

export const hex = (text: string) => Buffer.from(text, 'hex')
const vectorFile = new URL('../../../../../tests/fixtures/vectors/01-noise.json', import.meta.url)
export const vectors: {
  keys: Record<
    'clientEphemeral' | 'clientStatic' | 'serverEphemeral' | 'serverStatic' | 'root' | 'intermediate',
    HexPair
  >
  certificates: { certChain: string }
  clientPayload: string
  XX: Transcript
  IK: Transcript
  XXfallback: Transcript
  edgeRouting: { routingInfo: string; firstWireBytes: string }
} = JSON.parse(readFileSync(vectorFile, 'utf8'))

const pairOf = (pair: HexPair): KeyPair => ({ public: hex(pair.public), private: hex(pair.private) })
export const { keys } = vectors
export const payload = hex(vectors.clientPayload)
const chain = hex(vectors.certificates.certChain)
export const trust = {
  root: { publicKey: hex(keys.root.public), serial: 0 },
  now: () => 1_800_000_000_000,
}
export const serverStatic = hex(keys.serverStatic.public)

export const client = (options: Partial<NoiseInitiatorOptions> = {}) =>
  NoiseInitiator.start({
    staticKeyPair: pairOf(keys.clientStatic),
    ephemeral: pairOf(keys.clientEphemeral),
    trust,
    ...options,
  })
export const server = (options: Partial<NoiseResponderOptions> = {}) =>
  new NoiseResponder({
    staticKeyPair: pairOf(keys.serverStatic),
    ephemeral: pairOf(keys.serverEphemeral),
    certificateChain: chain,
    ...options,
  })
export const code = (value: string) => expect.objectContaining({ code: value })
export const bodyOf = (frame: Buffer) => frame.subarray(3)
export const helloBody = (initiator: NoiseInitiator) => initiator.hello.subarray(4 + 3)

export function finishNeeded(result: NoiseInitiatorResult) {
  if (result.kind !== 'finish') throw new Error(`unexpected ${result.kind}`)
  return result
}
