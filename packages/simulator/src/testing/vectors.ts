import { readFileSync } from 'node:fs'
import type { BinaryNode } from 'kurir/binary'

/** A vector file of the repository. */
export const readVectors = <Content>(name: string): Content =>
  JSON.parse(readFileSync(new URL(`../../../../tests/fixtures/vectors/${name}`, import.meta.url), 'utf8')) as Content

interface RecordedNode {
  readonly tag: string
  readonly attrs: Record<string, string>
  readonly content?: string | { readonly hex: string } | readonly (RecordedNode | { readonly repeated: number })[]
}

interface Transcripts {
  readonly transcripts: readonly {
    readonly name: string
    readonly steps: readonly { readonly dir: 'client' | 'server'; readonly node?: RecordedNode }[]
  }[]
}

/** What a real client sent, stanza by stanza. */
export const recordedClientStanzas = (): { readonly transcript: string; readonly node: BinaryNode }[] =>
  readVectors<Transcripts>('02-transcripts.json').transcripts.flatMap(({ name, steps }) =>
    steps.flatMap(({ dir, node }) =>
      dir === 'client' && node !== undefined ? [{ transcript: name, node: revive(node) }] : [],
    ),
  )

const revive = ({ tag, attrs, content }: RecordedNode): BinaryNode => {
  if (content === undefined) return { tag, attrs }
  if (typeof content === 'string') return { tag, attrs, content }
  if ('hex' in content) return { tag, attrs, content: Buffer.from(content.hex, 'hex') }
  const children: BinaryNode[] = []
  for (const child of content) {
    // A long list is recorded as its first child and the number of all.
    if ('repeated' in child) {
      const [first] = children
      if (first !== undefined) while (children.length < child.repeated) children.push(first)
    } else children.push(revive(child))
  }
  return { tag, attrs, content: children }
}
