import {
  decodeBinaryNode as decodeByBaileys,
  encodeBinaryNode as encodeByBaileys,
  jidDecode as jidDecodeByBaileys,
  jidEncode as jidEncodeByBaileys,
  jidNormalizedUser as jidNormalizedByBaileys,
} from 'baileys/lib/WABinary/index.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeNode } from './decode.js'
import { encodeBinaryNode } from './encode.js'
import { NodeDecodeError } from './errors.js'
import { type JidServer, jidDecode, jidEncode, jidNormalizedUser } from './jid.js'
import type { BinaryNode } from './node.js'
import { plainNode, readVectors } from './testing/vectors.js'
import { tokenWords } from './tokens.js'

const token = fc.constantFrom(...tokenWords().filter(word => word !== ''))
const digits = fc.stringMatching(/^[0-9]{1,15}$/)
const packable = fc.oneof(fc.stringMatching(/^[0-9.-]{1,140}$/), fc.stringMatching(/^[0-9A-F]{1,140}$/))
const device = fc.integer({ min: 1, max: 255 })
const accountJid = fc
  .tuple(digits, fc.constantFrom<JidServer>('s.whatsapp.net', 'lid', 'hosted', 'hosted.lid'), fc.option(device))
  .map(([user, server, id]) => jidEncode(user, server, id ?? undefined))
const plainJid = fc
  .tuple(digits, fc.constantFrom<JidServer>('g.us', 'broadcast', 'newsletter', 'bot', 'c.us', 'call'))
  .map(([user, server]) => jidEncode(user, server))
const otherJid = fc.oneof(
  fc.tuple(digits, fc.integer({ min: 0, max: 65_535 })).map(([user, id]) => `${user}${id ? `:${id}` : ''}@msgr`),
  fc.tuple(fc.nat(65_535), digits).map(([integrator, user]) => `${integrator}-${user}@interop`),
)
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string({ maxLength: 40 }), token, packable)
/** A value whose text form the wire keeps; what it changes on purpose (device 0) or refuses (agents) is left out. */
const value = fc.oneof(text, accountJid, plainJid, otherJid).filter(isFaithful)

function isFaithful(candidate: string): boolean {
  return Buffer.from(candidate).toString() === candidate && !/:0@/.test(candidate) && !/^\d+_\d+/.test(candidate)
}

const tag = fc.oneof(token, fc.string({ minLength: 1, maxLength: 20 }))
const attrs = fc.dictionary(fc.oneof(token, fc.string({ maxLength: 20 })), value, { maxKeys: 8, noNullPrototype: true })
const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 250, maxLength: 300 }))

const { node } = fc.letrec<{ node: BinaryNode }>(tie => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.record({ tag, attrs }),
    fc.record({ tag, attrs, content: bytes.map(content => Buffer.from(content)) }),
    fc.record({ tag, attrs, content: fc.array(tie('node'), { maxLength: 5 }) }),
  ),
}))

const frames = (): Buffer[] => {
  const { encode, decode } = readVectors<{ encode: { encoded?: string }[]; decode: { frame: string }[] }>(
    '01-binary-nodes',
  )
  return [...encode.map(({ encoded }) => encoded ?? ''), ...decode.map(({ frame }) => frame)].map(frame =>
    Buffer.from(frame, 'hex'),
  )
}

/** Decodes; anything but a node or a typed error fails the test. */
function decodeOrRefuse(frame: Uint8Array): BinaryNode | undefined {
  try {
    return decodeNode(frame)
  } catch (error) {
    if (error instanceof NodeDecodeError) return undefined
    throw error
  }
}

describe('round trip', () => {
  it('gives back every node exactly', () => {
    fc.assert(
      fc.property(node, original => {
        expect(plainNode(decodeNode(encodeBinaryNode(original), { strict: true }))).toStrictEqual(plainNode(original))
      }),
      { numRuns: 500 },
    )
  })

  it('gives back text content as text of some kind', () => {
    fc.assert(
      fc.property(value, content => {
        const decoded = decodeNode(encodeBinaryNode({ tag: 'x', attrs: {}, content }), { strict: true }).content
        expect(typeof decoded === 'string' ? decoded : Buffer.from(decoded as Uint8Array).toString()).toBe(content)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('hostile input', () => {
  it('random bytes: a node or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), frame => {
        decodeOrRefuse(frame)
      }),
      { numRuns: 3000 },
    )
  })

  it('random bytes after a plausible start', () => {
    const start = fc.constantFrom('00f803fc0178', '00f802fc0178', '00f80419fc0178', '00f80219f8', '02789c')
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 100 }), (prefix, rest) => {
        decodeOrRefuse(Buffer.concat([Buffer.from(prefix, 'hex'), rest]))
      }),
      { numRuns: 3000 },
    )
  })

  it('mutated and truncated frames; what still decodes can be encoded again', () => {
    const mutation = fc.record({
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      kind: fc.constantFrom('set', 'insert', 'remove', 'cut'),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...frames()),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (frame, mutations) => {
          let mutated = frame
          for (const { at, byte, kind } of mutations) {
            const index = mutated.length === 0 ? 0 : at % mutated.length
            const end = kind === 'insert' ? index : kind === 'cut' ? mutated.length : index + 1
            const middle = kind === 'set' || kind === 'insert' ? Buffer.of(byte) : Buffer.of()
            mutated = Buffer.concat([mutated.subarray(0, index), middle, mutated.subarray(end)])
          }
          const decoded = decodeOrRefuse(mutated)
          if (decoded !== undefined && !hasAgentJid(decoded)) {
            const again = decodeNode(encodeBinaryNode(decoded), { strict: true })
            expect(plainNode(again)).toStrictEqual(plainNode(asWritten(decoded)))
          }
        },
      ),
      { numRuns: 3000 },
    )
  })
})

