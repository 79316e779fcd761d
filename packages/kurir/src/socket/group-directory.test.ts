import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { GroupDirectory } from './group-directory.js'
import { NOW, refusal, result, type TestCoreOptions, testCore } from './testing/collaborator-core.js'

const GROUP = '120363000000000001@g.us'
const OTHER = '120363000000000002@g.us'

const groupOf = (id: string, ...participants: BinaryNode['attrs'][]): BinaryNode =>
  result({
    tag: 'group',
    attrs: { id, subject: 'Bread', creation: '1', addressing_mode: 'lid' },
    content: participants.map(attrs => ({ tag: 'participant', attrs })),
  })

function directoryOf(options: TestCoreOptions = {}) {
  const core = testCore({
    answer: ({ attrs }) => groupOf(attrs['to'] ?? '', { jid: '1@lid', phone_number: '15550001111@s.whatsapp.net' }),
    ...options,
  })
  return { core, groups: new GroupDirectory(core) }
}

describe('GroupDirectory', () => {
  it('asks once for all who ask at the same time, and not again until something changes', async () => {
    const { core, groups } = directoryOf()
    const [first, second] = await Promise.all([groups.metadata(GROUP, true), groups.metadata(GROUP, true)])
    expect(second).toBe(first)
    expect(await groups.metadata(GROUP, true)).toBe(first)
    expect(core.sent).toHaveLength(1)
    groups.changed(GROUP)
    await groups.metadata(GROUP, true)
    await groups.metadata(GROUP, false)
    expect(core.sent).toHaveLength(3)
  })

  it('asks the cache of the program first', async () => {
    const { core, groups } = directoryOf()
    const fetched = await groups.fetch(OTHER)
    const given = directoryOf({ config: { cachedGroupMetadata: async () => fetched } })
    expect(await given.groups.metadata(OTHER, true)).toBe(fetched)
    expect([core.sent.length, given.core.sent.length]).toEqual([1, 0])
  })

  it('learns who is who', async () => {
    const { core, groups } = directoryOf()
    await groups.fetch(GROUP)
    expect(await core.repository.lidMapping.getLIDForPN('15550001111@s.whatsapp.net')).toBe('1@lid')
  })

  it('does not keep an answer that a change has overtaken', async () => {
    let answerNow: (node: BinaryNode) => void = () => {}
    const { core, groups } = directoryOf({
      answer: () =>
        new Promise(resolve => {
          answerNow = resolve
        }),
    })
    const asked = groups.metadata(GROUP, true)
    await Promise.resolve()
    groups.changed(GROUP)
    await expect.poll(() => core.sent.length).toBe(1)
    answerNow(groupOf(GROUP))
    await asked
    const again = groups.metadata(GROUP, true)
    await expect.poll(() => core.sent.length).toBe(2)
    answerNow(groupOf(GROUP, { jid: '1@lid' }))
    expect((await again).participants).toHaveLength(1)
  })

  it('waits when the service is asked too much, and no longer', async () => {
    let now = NOW * 1000
    let answers: BinaryNode[] = [refusal(429, 'rate-overlimit')]
    const { core, groups } = directoryOf({
      answer: ({ attrs }) => answers.shift() ?? groupOf(attrs['to'] ?? ''),
      config: { clock: () => now },
    })
    const refused = { code: 'server-refused', data: 429, retryable: true }
    await expect(groups.fetch(GROUP)).rejects.toMatchObject(refused)
    now += 29_000
    await expect(groups.fetch(OTHER)).rejects.toMatchObject(refused)
    expect(core.sent).toHaveLength(1)
    now += 1000
    expect(await groups.fetch(OTHER)).toMatchObject({ id: OTHER })
    answers = [refusal(404, 'item-not-found')]
    await expect(groups.fetch(GROUP)).rejects.toMatchObject({ data: 404 })
    expect(await groups.fetch(GROUP)).toMatchObject({ id: GROUP })
  })

  it('refuses an answer without a group', async () => {
    const { groups } = directoryOf({ answer: () => result() })
    await expect(groups.fetch(GROUP)).rejects.toMatchObject({ code: 'invalid-group-metadata' })
  })

  it('lists all groups with one question for all who ask, remembers them, and asks alone for what was cut', async () => {
    const truncated = { tag: 'group', attrs: { id: OTHER, truncated: 'true' } }
    const { core, groups } = directoryOf({
      answer: ({ attrs }) => {
        if (attrs['to'] !== '@g.us') return groupOf(attrs['to'] ?? '', { jid: '1@lid' })
        const [whole] = groupOf(GROUP, { jid: '1@lid' }).content as BinaryNode[]
        return result({ tag: 'groups', attrs: {}, content: [...(whole ? [whole] : []), truncated] })
      },
    })
    const [first, second] = await Promise.all([groups.fetchAll(), groups.fetchAll()])
    expect(second).toBe(first)
    expect(first.map(({ id }) => id)).toEqual([GROUP, OTHER])
    expect(core.sent.map(({ attrs }) => attrs['to'])).toEqual(['@g.us', OTHER])
    await groups.metadata(GROUP, true)
    await groups.metadata(OTHER, true)
    expect(core.sent).toHaveLength(2)
  })

  it('does not remember a group whose members were not all told', async () => {
    const { core, groups } = directoryOf()
    await groups.learn([{ id: GROUP, owner: undefined, subject: '', size: 3, participants: [{ id: '1@lid' }] }])
    await groups.metadata(GROUP, true)
    expect(core.sent).toHaveLength(1)
  })

  it('follows changes without making what it remembers younger', async () => {
    let now = NOW * 1000
    const { core, groups } = directoryOf({ config: { clock: () => now } })
    await groups.metadata(GROUP, true)
    const told = { author: undefined, time: NOW }
    now += 3_599_000
    groups.apply(GROUP, { kind: 'switch', name: 'announce', isOn: true }, told)
    expect(await groups.metadata(GROUP, true)).toMatchObject({ announce: true })
    expect(core.sent).toHaveLength(1)
    now += 2000
    await groups.metadata(GROUP, true)
    expect(core.sent).toHaveLength(2)
    groups.apply(GROUP, { kind: 'other', tag: 'mystery' }, told)
    await groups.metadata(GROUP, true)
    expect(core.sent).toHaveLength(3)
  })
})
