import { describe, expect, it } from 'vitest'
import { readVectors } from '../binary/testing/vectors.js'
import { bigEndianNumber, encodeBigEndian } from './big-endian.js'

interface Encodings {
  readonly bigEndian: readonly { readonly value: number; readonly bytes: number; readonly hex: string }[]
}
interface Digest {
  readonly registration: { readonly value: number; readonly bytes: string }
  readonly signedPreKey: { readonly id: number; readonly idBytes: string }
  readonly preKeys: readonly { readonly id: number; readonly idBytes: string }[]
}

const digest = readVectors<Digest>('02-key-digest')
const cases = [
  ...readVectors<Encodings>('01-prekeys').bigEndian,
  { value: digest.registration.value, bytes: 4, hex: digest.registration.bytes },
  ...[digest.signedPreKey, ...digest.preKeys].map(({ id, idBytes }) => ({ value: id, bytes: 3, hex: idBytes })),
]

describe('numbers in key stanzas (docs/protocol/02, notation)', () => {
  it.each(cases)('$value in $bytes bytes is $hex, both ways', ({ value, bytes, hex }) => {
    expect(encodeBigEndian(value, bytes).toString('hex')).toBe(hex)
    expect(bigEndianNumber(Buffer.from(hex, 'hex'))).toBe(value)
  })
})
