import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { readVectors } from '../binary/testing/vectors.js'
import { buildClean, DirtyBitReceiver } from './dirty-bits.js'
import { refusal, result, type TestCoreOptions, testCore } from './testing/collaborator-core.js'

interface Case {
  readonly id: string
  readonly node: BinaryNode
  readonly sent: readonly BinaryNode[]
}
const { cases } = readVectors<{ cases: Case[] }>('04-notifications')
const vector = (id: string) => cases.find(candidate => candidate.id === id)!

function setUp(options: TestCoreOptions = {}) {
  const core = testCore(options)
  return { core, receiver: new DirtyBitReceiver(core) }
}

const dirty = (type: string, ...parts: string[]): BinaryNode => ({
  tag: 'ib',
  attrs: { from: 's.whatsapp.net' },
  content: [
    { tag: 'dirty', attrs: { type, timestamp: '1700000000' }, content: parts.map(tag => ({ tag, attrs: {} })) },
  ],
})
const cleaned = (core: { readonly sent: readonly BinaryNode[] }) =>
  core.sent.flatMap(({ content }) => (Array.isArray(content) && content[0]?.tag === 'clean' ? [content[0].attrs] : []))

describe('dirty bits', () => {
  it.each(['dirty-account_sync-first', 'dirty-account_sync-next'])(
    '%s: cleaned with their own time, which is remembered (docs/protocol/04, 3.1)',
    async id => {
      const { core, receiver } = setUp({ creds: { lastAccountSyncTimestamp: 1_690_000_000 } })
      const { node } = vector(id)
      const [bit] = node.content as BinaryNode[]
      receiver.receive(node)
      await receiver.settled()
      expect(core.sent).toEqual([buildClean('account_sync', bit!.attrs['timestamp'])])
      expect(core.creds.lastAccountSyncTimestamp).toBe(Number(bit!.attrs['timestamp']))
    },
  )

  it('are fetched by whoever registered for them, and cleaned afterwards', async () => {
    const { core, receiver } = setUp()
    core.dirtyBits.on('groups', async () => void core.connection.query({ tag: 'iq', attrs: { id: 'groups' } }))
    core.dirtyBits.on('syncd_app_state', async () => void core.connection.query({ tag: 'iq', attrs: { id: 'sync' } }))
    receiver.receive(vector('dirty-groups').node)
    receiver.receive(vector('dirty-syncd').node)
    await receiver.settled()
    expect(core.sent).toEqual([
      { tag: 'iq', attrs: { id: 'groups' } },
      { tag: 'iq', attrs: { id: 'sync' } },
      buildClean('groups', '1700000000'),
      buildClean('syncd_app_state', '1700000000'),
    ])
  })

  it('name the parts that have changed; none means all', async () => {
    const { core, receiver } = setUp()
    const concerned: boolean[][] = []
    core.dirtyBits.on('account_sync', async bit => void concerned.push(['privacy', 'devices'].map(bit.concerns)))
    receiver.receive(dirty('account_sync', 'privacy', 'picture'))
    receiver.receive(dirty('account_sync'))
    await receiver.settled()
    expect(concerned).toEqual([
      [true, false],
      [true, true],
    ])
  })

  it('stay when the fetch fails, and keep nobody else from theirs', async () => {
    const { core, receiver } = setUp()
    const ran: string[] = []
    core.dirtyBits.on('groups', async () => {
      throw new Error('no answer')
    })
    core.dirtyBits.on('groups', async () => void ran.push('second'))
    receiver.receive(dirty('groups'))
    receiver.receive(dirty('newsletter_metadata'))
    await receiver.settled()
    expect(ran).toEqual(['second'])
    expect(cleaned(core)).toEqual([{ type: 'newsletter_metadata', timestamp: '1700000000' }])
    expect(core.log.map(({ message }) => message)).toEqual(['what changed meanwhile could not be fetched'])
  })

  it('that the server does not clean are logged, those without type ignored', async () => {
    const { core, receiver } = setUp({ answer: () => refusal(500) })
    receiver.receive(dirty('groups'))
    receiver.receive(dirty(''))
    receiver.receive({ tag: 'ib', attrs: {}, content: [{ tag: 'offline', attrs: {} }] })
    await receiver.settled()
    expect(core.sent).toHaveLength(1)
    expect(core.log).toHaveLength(1)
  })

  it('beyond twenty in one stanza are left to the server', async () => {
    const { core, receiver } = setUp({ answer: () => result() })
    const bits = Array.from({ length: 50 }, (_, index) => ({ tag: 'dirty', attrs: { type: `type-${index}` } }))
    receiver.receive({ tag: 'ib', attrs: {}, content: bits })
    await receiver.settled()
    expect(core.sent).toHaveLength(20)
  })
})
