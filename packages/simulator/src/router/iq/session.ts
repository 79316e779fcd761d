import type { MediaHost } from '../../media/media-host.js'
import { type IqHandler, NO_CHILDREN } from '../iq-answer.js'
import { element } from '../stanzas.js'

/** What a client asks about its own connection and settings, with the least that brings it on. */
export const sessionHandlers = (media: MediaHost): Readonly<Record<string, IqHandler>> => ({
  'w:p get ': () => NO_CHILDREN,
  'w:p get ping': () => NO_CHILDREN,
  'abt get props': () => [
    element(
      'props',
      { protocol: '1', hash: 'simulator', refresh: '86400', refresh_id: '1', delta_update: 'false' },
      [],
    ),
  ],
  'w:m set media_conn': ({ device }) => [media.connectionFor(device)],
  'w:stats set add': () => NO_CHILDREN,
  'newsletter get my_addons': () => [element('my_addons')],
  'tos get request': () => [element('notices')],
})
