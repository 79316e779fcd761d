import { type BinaryNode, getBinaryNodeChildren } from 'kurir/binary'
import type { MediaHost } from '../../media/media-host.js'
import { type IqHandler, NO_CHILDREN } from '../iq-answer.js'
import { childrenOf, element } from '../stanzas.js'

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
  'urn:xmpp:whatsapp:dirty set clean': () => NO_CHILDREN,
  'w:sync:app:state set sync': ({ child }) => [
    element('sync', {}, childrenOf(child ?? element('sync')).map(emptyCollection)),
  ],
  'newsletter get my_addons': () => [element('my_addons')],
  'w:biz get business_profile': () => [element('business_profile', {}, [])],
  'tos get request': () => [element('notices')],
  'bot get bot': () => [element('bot', { v: '2' }, [])],
})

/** No collection has been written yet: version 0, no snapshot, no patches (docs/protocol/04 §1.20). */
const emptyCollection = (asked: BinaryNode): BinaryNode => {
  const attrs = { name: asked.attrs['name'], version: '0' }
  if (getBinaryNodeChildren(asked, 'patch').length === 0) return element('collection', attrs)
  return element('collection', { ...attrs, type: 'error' }, [element('error', { code: '404', text: 'item-not-found' })])
}
