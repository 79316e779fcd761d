import { KurirError } from '../errors/kurir-error.js'
import type { ConnectionState } from './connection-state.js'
import type { BaileysEventEmitter } from './event-buffer.js'
import type { BaileysEvent, BaileysEventMap } from './event-map.js'
import { type Schedule, unrefSchedule } from './schedule.js'

/** Says whether this payload is the one waited for. */
export type EventCheck<Event extends BaileysEvent> = (
  payload: BaileysEventMap[Event],
) => boolean | undefined | Promise<boolean | undefined>

/**
 * Waits until `check` accepts a payload of the event.
 *
 * @param timeoutMs gives up after so many milliseconds; without it the wait ends with the connection.
 * @throws what closed the connection, or KurirError `connection-closed` (428) when it closed without an error;
 *   `timed-out` (408) after `timeoutMs`; `aborted` (499) when `signal` is aborted; whatever `check` throws.
 */
export type WaitForEvent<Event extends BaileysEvent> = (
  check: EventCheck<Event>,
  timeoutMs?: number,
  signal?: AbortSignal,
) => Promise<void>

type Emitter = Pick<BaileysEventEmitter, 'on' | 'off'>

/** Makes the function that waits for one kind of event. */
export const bindWaitForEvent =
  <Event extends BaileysEvent>(ev: Emitter, event: Event, schedule: Schedule = unrefSchedule): WaitForEvent<Event> =>
  async (check, timeoutMs, signal) => {
    if (signal?.aborted) throw abortedError(event, signal)
    const cleanups: (() => void)[] = []
    try {
      await new Promise<void>((resolve, reject) => {
        const onClose = ({ connection, lastDisconnect }: Partial<ConnectionState>): void => {
          if (connection === 'close') reject(lastDisconnect?.error ?? closedError(event))
        }
        const onPayload = (payload: BaileysEventMap[Event]): void => {
          void judge(check, payload).then(accepted => accepted && resolve(), reject)
        }
        ev.on('connection.update', onClose)
        ev.on(event, onPayload)
        cleanups.push(() => {
          ev.off('connection.update', onClose)
          ev.off(event, onPayload)
        })
        if (timeoutMs !== undefined) cleanups.push(schedule(() => reject(timeoutError(event, timeoutMs)), timeoutMs))
        if (signal) {
          const onAbort = (): void => reject(abortedError(event, signal))
          signal.addEventListener('abort', onAbort)
          cleanups.push(() => signal.removeEventListener('abort', onAbort))
        }
      })
    } finally {
      for (const cleanup of cleanups) cleanup()
    }
  }

/** Makes the function that waits for a state of the connection. */
export const bindWaitForConnectionUpdate = (ev: Emitter, schedule?: Schedule): WaitForEvent<'connection.update'> =>
  bindWaitForEvent(ev, 'connection.update', schedule)

/** Turns a throw of the check into a rejection. */
const judge = async <Event extends BaileysEvent>(
  check: EventCheck<Event>,
  payload: BaileysEventMap[Event],
): Promise<boolean | undefined> => check(payload)

const closedError = (event: BaileysEvent): KurirError =>
  new KurirError('connection-closed', 'Connection Closed', { statusCode: 428, retryable: true, data: { event } })

const timeoutError = (event: BaileysEvent, timeoutMs: number): KurirError =>
  new KurirError('timed-out', 'Timed Out', { statusCode: 408, retryable: true, data: { event, timeoutMs } })

const abortedError = (event: BaileysEvent, signal: AbortSignal): KurirError =>
  new KurirError('aborted', 'The wait was aborted', { statusCode: 499, data: { event }, cause: signal.reason })