/** What encoding changes on purpose: text content without a short form comes back as bytes, device 0 disappears. */
function asWritten({ tag, attrs, content }: BinaryNode): BinaryNode {
  const written: BinaryNode = {
    tag,
    attrs: Object.fromEntries(Object.entries(attrs).map(([k, v]) => [k, textAsWritten(v)])),
  }
  if (content === undefined) return written
  if (Array.isArray(content)) return { ...written, content: content.map(asWritten) }
  if (typeof content !== 'string') return { ...written, content }
  return { ...written, content: decodeNode(encodeBinaryNode({ tag: 'x', attrs: {}, content })).content ?? '' }
}

function textAsWritten(text: string): string {
  return decodeNode(encodeBinaryNode({ tag: 'x', attrs: { v: text } })).attrs['v'] ?? ''
}

function hasAgentJid({ attrs, content }: BinaryNode): boolean {
  const isAgentJid = (text: unknown): boolean => typeof text === 'string' && /^\d+_\d+[:@]/.test(text)
  return (
    Object.values(attrs).some(isAgentJid) ||
    isAgentJid(content) ||
    (Array.isArray(content) && content.some(hasAgentJid))
  )
}

describe('next to Baileys', () => {
  /** Where both follow the same rules: no prototype names, no JIDs that Baileys loses, one `@` at most. */
  const common = fc
    .oneof(text, accountJid, plainJid)
    .filter(
      candidate =>
        isFaithful(candidate) &&
        !(candidate in {}) &&
        (!candidate.includes('@') || /^\d+(:\d+)?@[a-z.]+$/.test(candidate)),
    )
  const commonAttrs = fc.dictionary(fc.oneof(token, fc.stringMatching(/^[a-z]{1,8}_[a-z]{0,4}$/)), common, {
    maxKeys: 6,
    noNullPrototype: true,
  })
  const commonNode = fc.record({
    tag: fc.oneof(token, fc.stringMatching(/^[a-z]{1,8}_[a-z]{0,4}$/)),
    attrs: commonAttrs,
    content: fc.array(
      fc.record({ tag: token, attrs: commonAttrs, content: bytes.map(content => Buffer.from(content)) }),
      {
        maxLength: 4,
      },
    ),
  })

  it('writes the same bytes', () => {
    fc.assert(
      fc.property(commonNode, original => {
        expect(encodeBinaryNode(original).toString('hex')).toBe(encodeByBaileys(original).toString('hex'))
      }),
      { numRuns: 500 },
    )
  })

  it('reads each other', async () => {
    await fc.assert(
      fc.asyncProperty(commonNode, async original => {
        expect(plainNode(await decodeByBaileys(encodeBinaryNode(original)))).toStrictEqual(plainNode(original))
        expect(plainNode(decodeNode(encodeByBaileys(original), { strict: true }))).toStrictEqual(plainNode(original))
      }),
      { numRuns: 300 },
    )
  })

  it('treats JID text the same, malformed or not', () => {
    // Without x: Baileys reads an agent such as 0x1 as hexadecimal.
    const part = fc.stringMatching(/^[0-9a-w_:.@-]{0,12}$/)
    const server = fc.constantFrom('s.whatsapp.net', 'lid', 'hosted', 'hosted.lid', 'c.us', 'g.us', '')
    const candidate = fc.oneof(
      part,
      fc.tuple(part, server).map(([user, host]) => `${user}@${host}`),
    )
    fc.assert(
      fc.property(candidate, jid => {
        expect(jidDecode(jid)).toEqual(jidDecodeByBaileys(jid))
        expect(jidNormalizedUser(jid)).toBe(jidNormalizedByBaileys(jid))
      }),
      { numRuns: 3000 },
    )
  })

  it('builds JID text the same', () => {
    const id = fc.option(fc.nat(300), { nil: undefined })
    fc.assert(
      fc.property(fc.oneof(digits, fc.constant(null), fc.nat()), id, id, (user, deviceId, agent) => {
        expect(jidEncode(user, 'lid', deviceId, agent)).toBe(jidEncodeByBaileys(user, 'lid', deviceId, agent))
      }),
    )
  })
})
