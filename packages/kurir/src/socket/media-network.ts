import type { MediaNetworkOptions } from '../media/media-types.js'
import type { SocketConfig } from './config.js'

/** How media are reached with this config: through the proxy of media, or else the one of the WebSocket. */
export function mediaNetwork({ options, fetchAgent, agent, mediaOrigins }: SocketConfig): MediaNetworkOptions {
  return { options, agent: fetchAgent ?? agent, mediaOrigins }
}
