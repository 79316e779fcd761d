import type { MediaNetworkOptions } from '../media/media-types.js'
import type { SocketConfig } from './config.js'

/** How media are reached with this config. */
export function mediaNetwork({ options, fetchAgent, agent, mediaOrigins }: SocketConfig): MediaNetworkOptions {
  return { options, agent: fetchAgent ?? agent, mediaOrigins }
}
