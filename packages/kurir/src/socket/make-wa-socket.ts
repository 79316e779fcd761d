import { makeLibSignalRepository } from '../signal/repository.js'
import { makeBaseLayer } from './base-socket.js'
import { type BusinessSocket, makeBusinessLayer } from './business-layer.js'
import { makeChatsLayer } from './chats-layer.js'
import { type CommunitiesMembers, makeCommunitiesLayer } from './communities-layer.js'
import { resolveConfig, type UserFacingSocketConfig } from './config.js'
import { makeGroupsLayer } from './groups-layer.js'
import { makeMessagesRecvLayer } from './messages-receive-layer.js'
import { makeMessagesSendLayer } from './messages-send-layer.js'
import { makeNewsletterLayer } from './newsletter-layer.js'
import { makeUSyncLayer } from './usync-layer.js'

/** What {@link makeWASocket} returns: the members of all layers. */
export type WASocket = BusinessSocket & CommunitiesMembers

/**
 * Connects to WhatsApp with these credentials, or begins to link a new device when they are fresh. Returns at once;
 * what happens is told by `ev`, beginning on the next tick with `connection.update`.
 *
 * One socket is one connection. When it closes, look at `lastDisconnect.error` and make a new socket with the same
 * auth state: at once for `restartRequired`, not at all for `loggedOut`.
 *
 * @throws KurirError `invalid-config` (400), `mobile-api-not-supported` (401)
 */
export function makeWASocket(config: UserFacingSocketConfig): WASocket {
  const resolved = resolveConfig(config, makeLibSignalRepository)
  const base = makeBaseLayer(resolved)
  const usync = makeUSyncLayer(base)
  const chats = makeChatsLayer(usync)
  const groups = makeGroupsLayer(chats)
  const newsletters = makeNewsletterLayer(groups)
  const sending = makeMessagesSendLayer({
    ...groups,
    ...newsletters,
    devices: usync.devices,
    sessions: usync.sessions,
    secrets: chats.secrets,
    tokens: chats.tokens,
  })
  const receiving = makeMessagesRecvLayer({
    ...sending,
    availability: chats.availability,
    preKeys: base.preKeys,
  })
  return makeCommunitiesLayer({ ...groups, ...makeBusinessLayer(receiving) }).socket
}
