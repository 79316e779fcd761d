import { NodeEncodeError } from './errors.js'
import type { BinaryNode } from './node.js'
import { MAX_PACKED_LENGTH, packText } from './packed.js'
import { LONGEST_NUMERIC_TOKEN, LONGEST_TOKEN, TAG, type TokenCode, tokenCodes } from './tokens.js'
import { type DeviceServer, hasAgent, parseUint16, serverAt, type WireServer } from './wire-jid.js'

/** Deepest nesting that is written or read; real stanzas stay below ten levels (docs/protocol/01, decoder errors). */
export const MAX_NODE_DEPTH = 64

const MAX_LIST_SIZE = 0xffff
const MAX_CONTENT_LENGTH = 0xffff_ffff
const INITIAL_CAPACITY = 4 * 1024
/** A buffer that grew beyond this is given back after use, so that one large upload does not stay in memory. */
const RETAINED_CAPACITY = 256 * 1024

/**
 * Encodes a stanza as frame plaintext: flag byte `00` and the node, never compressed (docs/protocol/01, frame
 * plaintext). Strings follow Baileys' rules, with its lossy JID forms replaced by exact ones. Attributes and content
 * that are null or undefined are left out. The result is a buffer of exactly the encoded length, owned by the caller.
 *
 * Throws {@link NodeEncodeError} when an attribute value is not a string, a list has more than 65535 entries, nesting
 * exceeds 64 levels, or a JID carries an `_agent`, which has no place on the wire.
 */
export function encodeBinaryNode(node: BinaryNode): Buffer {
  // Taken out while in use: an attribute getter that encodes another node must not write into this one.
  const writer = idleWriter ?? new NodeWriter()
  idleWriter = undefined
  try {
    return writer.encode(node)
  } finally {
    idleWriter = writer
  }
}

let idleWriter: NodeWriter | undefined

const NOT_NIBBLE = 1
const NOT_HEX = 2
const AT_SIGN = 4
const NOT_ASCII = 8

/** By character code below 128: which short forms the character rules out. */
const CHARACTER_TRAITS = new Uint8Array(128).fill(NOT_NIBBLE | NOT_HEX)
for (let digit = 0x30; digit <= 0x39; digit++) CHARACTER_TRAITS[digit] = 0
for (let letter = 0x41; letter <= 0x46; letter++) CHARACTER_TRAITS[letter] = NOT_NIBBLE
CHARACTER_TRAITS[0x2d] = NOT_HEX
CHARACTER_TRAITS[0x2e] = NOT_HEX
CHARACTER_TRAITS[0x40] = NOT_NIBBLE | NOT_HEX | AT_SIGN

function traitsOf(text: string, start: number, end: number): number {
  let traits = 0
  for (let index = start; index < end; index++) {
    const character = text.charCodeAt(index)
    traits |= character < 128 ? (CHARACTER_TRAITS[character] ?? 0) : NOT_NIBBLE | NOT_HEX | NOT_ASCII
  }
  return traits
}

