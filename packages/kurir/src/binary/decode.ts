import { MAX_NODE_DEPTH } from './encode.js'
import { NodeDecodeError, type NodeDecodeReason } from './errors.js'
import { nameAt } from './name-cache.js'
import type { BinaryNode, BinaryNodeAttributes, BinaryNodeCodingOptions, BinaryNodeContent } from './node.js'
import { HEX_ALPHABET, NIBBLE_ALPHABET, unpackText } from './packed.js'
import { LAST_SINGLE_BYTE_TOKEN, TAG, tokenWords } from './tokens.js'
import { serverOfDomainType } from './wire-jid.js'

/** Largest stanza after decompression, in bytes; a small frame that inflates to more is an attack. */
export const MAX_INFLATED_SIZE = 16 * 1024 * 1024
/** Most nodes in one stanza. A compressed frame could hold 5 million empty ones, which take 500 MB as objects. */
export const MAX_NODE_COUNT = 1024 * 1024

const COMPRESSED = 2
const END_OF_STREAM = 2
/** JIDs may stand inside JIDs in what Baileys writes for text with several `@`; real ones never do. */
const MAX_JID_NESTING = 8
/** Frames in a backing store up to this size are shared with the contents instead of copied: Node's pool has slabs of it. */
const SMALL_BACKING_STORE = 8 * 1024

export interface DecodeOptions {
  /**
   * Refuse what a correct peer never sends but the real service is forgiven: bytes after the root node or after the
   * compressed data, a wrong padding nibble, a packed string of no bytes. The simulator is strict, clients are not.
   */
  readonly strict?: boolean
  /** Told the number of bytes after the root node, when they are ignored. */
  readonly onTrailingBytes?: (count: number) => void
}

/**
 * Decodes a frame plaintext: flag byte, then the node, zlib compressed when flag 2 is set. The single byte `02` gives
 * the node `xmlstreamend` (docs/protocol/01, frame plaintext). The node may share memory with `frame`, so the frame must
 * not be changed afterwards: large contents are views of it; small ones are views when the frame is small and copies
 * otherwise, so that a kept key of 32 bytes does not keep a frame of megabytes.
 *
 * Throws {@link NodeDecodeError}: `invalid-node`, `node-too-deep` (64 levels) or `inflated-frame-too-large` (16 MiB).
 */
export function decodeNode(frame: Uint8Array, options: DecodeOptions = {}): BinaryNode {
  const flags = flagsOf(frame)
  if (flags === END_OF_STREAM && frame.length === 1) return { tag: 'xmlstreamend', attrs: {} }
  const strict = options.strict === true
  const reader =
    flags & COMPRESSED ? new NodeReader(inflateBody(frame, strict), 0, strict) : new NodeReader(frame, 1, strict)
  const node = reader.readNode(1)
  const rest = reader.remaining
  if (rest > 0) {
    if (strict) throw new NodeDecodeError('invalid-node', 'trailing-bytes', reader.position)
    options.onTrailingBytes?.(rest)
  }
  return node
}

/** {@link decodeNode} under the name and with the promise of Baileys. */
export async function decodeBinaryNode(frame: Uint8Array): Promise<BinaryNode> {
  return decodeNode(frame)
}

/**
 * Decodes a node that has no flag byte. `indexRef.index` says where it starts and is moved behind it. The second
 * argument is what Baileys takes there (token tables); it is not used.
 */
export function decodeDecompressedBinaryNode(
  bytes: Uint8Array,
  _codingOptions?: Partial<BinaryNodeCodingOptions>,
  indexRef: { index: number } = { index: 0 },
): BinaryNode {
  const reader = new NodeReader(bytes, indexRef.index, false)
  const node = reader.readNode(1)
  indexRef.index = reader.position
  return node
}

/** Takes the flag byte off and inflates the rest when it says so. Limits and errors as {@link decodeNode}. */
export async function decompressingIfRequired(frame: Uint8Array): Promise<Buffer> {
  return flagsOf(frame) & COMPRESSED ? inflateBody(frame, false) : bodyOf(frame)
}

function flagsOf(frame: Uint8Array): number {
  const flags = frame[0]
  if (flags === undefined) throw new NodeDecodeError('invalid-node', 'empty-frame', 0)
  return flags
}

function bodyOf(frame: Uint8Array): Buffer {
  return Buffer.from(frame.buffer, frame.byteOffset + 1, frame.byteLength - 1)
}

function inflateBody(frame: Uint8Array, strict: boolean): Buffer {
  const body = bodyOf(frame)
  const { bytes, consumed } = inflate(body)
  if (strict && consumed !== body.length) throw new NodeDecodeError('invalid-node', 'trailing-bytes', consumed + 1)
  return bytes
}

