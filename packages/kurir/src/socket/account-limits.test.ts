import { describe, expect, it } from 'vitest'
import type { BinaryNode } from '../binary/node.js'
import { makeEventBuffer } from '../events/event-buffer.js'
import { silentLogger } from '../logger/logger.js'
import { fetchAccountReachoutTimelock, fetchNewChatMessageCap, followAccountLimits } from './account-limits.js'
import type { SocketCore } from './core.js'
import { NOW, testCore } from './testing/collaborator-core.js'

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

describe('followAccountLimits (docs/protocol/04, 4.16)', () => {
  const told = async (operation: string, data: unknown) => {
    const core = testCore()
    followAccountLimits(core)
    const content = [{ tag: 'update', attrs: { op_name: operation }, content: Buffer.from(JSON.stringify({ data })) }]
    await core.notifications.handle({ tag: 'notification', attrs: { type: 'mex' }, content })
    return core.events
  }
  const timelock = (member: unknown) =>
    told('NotificationUserReachoutTimelockUpdate', { xwa2_notify_account_reachout_timelock: member })

  it('tells of a restriction, for a minute when its end is not said', async () => {
    expect(await timelock({ is_active: true, enforcement_type: 'BIZ_QUALITY' })).toEqual([
      {
        name: 'connection.update',
        data: {
          reachoutTimeLock: {
            isActive: true,
            enforcementType: 'BIZ_QUALITY',
            timeEnforcementEnds: new Date((NOW + 60) * 1000),
          },
        },
      },
    ])
  })

  it('tells that a restriction is over', async () => {
    const over = [
      { name: 'connection.update', data: { reachoutTimeLock: { isActive: false, enforcementType: 'DEFAULT' } } },
    ]
    expect(await timelock({ is_active: false, enforcement_type: 'BIZ_QUALITY' })).toEqual(over)
    expect(await timelock(null)).toEqual([])
  })

  it('tells how many chats may still be opened', async () => {
    const info = { total_quota: 10, used_quota: 3, capping_status: 'CAPPED', mv_status: 'unheard of' }
    const root = 'xwa2_notify_new_chat_messages_capping_info_update'
    expect(await told('MessageCappingInfoNotification', { [root]: info })).toEqual([
      { name: 'message-capping.update', data: { total_quota: 10, used_quota: 3, capping_status: 'CAPPED' } },
    ])
  })
})