class NodeWriter {
  private bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_CAPACITY)
  private length = 0
  private readonly tokens: ReadonlyMap<string, TokenCode> = tokenCodes()
  /** What is being written, for error messages. */
  private tag = ''
  private attribute: string | undefined

  encode(node: BinaryNode): Buffer {
    this.bytes[0] = 0
    this.length = 1
    this.writeNode(node, 1)
    const frame = Buffer.allocUnsafe(this.length)
    this.bytes.copy(frame, 0, 0, this.length)
    if (this.bytes.length > RETAINED_CAPACITY) this.bytes = Buffer.allocUnsafeSlow(INITIAL_CAPACITY)
    return frame
  }

  private fail(reason: NodeEncodeError['data']['reason']): NodeEncodeError {
    return new NodeEncodeError(reason, this.tag, this.attribute)
  }

  private reserve(extra: number): void {
    const needed = this.length + extra
    if (needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  private writeNode(node: BinaryNode, depth: number): void {
    const { tag, attrs, content } = node
    this.tag = typeof tag === 'string' ? tag : ''
    this.attribute = undefined
    if (this.tag === '') throw this.fail('tag-missing')
    if (depth > MAX_NODE_DEPTH) throw this.fail('too-deep')
    const hasContent = content !== undefined && content !== null
    let attributes = 0
    for (const key in attrs) {
      const value: unknown = attrs[key]
      if (value !== undefined && value !== null && Object.hasOwn(attrs, key)) attributes++
    }
    this.writeListHeader(1 + 2 * attributes + (hasContent ? 1 : 0))
    this.writeText(tag)
    if (attributes > 0) this.writeAttributes(attrs)
    if (hasContent) this.writeContent(content, depth)
  }

  private writeAttributes(attrs: BinaryNode['attrs']): void {
    for (const key in attrs) {
      const value: unknown = attrs[key]
      if (value === undefined || value === null || !Object.hasOwn(attrs, key)) continue
      this.attribute = key
      if (typeof value !== 'string') throw this.fail('attribute-not-a-string')
      this.writeText(key)
      this.writeTextOrJid(value)
    }
    this.attribute = undefined
  }

  private writeContent(content: NonNullable<BinaryNode['content']>, depth: number): void {
    if (typeof content === 'string') this.writeTextOrJid(content)
    else if (content instanceof Uint8Array) this.writeBytes(content)
    else if (Array.isArray(content)) this.writeChildren(content, depth)
    else throw this.fail('content-type')
  }

  private writeChildren(children: readonly (BinaryNode | undefined | null)[], depth: number): void {
    let count = 0
    for (const child of children) if (child) count++
    this.writeListHeader(count)
    for (const child of children) if (child) this.writeNode(child, depth + 1)
  }

  private writeListHeader(size: number): void {
    this.reserve(3)
    if (size === 0) this.bytes[this.length++] = TAG.LIST_EMPTY
    else if (size < 256) {
      this.bytes[this.length++] = TAG.LIST_8
      this.bytes[this.length++] = size
    } else {
      if (size > MAX_LIST_SIZE) throw this.fail('list-too-long')
      this.bytes[this.length++] = TAG.LIST_16
      this.bytes[this.length++] = size >>> 8
      this.bytes[this.length++] = size
    }
  }

  private writeBytes(content: Uint8Array): void {
    this.writeBinaryHeader(content.length)
    this.bytes.set(content, this.length)
    this.length += content.length
  }

  /** Writes tag and length, and makes room for that many bytes. */
  private writeBinaryHeader(length: number): void {
    if (length > MAX_CONTENT_LENGTH) throw this.fail('content-too-long')
    this.reserve(length + 5)
    if (length < 256) {
      this.bytes[this.length++] = TAG.BINARY_8
    } else if (length < 1 << 20) {
      this.bytes[this.length++] = TAG.BINARY_20
      this.bytes[this.length++] = length >>> 16
      this.bytes[this.length++] = length >>> 8
    } else {
      this.bytes[this.length++] = TAG.BINARY_32
      this.bytes[this.length++] = length >>> 24
      this.bytes[this.length++] = length >>> 16
      this.bytes[this.length++] = length >>> 8
    }
    this.bytes[this.length++] = length
  }

  /** An attribute value or text content: any string form, JIDs included. */
  private writeTextOrJid(text: string): void {
    if (this.writeToken(text)) return
    const traits = text.length <= MAX_PACKED_LENGTH ? traitsOf(text, 0, text.length) : NOT_NIBBLE | NOT_HEX | NOT_ASCII
    if (text.length > MAX_PACKED_LENGTH || traits & AT_SIGN) {
      const at = text.indexOf('@')
      if (at >= 0 && this.writeJid(text, at)) return
    }
    this.writeUntokenised(text, traits)
  }

  /** A tag, an attribute name, or a part of a JID: any string form but a JID. */
  private writeText(text: string): void {
    if (this.writeToken(text)) return
    const traits = text.length <= MAX_PACKED_LENGTH ? traitsOf(text, 0, text.length) : NOT_NIBBLE | NOT_HEX | NOT_ASCII
    this.writeUntokenised(text, traits)
  }

  private writeToken(text: string): boolean {
    if (text.length > LONGEST_TOKEN) return false
    const code = this.tokens.get(text)
    if (code === undefined) return false
    this.reserve(2)
    // Codes of dictionary d start at (d + 1) * 256 and are written as the tag 236 + d and the low byte.
    if (code >= 256) this.bytes[this.length++] = TAG.DICTIONARY_0 - 1 + (code >>> 8)
    this.bytes[this.length++] = code
    return true
  }

  private writeUntokenised(text: string, traits: number): void {
    if (text.length === 0) this.writeBinaryHeader(0)
    else if (!(traits & NOT_NIBBLE)) this.writePacked(TAG.NIBBLE_8, text, 0, text.length)
    else if (!(traits & NOT_HEX)) this.writePacked(TAG.HEX_8, text, 0, text.length)
    else if (traits & NOT_ASCII) this.writeUtf8(text)
    else this.writeAscii(text)
  }

  private writeUtf8(text: string): void {
    const byteLength = Buffer.byteLength(text)
    this.writeBinaryHeader(byteLength)
    this.bytes.write(text, this.length, byteLength, 'utf8')
    this.length += byteLength
  }

  private writeAscii(text: string): void {
    this.writeBinaryHeader(text.length)
    const { bytes } = this
    let position = this.length
    for (let index = 0; index < text.length; index++) bytes[position++] = text.charCodeAt(index)
    this.length = position
  }

  /** The characters `start` to `end` (at most 127) must fit the alphabet of the tag. */
  private writePacked(tag: typeof TAG.NIBBLE_8 | typeof TAG.HEX_8, text: string, start: number, end: number): void {
    this.reserve(2 + MAX_PACKED_LENGTH)
    this.bytes[this.length++] = tag
    this.length = packText(text, start, end, this.bytes, this.length)
  }

  /**
   * Writes a JID form, or nothing and returns false when the text has no exact one: a device outside 1–255, a device on
   * a server without devices, more than one `@` (docs/protocol/01, JIDs on the wire). A device of 0 is not written.
   */
  private writeJid(text: string, at: number): boolean {
    if (at === text.length - 1 || text.includes('@', at + 1)) return false
    const server = serverAt(text, at + 1)
    const colon = text.indexOf(':')
    if (colon < 0) {
      if (at === 0 || server === undefined) return this.writePair(text, at, server)
    } else if (colon === 0 || colon > at || server === undefined) {
      return false
    }
    const userEnd = colon < 0 ? at : colon
    const device = colon < 0 ? 0 : parseUint16(text, colon + 1, at)
    if (device < 0) return false
    switch (server.form) {
      case 'device':
        return this.writeDeviceJid(text, userEnd, device, server)
      case 'fb':
        return this.writeFbJid(text, userEnd, device)
      case 'interop':
        return this.writeInteropJid(text, userEnd, device)
    }
  }

  private writePair(text: string, userEnd: number, server: WireServer | undefined): boolean {
    this.writeByte(TAG.JID_PAIR)
    if (userEnd === 0) this.writeByte(TAG.LIST_EMPTY)
    else this.writeUser(text, 0, userEnd)
    this.writeText(server?.name ?? text.slice(text.indexOf('@') + 1))
    return true
  }

  private writeDeviceJid(text: string, userEnd: number, device: number, server: DeviceServer): boolean {
    if (device > 255) return false
    if (hasAgent(text, userEnd)) throw this.fail('agent-in-jid')
    if (device === 0) return this.writePair(text, userEnd, server)
    this.writeByte(TAG.AD_JID)
    this.writeByte(server.domainType)
    this.writeByte(device)
    this.writeUser(text, 0, userEnd)
    return true
  }

  private writeFbJid(text: string, userEnd: number, device: number): boolean {
    this.writeByte(TAG.FB_JID)
    this.writeUser(text, 0, userEnd)
    this.writeUint16(device)
    this.writeText('msgr')
    return true
  }

  /** The text form is `integrator-user[:device]@interop`. */
  private writeInteropJid(text: string, userEnd: number, device: number): boolean {
    const dash = text.indexOf('-')
    if (dash < 0 || dash >= userEnd - 1) return false
    const integrator = parseUint16(text, 0, dash)
    if (integrator < 0) return false
    this.writeByte(TAG.INTEROP_JID)
    this.writeUser(text, dash + 1, userEnd)
    this.writeUint16(device)
    this.writeUint16(integrator)
    this.writeText('interop')
    return true
  }

  /** A part of `text`, packed straight from it when it is a number too long to be a token. */
  private writeUser(text: string, start: number, end: number): void {
    const length = end - start
    const packable = length > LONGEST_NUMERIC_TOKEN && length <= MAX_PACKED_LENGTH
    if (packable && !(traitsOf(text, start, end) & NOT_NIBBLE)) this.writePacked(TAG.NIBBLE_8, text, start, end)
    else this.writeText(text.slice(start, end))
  }

  private writeByte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  private writeUint16(value: number): void {
    this.reserve(2)
    this.bytes[this.length++] = value >>> 8
    this.bytes[this.length++] = value
  }
}
