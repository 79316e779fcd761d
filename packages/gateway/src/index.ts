/** The long-lived server of Kurir. */
export { checkScopes, type Scope } from './access/access.js'
export { defaultPort } from './config/environment.js'
export { Gateway, type GatewayOptions } from './gateway.js'
export type { HostedSession } from './sessions/hosted-session.js'
export type { Session } from './sessions/session.js'
export type { SessionManager } from './sessions/session-manager.js'
export { type EndReason, explain, type SessionState } from './sessions/session-state.js'
