import {
  type NewChatMessageCapInfo,
  NewChatMessageCappingMVStatusType,
  NewChatMessageCappingOTEStatusType,
  NewChatMessageCappingStatusType,
  ReachoutTimelockEnforcementType,
  type ReachoutTimelockState,
} from '../events/account-limits.js'
import { type Members, membersOf, numberOf, objectOf, oneOf, textOf } from '../mex/answer-values.js'
import type { MexOperation } from '../mex/query.js'
import type { SocketCore } from './core.js'
import { askMex } from './mex-client.js'

const reachoutTimelock: MexOperation<Members> = {
  documentId: '23983697327930364',
  root: 'xwa2_fetch_account_reachout_timelock',
  variables: {},
  read: membersOf,
}

/** The form of the present web client; Baileys asks an older document (docs/protocol/05 §4.2). */
const newChatCap: MexOperation<Members> = {
  documentId: '27910975521856601',
  root: 'xwa2_message_capping_info',
  variables: { input: { type: 'INDIVIDUAL_NEW_CHAT_THREAD' } },
  read: membersOf,
}

/**
 * Whether WhatsApp keeps this account from writing to new people, and until when. Also emitted as `connection.update`.
 *
 * @throws MexError; KurirError as `query`
 */
export async function fetchAccountReachoutTimelock(core: SocketCore): Promise<ReachoutTimelockState> {
  const state = timelockIn(await askMex(core, reachoutTimelock))
  core.ev.emit('connection.update', { reachoutTimeLock: state })
  return state
}

/**
 * How many chats with new people the account may still open in this cycle. Members that the service does not give are
 * left out.
 *
 * @throws MexError; KurirError as `query`
 */
export async function fetchNewChatMessageCap(core: SocketCore): Promise<NewChatMessageCapInfo> {
  return capIn(await askMex(core, newChatCap))
}

/** How long a restriction is taken to last when the service does not say it. */
const unknownTimelockMs = 60_000

/** Tells of restrictions as the service announces them (docs/protocol/04, 4.16). */
export function followAccountLimits({ notifications, ev, config }: SocketCore): void {
  notifications.onMex('NotificationUserReachoutTimelockUpdate', async content => {
    const answer = objectOf(content['xwa2_notify_account_reachout_timelock'])
    if (!answer) return
    const told = timelockIn(answer)
    const ends = told.timeEnforcementEnds ?? new Date(config.clock() + unknownTimelockMs)
    const reachoutTimeLock: ReachoutTimelockState = told.isActive
      ? { ...told, timeEnforcementEnds: ends }
      : { isActive: false, enforcementType: 'DEFAULT' }
    ev.emit('connection.update', { reachoutTimeLock })
  })
  notifications.onMex('MessageCappingInfoNotification', async content => {
    const answer = objectOf(content['xwa2_notify_new_chat_messages_capping_info_update'])
    if (answer) ev.emit('message-capping.update', capIn(answer))
  })
}

function timelockIn(answer: Members): ReachoutTimelockState {
  const ends = Number(answer['time_enforcement_ends'])
  return {
    isActive: answer['is_active'] === true,
    timeEnforcementEnds: ends > 0 ? new Date(ends * 1000) : undefined,
    enforcementType: known(ReachoutTimelockEnforcementType, answer['enforcement_type']) ?? 'DEFAULT',
  }
}

function capIn(answer: Members): NewChatMessageCapInfo {
  const info: NewChatMessageCapInfo = {
    total_quota: numberOf(answer['total_quota']),
    used_quota: numberOf(answer['used_quota']),
    cycle_start_timestamp: textOf(answer['cycle_start_timestamp']),
    cycle_end_timestamp: textOf(answer['cycle_end_timestamp']),
    server_sent_timestamp: textOf(answer['server_sent_timestamp']),
    ote_status: known(NewChatMessageCappingOTEStatusType, answer['ote_status']),
    mv_status: known(NewChatMessageCappingMVStatusType, answer['mv_status']),
    capping_status: known(NewChatMessageCappingStatusType, answer['capping_status']),
  }
  return Object.fromEntries(Object.entries(info).filter(([, value]) => value !== undefined))
}

/** A value of an enum, or nothing when the service has a new one. */
function known<Value extends string>(names: { readonly [name: string]: Value }, value: unknown): Value | undefined {
  return oneOf(Object.values(names), value)
}
