/** Socket mode: a bot process attached to a Kurir gateway, with the interface of the direct socket. */
export type { CallOptions } from './client/call-table.js'
export { connectRemote, defaultGatewayUrl, type RemoteOptions } from './client/connect-remote.js'
export type { GatewayLink } from './client/gateway-link.js'
export type { RemoteSocket } from './client/remote-socket.js'
export type { RemoteMethod, Verb } from './wire/method-registry.js'
export type { SessionView } from './wire/session-view.js'
