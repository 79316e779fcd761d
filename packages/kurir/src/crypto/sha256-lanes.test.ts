import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  laneCount,
  lanesBlockLength,
  lanesFreeMemory,
  lanesInitialState,
  lanesStateLength,
  lanesWord,
  makeSha256Lanes,
  type Sha256Lanes,
} from './sha256-lanes.js'

/** Fails where the engine has no vector instructions: then nothing here would be tested. */
function lanesOf(): Sha256Lanes {
  const lanes = makeSha256Lanes()
  if (lanes === undefined) throw new Error('no vector instructions')
  return lanes
}

const block = lanesFreeMemory
const state = block + lanesBlockLength
const sums = state + lanesStateLength

/** A message of up to 55 bytes with its padding: one block. */
function padded(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.set(message)
  bytes[message.byteLength] = 0x80
  bytes.writeUInt32BE(8 * message.byteLength, 60)
  return bytes
}

function hashAll(lanes: Sha256Lanes, messages: readonly Uint8Array[], mask = 0): Buffer[] {
  messages.forEach((message, lane) => {
    const bytes = padded(message)
    for (let word = 0; word < 16; word++) lanes.words[lanesWord(block, word, lane)] = bytes.readInt32BE(4 * word) ^ mask
  })
  lanes.compress(block, mask, lanesInitialState, state)
  return messages.map((_, lane) => {
    const digest = Buffer.alloc(32)
    for (let word = 0; word < 8; word++) digest.writeInt32BE(lanes.words[lanesWord(state, word, lane)]!, 4 * word)
    return digest
  })
}

const four = fc.tuple(...Array.from({ length: laneCount }, () => fc.uint8Array({ maxLength: 55 })))

describe('SHA-256 over four messages at once', () => {
  it('agrees with node:crypto in every lane', () => {
    const lanes = lanesOf()
    fc.assert(
      fc.property(four, fc.constantFrom(0, 0x36363636, 0x5c5c5c5c | 0), (messages, mask) => {
        expect(hashAll(lanes, messages, mask)).toEqual(messages.map(message => hash('sha256', message, 'buffer')))
      }),
    )
  })

  it('goes on from any state, and writes over what it reads', () => {
    const lanes = lanesOf()
    hashAll(lanes, [Buffer.of(1), Buffer.of(2), Buffer.of(3), Buffer.of(4)])
    const other = sums + lanesStateLength
    lanes.compress(block, 0, state, other)
    const expected = lanes.words.slice(other >> 2, (other + lanesStateLength) >> 2)
    lanes.compress(block, 0, state, block)
    expect(lanes.words.slice(block >> 2, (block + lanesStateLength) >> 2)).toEqual(expected)
  })

  it('adds hashes up as little-endian numbers of 16 bits', () => {
    const lanes = lanesOf()
    const total = Array.from({ length: laneCount }, () => Array<number>(16).fill(0))
    for (let turn = 0; turn < 5; turn++) {
      const hashes = hashAll(lanes, [Buffer.of(turn), Buffer.of(turn, 1), Buffer.of(turn, 2), Buffer.of(turn, 3)])
      hashes.forEach((bytes, lane) => {
        total[lane] = total[lane]!.map((sum, index) => (sum + bytes.readUInt16LE(2 * index)) & 0xffff)
      })
      lanes.accumulate(state, sums)
    }
    const found = total.map((numbers, lane) =>
      numbers.map((_, index) => {
        const word = lanes.words[lanesWord(sums, index >> 1, lane)]!
        return index % 2 === 0 ? word & 0xffff : word >>> 16
      }),
    )
    expect(found).toEqual(total)
  })
})
