import { KurirError } from 'kurir/errors'
import type { EventBatch } from 'kurir/events'
import type { ILogger } from 'kurir/logger'
import type { ScheduleTask } from './session.js'
import { pauseBefore } from './session-state.js'

export interface EventRecorderParts {
  /** One transaction. */
  readonly record: (batch: EventBatch) => Promise<unknown>
  readonly logger: ILogger
  readonly random: () => number
  readonly schedule: ScheduleTask
}

/**
 * Writes the batches of a session into the log, one after the other. A batch that cannot be written is tried again until
 * it can, and nothing overtakes it: to the library a handler that fails is one that has had its turn.
 */
export class EventRecorder {
  readonly #parts: EventRecorderParts
  #last: Promise<void> = Promise.resolve()
  #isClosed = false
  #endPause: () => void = () => {}

  constructor(parts: EventRecorderParts) {
    this.#parts = parts
  }

  /** Resolves when the batch is in the log; never when the recorder is closed before: the batch is not handled then. */
  take(batch: EventBatch): Promise<void> {
    const written = this.#last.then(() => this.#write(batch))
    this.#last = written.then(() => undefined)
    return written.then(isWritten => (isWritten ? undefined : new Promise<void>(() => {})))
  }

  /** Gives up what cannot be written; it stays in the inbox of the session. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#endPause()
    await this.#last
  }

  async #write(batch: EventBatch): Promise<boolean> {
    for (let attempt = 1; !this.#isClosed; attempt += 1) {
      try {
        await this.#parts.record(batch)
        return true
      } catch (error) {
        if (KurirError.is(error) && error.code === 'invalid-store-value') {
          // It would be so at every attempt, and hold up everything behind it.
          this.#parts.logger.error(
            { err: error, events: Object.keys(batch) },
            'events cannot be kept, going on without',
          )
          return true
        }
        this.#parts.logger.error({ err: error, attempt }, 'events could not be written into the log, trying again')
        await this.#pause(attempt)
      }
    }
    return false
  }

  #pause(attempt: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#parts.schedule(resolve, pauseBefore(attempt, this.#parts.random()))
      this.#endPause = () => {
        cancel()
        resolve()
      }
    })
  }
}
