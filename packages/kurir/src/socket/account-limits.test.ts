import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { makeEventBuffer } from '../events/event-buffer.js'
import { silentLogger } from '../logger/logger.js'
import { fetchAccountReachoutTimelock, fetchNewChatMessageCap } from './account-limits.js'
import type { SocketCore } from './core.js'

/** A connection that answers every query with this GraphQL data, and what was asked and emitted. */
function service(data: unknown) {
  const asked: BinaryNode[] = []
  const updates: unknown[] = []
  const ev = makeEventBuffer(silentLogger)
  ev.on('connection.update', update => updates.push(update))
  const query = async (node: BinaryNode): Promise<BinaryNode> => {
    asked.push(node)
    return { tag: 'iq', attrs: {}, content: [{ tag: 'result', attrs: {}, content: JSON.stringify({ data }) }] }
  }
  return { core: { connection: { query }, ev } as unknown as SocketCore, asked, updates }
}

/** The document that was asked for, and the variables as text. */
function documentOf(node: BinaryNode | undefined): [id: string | undefined, body: string] {
  const query = (node?.content as BinaryNode[] | undefined)?.[0]
  return [query?.attrs['query_id'], String(query?.content)]
}

describe('fetchAccountReachoutTimelock (docs/protocol/06 §4.2)', () => {
  it('gives and emits the restriction', async () => {
    const { core, asked, updates } = service({
      xwa2_fetch_account_reachout_timelock: {
        is_active: true,
        time_enforcement_ends: '1800000000',
        enforcement_type: 'BIZ_QUALITY',
      },
    })
    const state = await fetchAccountReachoutTimelock(core)
    expect(state).toEqual({
      isActive: true,
      timeEnforcementEnds: new Date(1_800_000_000_000),
      enforcementType: 'BIZ_QUALITY',
    })
    expect(updates).toEqual([{ reachoutTimeLock: state }])
    expect(documentOf(asked[0])).toEqual(['23983697327930364', '{"variables":{}}'])
  })

  it.each([null, {}, { is_active: false, time_enforcement_ends: '0', enforcement_type: 'SOMETHING_NEW' }])(
    'reads %j as no restriction',
    async answer => {
      const { core } = service({ xwa2_fetch_account_reachout_timelock: answer })
      expect(await fetchAccountReachoutTimelock(core)).toEqual({
        isActive: false,
        timeEnforcementEnds: undefined,
        enforcementType: 'DEFAULT',
      })
    },
  )
})

describe('fetchNewChatMessageCap (docs/protocol/05 §4.2: the current document)', () => {
  it('gives the quota as numbers and leaves out what the service does not say', async () => {
    const { core, asked } = service({
      xwa2_message_capping_info: {
        total_quota: '30',
        used_quota: 4,
        cycle_end_timestamp: '1800000000',
        capping_status: 'FIRST_WARNING',
        mv_status: 'A_NEW_ONE',
      },
    })
    expect(await fetchNewChatMessageCap(core)).toEqual({
      total_quota: 30,
      used_quota: 4,
      cycle_end_timestamp: '1800000000',
      capping_status: 'FIRST_WARNING',
    })
    expect(documentOf(asked[0])).toEqual([
      '27910975521856601',
      '{"variables":{"input":{"type":"INDIVIDUAL_NEW_CHAT_THREAD"}}}',
    ])
  })
})
