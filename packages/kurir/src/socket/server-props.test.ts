import { describe, expect, it } from 'vitest'
import { S_WHATSAPP_NET } from '../binary/jid.js'
import type { BinaryNode } from '../binary/node.js'
import { readVectors } from '../binary/testing/vectors.js'
import { ServerPropsKeeper } from './server-props.js'
import { refusal, result, type TestCoreOptions, testCore } from './testing/collaborator-core.js'
import { FakeTimers } from './testing/fake-timers.js'

interface Opened {
  readonly id: string
  readonly sent: readonly BinaryNode[]
  readonly responses: Readonly<Record<string, BinaryNode>>
  readonly result: { readonly serverProps: object; readonly lastPropHash: string }
}
const { cases } = readVectors<{ cases: Opened[] }>('04-stanzas')
const opened = cases.find(({ id }) => id === 'connection-open')!

function setUp(options: TestCoreOptions = {}) {
  const core = testCore(options)
  const timers = new FakeTimers()
  return { core, timers, keeper: new ServerPropsKeeper(core, timers.schedule) }
}

const props = (attrs: Record<string, string>, values: Record<string, string> = {}): BinaryNode =>
  result({
    tag: 'props',
    attrs: { protocol: '1', ...attrs },
    content: Object.entries(values).map(([config_code, config_value]) => ({
      tag: 'prop',
      attrs: { config_code, config_value },
    })),
  })
const server = (tag: string): BinaryNode => ({
  tag: 'notification',
  attrs: { type: 'server' },
  content: [{ tag, attrs: {} }],
})
const hashOf = ({ content }: BinaryNode) => (content as BinaryNode[])[0]!.attrs['hash']

describe('the switches of the service', () => {
  it('the vector: asked for with the known hash, told, and saved with the new one', async () => {
    const { core, keeper } = setUp({
      creds: { lastPropHash: 'OLD', serverProps: {} },
      answer: () => opened.responses['abt']!,
    })
    await keeper.fetch()
    expect(core.sent.map(({ content }) => content)).toEqual([opened.sent[0]!.content])
    expect(core.sent[0]!.attrs).toEqual({ to: S_WHATSAPP_NET, xmlns: 'abt', type: 'get' })
    expect(core.serverProps).toEqual(opened.result.serverProps)
    expect(core.creds).toMatchObject(opened.result)
  })

  it('are asked for without a hash while nothing is known of what it stands for (docs/protocol/04, 6.3)', async () => {
    const { core, keeper } = setUp({
      creds: { lastPropHash: 'OF BAILEYS' },
      answer: () => props({ hash: 'OF BAILEYS' }, { 10518: '0', 9666: 'true', 14303: 'True' }),
    })
    await keeper.fetch()
    const told = { privacyTokenOn1to1: false, profilePicPrivacyToken: true, lidTrustedTokenIssueToLid: true }
    expect(core.sent.map(hashOf)).toEqual([undefined])
    expect(core.serverProps).toEqual(told)
    expect(core.creds.serverProps).toEqual(told)
    await keeper.fetch()
    expect(core.sent.map(hashOf)).toEqual([undefined, 'OF BAILEYS'])
  })

  it('keep what an answer does not repeat; a whole answer replaces everything', async () => {
    const answers = [
      props({ hash: 'A' }, { 10518: '0', 9666: '0' }),
      props({ hash: 'A' }),
      props({ hash: 'B', delta_update: 'true' }, { 9666: '1' }),
      props({ hash: 'C' }, { 14303: '1' }),
    ]
    const { core, keeper } = setUp({ answer: () => answers.shift()! })
    const seen: boolean[][] = []
    while (answers.length > 0) {
      await keeper.fetch()
      seen.push(Object.values(core.serverProps))
    }
    expect(seen).toEqual([
      [false, false, false],
      [false, false, false],
      [false, true, false],
      [true, true, true],
    ])
    expect(core.creds).toMatchObject({ lastPropHash: 'C', serverProps: core.serverProps })
  })

  it('are asked for again when the service says so: by notification, or after the time it gives', async () => {
    const { core, timers, keeper } = setUp({ answer: () => props({ hash: 'A', refresh: '5' }) })
    await keeper.fetch()
    expect(timers.waiting.map(({ delayMs }) => delayMs)).toEqual([600_000])
    timers.ring(600_000)
    const notified = core.notifications.handle(server('abprops'))
    await keeper.fetch()
    await notified
    await core.notifications.handle(server('log'))
    // All three shared one answer.
    expect(core.sent).toHaveLength(2)
    await core.connection.end(undefined)
    expect(timers.waiting).toEqual([])
  })

  it('stay as they are when the service refuses', async () => {
    const { core, keeper } = setUp({ answer: () => refusal(503) })
    await expect(keeper.fetch()).rejects.toMatchObject({ code: 'server-refused', data: 503 })
    expect(core.serverProps).toEqual({
      privacyTokenOn1to1: true,
      profilePicPrivacyToken: true,
      lidTrustedTokenIssueToLid: false,
    })
  })
})