function inflate(body: Buffer): { bytes: Buffer; consumed: number } {
  try {
    // Loaded with the first compressed frame: importing the library stays cheap (docs/decisions/0004).
    const { inflateSync } = process.getBuiltinModule('node:zlib')
    // With `info` Node answers with the engine too, which the typings do not say.
    const result: unknown = inflateSync(body, { maxOutputLength: MAX_INFLATED_SIZE, info: true })
    const { buffer, engine } = result as { buffer: Buffer; engine: { bytesWritten: number } }
    return { bytes: buffer, consumed: engine.bytesWritten }
  } catch (error) {
    const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    throw tooLarge
      ? new NodeDecodeError('inflated-frame-too-large', 'inflated-too-large', 0, error)
      : new NodeDecodeError('invalid-node', 'invalid-compression', 0, error)
  }
}

class NodeReader {
  position: number
  private readonly bytes: Buffer
  private readonly words: readonly string[] = tokenWords()
  private readonly pinned: number
  private nodes = 0

  constructor(
    bytes: Uint8Array,
    start: number,
    private readonly strict: boolean,
  ) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.pinned = this.bytes.buffer.byteLength
    this.position = start
  }

  get remaining(): number {
    return this.bytes.length - this.position
  }

  readNode(depth: number): BinaryNode {
    if (depth > MAX_NODE_DEPTH) throw new NodeDecodeError('node-too-deep', 'too-deep', this.position)
    if (++this.nodes > MAX_NODE_COUNT) throw this.fail('too-many-nodes')
    const size = this.readListSize(this.readByte())
    if (size === 0) throw this.fail('empty-list')
    const tag = this.readName(this.readByte())
    if (tag.length === 0) throw this.fail('empty-tag')
    const attrs = this.readAttributes((size - 1) >> 1)
    return size & 1 ? { tag, attrs } : { tag, attrs, content: this.readContent(depth) }
  }

  private readAttributes(count: number): BinaryNodeAttributes {
    const attrs: BinaryNodeAttributes = {}
    for (let index = 0; index < count; index++) {
      const keyTag = this.readByte()
      if (keyTag === TAG.LIST_EMPTY) throw this.fail('not-a-string')
      const key = this.readName(keyTag)
      const value = this.readString(this.readByte(), 0)
      if (key === '__proto__') setInheritedName(attrs, key, value)
      else attrs[key] = value
    }
    return attrs
  }

  private readContent(depth: number): BinaryNodeContent {
    const tag = this.readByte()
    switch (tag) {
      case TAG.LIST_EMPTY:
      case TAG.LIST_8:
      case TAG.LIST_16:
        return this.readChildren(this.readListSize(tag), depth)
      case TAG.BINARY_8:
      case TAG.BINARY_20:
      case TAG.BINARY_32:
        return this.readBytes(this.readBinaryLength(tag))
      default:
        return this.readString(tag, 0)
    }
  }

  private readChildren(count: number, depth: number): BinaryNode[] {
    if (count > this.remaining) throw this.fail('too-many-children')
    const children: BinaryNode[] = []
    for (let index = 0; index < count; index++) children.push(this.readNode(depth + 1))
    return children
  }

  /**
   * Content bytes: a view when that pins little memory or when the content is most of what it pins (a message's
   * ciphertext in its own frame), a copy otherwise (each of the keys in a large list).
   */
  private readBytes(length: number): Buffer {
    const start = this.take(length)
    const view = this.bytes.subarray(start, this.position)
    return this.pinned <= SMALL_BACKING_STORE || length * 2 >= this.pinned ? view : Buffer.from(view)
  }

  /** The name of an element or attribute: any string form, seldom a JID. */
  private readName(tag: number): string {
    if (tag !== TAG.BINARY_8) return this.readString(tag, 0)
    const length = this.readByte()
    return nameAt(this.bytes, this.take(length), length)
  }

  private readString(tag: number, nesting: number): string {
    if (tag <= LAST_SINGLE_BYTE_TOKEN) return this.words[tag] ?? ''
    switch (tag) {
      case TAG.BINARY_8:
      case TAG.BINARY_20:
      case TAG.BINARY_32: {
        const start = this.take(this.readBinaryLength(tag))
        return this.bytes.toString('utf8', start, this.position)
      }
      case TAG.NIBBLE_8:
      case TAG.HEX_8:
        return this.readPacked(tag)
      case TAG.JID_PAIR:
        return this.readJidPair(nesting + 1)
      case TAG.AD_JID:
        return this.readDeviceJid(nesting + 1)
      case TAG.FB_JID:
        return this.readFbJid(nesting + 1)
      case TAG.INTEROP_JID:
        return this.readInteropJid(nesting + 1)
      case TAG.LIST_8:
      case TAG.LIST_16:
        throw this.fail('not-a-string')
      default:
        if (tag > TAG.DICTIONARY_3) throw this.fail('unassigned-tag')
        // Dictionary d starts at (d + 1) * 256 in the table.
        return this.words[(tag - TAG.DICTIONARY_0 + 1) * 256 + this.readByte()] ?? ''
    }
  }

  private readPacked(tag: typeof TAG.NIBBLE_8 | typeof TAG.HEX_8): string {
    const head = this.readByte()
    const length = head & 0x7f
    const odd = head > 0x7f
    if (length === 0) {
      if (odd && this.strict) throw this.fail('invalid-packed-length')
      return ''
    }
    const start = this.take(length)
    return unpackText(this.bytes, start, length, odd, tag === TAG.HEX_8 ? HEX_ALPHABET : NIBBLE_ALPHABET, this.strict)
  }

  private readJidPair(nesting: number): string {
    const user = this.readJidPart(this.readByte(), nesting)
    const serverTag = this.readByte()
    // Nearly always a token; one concatenation instead of two.
    if (serverTag > 0 && serverTag <= LAST_SINGLE_BYTE_TOKEN) return user + (atServers()[serverTag] ?? '')
    const server = this.readJidPart(serverTag, nesting)
    if (server === '') throw this.fail('invalid-jid')
    return `${user}@${server}`
  }

  private readDeviceJid(nesting: number): string {
    const { name } = serverOfDomainType(this.readByte())
    const device = this.readByte()
    const user = this.readJidPart(this.readByte(), nesting)
    if (user === '') throw this.fail('invalid-jid')
    return device === 0 ? `${user}@${name}` : `${user}:${device}@${name}`
  }

  private readFbJid(nesting: number): string {
    const user = this.readJidPart(this.readByte(), nesting)
    const device = this.readUint16()
    const server = this.readJidPart(this.readByte(), nesting)
    if (server === '') throw this.fail('invalid-jid')
    return device === 0 ? `${user}@${server}` : `${user}:${device}@${server}`
  }

  private readInteropJid(nesting: number): string {
    const user = this.readJidPart(this.readByte(), nesting)
    const device = this.readUint16()
    const integrator = this.readUint16()
    const server = this.readJidPart(this.readByte(), nesting)
    if (server !== 'interop') throw this.fail('invalid-jid')
    return device === 0 ? `${integrator}-${user}@${server}` : `${integrator}-${user}:${device}@${server}`
  }

  private readJidPart(tag: number, nesting: number): string {
    if (nesting > MAX_JID_NESTING) throw this.fail('invalid-jid')
    return this.readString(tag, nesting)
  }

  private readListSize(tag: number): number {
    switch (tag) {
      case TAG.LIST_EMPTY:
        return 0
      case TAG.LIST_8:
        return this.readByte()
      case TAG.LIST_16:
        return this.readUint16()
      default:
        throw this.failAt('not-a-list', this.position - 1)
    }
  }

  private readBinaryLength(tag: typeof TAG.BINARY_8 | typeof TAG.BINARY_20 | typeof TAG.BINARY_32): number {
    switch (tag) {
      case TAG.BINARY_8:
        return this.readByte()
      case TAG.BINARY_20:
        return ((this.readByte() & 15) << 16) | this.readUint16()
      case TAG.BINARY_32:
        return this.readUint16() * 0x1_0000 + this.readUint16()
    }
  }

  private readUint16(): number {
    const start = this.take(2)
    return ((this.bytes[start] ?? 0) << 8) | (this.bytes[start + 1] ?? 0)
  }

  private readByte(): number {
    const value = this.bytes[this.position]
    if (value === undefined) throw this.fail('truncated')
    this.position++
    return value
  }

  /** Steps over `length` bytes and returns where they start. */
  private take(length: number): number {
    const start = this.position
    if (length > this.bytes.length - start) throw this.fail('truncated')
    this.position = start + length
    return start
  }

  private fail(reason: NodeDecodeReason): NodeDecodeError {
    return this.failAt(reason, this.position)
  }

  private failAt(reason: NodeDecodeReason, offset: number): NodeDecodeError {
    return new NodeDecodeError('invalid-node', reason, offset)
  }
}

/** Plain assignment to this one name would be swallowed by the setter of the prototype. */
function setInheritedName(attrs: BinaryNodeAttributes, key: string, value: string): void {
  Object.defineProperty(attrs, key, { value, enumerable: true, configurable: true, writable: true })
}

let atServersByTag: readonly string[] | undefined

/** `@` and the word, by single-byte token. */
function atServers(): readonly string[] {
  atServersByTag ??= tokenWords()
    .slice(0, LAST_SINGLE_BYTE_TOKEN + 1)
    .map(word => `@${word}`)
  return atServersByTag
}
