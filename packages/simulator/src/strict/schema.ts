import { readFileSync } from 'node:fs'

/** A node as the schema file writes it; `data/stanza-schema.json` is read by these rules:
 *
 * `t` tag · `n` how often inside the parent, exactly once by default · `a` attributes, `name?` optional ·
 * `c` children · `one` exactly one of these stands here · `any` any of these, none required · `anyOf` at least one ·
 * `x` content type, nothing means no content · `ref` a shared part · `compat` what lenient mode accepts besides.
 */
export interface SchemaNode {
  readonly t?: string
  readonly n?: string
  readonly a?: Readonly<Record<string, string>>
  readonly c?: readonly SchemaNode[]
  readonly any?: readonly SchemaNode[]
  readonly one?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly x?: string
  readonly ref?: string
  readonly compat?: SchemaCompat
}

export interface SchemaCompat {
  readonly a?: Readonly<Record<string, string>>
  readonly c?: readonly SchemaNode[]
  /** Required attributes that may be missing. */
  readonly absent?: readonly string[]
  /** Unknown attributes and children are tolerated at every depth. */
  readonly deep?: boolean
}

export interface SchemaOperation extends SchemaNode {
  readonly xmlns: string
  readonly type: 'get' | 'set'
  readonly to: string
}

export interface StanzaSchema {
  readonly parts: Readonly<Record<string, SchemaNode>>
  /** Stanza tag → its forms by name. */
  readonly forms: Readonly<Record<string, Readonly<Record<string, SchemaNode>>>>
  readonly operations: Readonly<Record<string, SchemaOperation>>
}

const TAGS = ['message', 'receipt', 'ack', 'presence', 'chatstate', 'call', 'appdata', 'ib', 'iqResult'] as const

let loaded: StanzaSchema | undefined

/** The facts about what clients send, read once. */
export const stanzaSchema = (): StanzaSchema => {
  loaded ??= readSchema()
  return loaded
}

const readSchema = (): StanzaSchema => {
  // The file lies beside src and dist alike, so one relative path serves both.
  const text = readFileSync(new URL('../../data/stanza-schema.json', import.meta.url), 'utf8')
  const file = JSON.parse(text) as Record<string, Record<string, SchemaNode>>
  const forms: Record<string, Record<string, SchemaNode>> = {}
  for (const tag of TAGS) forms[tag] = file[tag] ?? {}
  return { parts: file['parts'] ?? {}, forms, operations: (file['iq'] ?? {}) as Record<string, SchemaOperation> }
}
