import { buildPropsQuery, defaultServerProps, parsePropsAnswer, type ServerProps } from '../chats/server-props.js'
import { type Schedule, unrefSchedule } from '../events/schedule.js'
import type { SocketCore } from './core.js'
import { Coalescer } from './scheduling.js'

/** The switches as they were told last; one object for the life of the socket, changed in place. */
export function knownServerProps({ serverProps }: { serverProps?: Partial<ServerProps> | undefined }): ServerProps {
  return { ...defaultServerProps, ...serverProps }
}

/**
 * Keeps {@link SocketCore.serverProps} up to date (docs/protocol/04, 6.3). What was told is saved with the hash that
 * stands for it: with the hash alone the service would tell nothing, and the defaults would count.
 */
export class ServerPropsKeeper {
  readonly #core: SocketCore
  readonly #schedule: Schedule
  readonly #asking = new Coalescer<void>()
  #cancelRefresh: (() => void) | undefined

  constructor(core: SocketCore, schedule: Schedule = unrefSchedule) {
    this.#core = core
    this.#schedule = schedule
    core.notifications.on('server', async node => {
      if (Array.isArray(node.content) && node.content.some(({ tag }) => tag === 'abprops')) this.#refresh()
    })
    core.connection.onEnd(() => this.#cancelRefresh?.())
  }

  /** Asks for the switches; several who ask at a time share the answer. */
  fetch(): Promise<void> {
    return this.#asking.run('', () => this.#fetch())
  }

  async #fetch(): Promise<void> {
    const { connection, creds, ev, serverProps } = this.#core
    const known = creds.serverProps && creds.lastPropHash
    const { hash, isDelta, refreshSeconds, props } = parsePropsAnswer(await connection.query(buildPropsQuery(known)))
    Object.assign(serverProps, isDelta ? props : { ...defaultServerProps, ...props })
    if (hash !== undefined && (hash !== creds.lastPropHash || !creds.serverProps)) {
      ev.emit('creds.update', { lastPropHash: hash, serverProps: { ...serverProps } })
    }
    this.#cancelRefresh?.()
    if (refreshSeconds !== undefined && connection.phase === 'open') {
      this.#cancelRefresh = this.#schedule(() => this.#refresh(), refreshSeconds * 1000)
    }
  }

  #refresh(): void {
    const { connection, logger } = this.#core
    this.fetch().catch(error => {
      if (connection.phase === 'open') logger.warn({ err: error }, 'the switches of the service were not told')
    })
  }
}
