import { readFileSync } from 'node:fs'
import { type BinaryNode, KurirError, proto } from 'kurir'

/** A node as the vectors write it. */
export interface VectorNode {
  readonly tag: string
  readonly attrs: Record<string, string>
  readonly content?: readonly VectorNode[]
  readonly contentHex?: string
  readonly contentText?: string
}

/** A stanza of docs/protocol/04 and what Baileys made of it: vectors 04-stanzas and 04-notifications. */
export interface VectorCase {
  readonly id: string
  readonly description: string
  /** What came in (notifications). */
  readonly node?: VectorNode
  readonly call?: Call | readonly Call[] | string
  readonly sent?: readonly VectorNode[]
  readonly response?: VectorNode
  readonly responses?: { readonly abt: VectorNode }
  readonly result?: unknown
  readonly error?: { readonly message: string; readonly status: number }
  readonly events: readonly (readonly [string, unknown])[]
  /** The sections of docs/protocol that call this a defect, and what is right. */
  readonly quirk?: string
  readonly recommended?: string | { readonly events?: VectorCase['events']; readonly sent?: readonly VectorNode[] }
}

export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
  readonly times?: number
}

export const vectorCases = (file: '04-stanzas' | '04-notifications'): readonly VectorCase[] => {
  const path = new URL(`../../fixtures/vectors/${file}.json`, import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { cases: VectorCase[] }).cases
}

/** The node for the wire. */
export const nodeOf = ({ tag, attrs, content, contentHex, contentText }: VectorNode): BinaryNode => {
  // A picture of which only the beginning is given.
  if (contentHex?.endsWith('...')) return { tag, attrs, content: Buffer.from(contentHex.slice(0, -3), 'hex') }
  if (contentHex !== undefined) return { tag, attrs, content: Buffer.from(contentHex, 'hex') }
  if (contentText !== undefined) return { tag, attrs, content: contentText }
  return { tag, attrs, ...(content && { content: content.map(nodeOf) }) }
}

const changing = new Map([
  ['id', /^(?:\d+\.\d+-\d+|<id>)$/],
  ['sid', /./],
])

/** A node with what differs from run to run made equal: generated ids, and the two ways to write the service's name. */
export const comparable = ({ tag, attrs, content }: BinaryNode): unknown => ({
  tag,
  attrs: Object.fromEntries(
    Object.entries(attrs).map(([name, value]) => [
      name,
      changing.get(name)?.test(value) ? `<${name}>` : value.replace(/^@s\.whatsapp\.net$/, 's.whatsapp.net'),
    ]),
  ),
  content: Array.isArray(content)
    ? content.map(comparable)
    : content === undefined
      ? []
      : Buffer.from(content as Uint8Array)
          .toString('hex')
          .replace(/^(ffd8ff..).*/, '$1'),
})

/** A payload as the vectors write it. */
export const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return `hex:${Buffer.from(value).toString('hex')}`
  if (value instanceof Date) return value.toISOString()
  if (KurirError.is(value)) return { statusCode: value.output.statusCode, message: value.message }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    if (member === undefined || (Array.isArray(member) && member.length === 0 && name === 'messageStubParameters'))
      return []
    if (name === 'messageStubType') return [[name, proto.WebMessageInfo.StubType[member] ?? member]]
    if (name === 'messageTimestamp') return [[name, String(member)]]
    if (name === 'error' && 'output' in member) {
      return [
        [name, { statusCode: member.output.statusCode, message: member.output.payload?.message ?? member.message }],
      ]
    }
    return [[name, plain(member)]]
  })
  return Object.fromEntries(entries)
}
