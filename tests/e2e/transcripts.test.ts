import { readFileSync } from 'node:fs'
import type { BinaryNode } from 'kurir'
import { describe, expect, it } from 'vitest'
import { worldForEachTest } from './support/world.js'

/**
 * Recorded logins of another client (01-transcripts.json) against ours on the same questions. Stanzas are compared by
 * kind: who sends it, its tag, namespace, type and first child.
 */
interface RecordedNode {
  readonly tag: string
  readonly attrs: { readonly [name: string]: string }
  readonly content?: readonly { readonly tag?: string }[] | object | string
}

interface Step {
  readonly conn: number
  readonly dir: 'client' | 'server'
  readonly node?: RecordedNode
}

const { transcripts } = JSON.parse(
  readFileSync(new URL('../fixtures/vectors/01-transcripts.json', import.meta.url), 'utf8'),
) as { transcripts: { name: string; steps: Step[] }[] }

const kindOf = (dir: 'client' | 'server', { tag, attrs, content }: RecordedNode | BinaryNode): string => {
  const first = Array.isArray(content) ? (content[0]?.tag ?? '') : ''
  return [dir, tag, attrs['xmlns'] ?? '', attrs['type'] ?? '', first].join(' ').trim().replace(/ +/g, ' ')
}

/**
 * The stray empty presence is not imitated (docs/protocol/01 §5.8 calls it a side effect). `success` is shown by the
 * client reaching open: what is traced here begins after it.
 */
const notCompared = new Set(['client presence', 'server success'])

const recordedKinds = (steps: readonly Step[], connection: number): string[] => [
  ...new Set(steps.flatMap(({ conn, dir, node }) => (node && conn === connection ? [kindOf(dir, node)] : []))),
]

const byBaileys = transcripts.filter(({ name }) => name.startsWith('Baileys'))

describe('logins beside recorded ones (docs/protocol/01 §5.8)', () => {
  const world = worldForEachTest()

  it('has recordings of pairing by QR and by code', () => {
    expect(byBaileys).toHaveLength(2)
  })

  it.each(byBaileys)('says and hears everything of the first login in "$name"', async ({ steps }) => {
    const seen: string[] = []
    world().service.onStanza(({ direction, device, node }) => {
      if (device.includes(':')) seen.push(kindOf(direction === 'from-client' ? 'client' : 'server', node))
    })
    const phone = await world().phone('Alice')
    const client = await world().linked(phone)
    const wanted = recordedKinds(steps, 2).filter(kind => !notCompared.has(kind))
    const missing = () => wanted.filter(kind => !seen.includes(kind))
    await client.waitFor(() => missing().length === 0, 'everything').catch(() => expect(missing()).toEqual([]))
    const inOrder = (earlier: string, later: string) => expect(seen.indexOf(earlier)).toBeLessThan(seen.indexOf(later))
    inOrder('client iq passive set active', 'server ib offline_preview')
    inOrder('server ib offline_preview', 'server ib offline')
    inOrder('client iq encrypt get count', 'client iq encrypt set registration')
  })
})
