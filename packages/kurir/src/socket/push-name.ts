import type { SocketCore } from './core.js'
import type { Presence } from './presence.js'

/**
 * Tells the service when the own name has changed, whoever changed it: others see it beside messages (docs/protocol/04,
 * 2.9 and 4.3). With the first name, availability can be announced at last.
 */
export function announcePushName(core: SocketCore, presence: Presence): void {
  const { ev, connection, creds, config, logger } = core
  let announced = creds.me?.name
  ev.on('creds.update', ({ me }) => {
    if (!me?.name || me.name === announced) return
    const isFirst = !announced
    announced = me.name
    if (connection.phase !== 'open') return
    const sent = isFirst
      ? presence.announce(config.markOnlineOnConnect ? 'available' : 'unavailable')
      : connection.sendNode({ tag: 'presence', attrs: { name: me.name.replaceAll('@', '') } })
    sent.catch(error => logger.debug({ err: error }, 'the new name could not be announced'))
  })
}
