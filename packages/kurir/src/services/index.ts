/** Task-shaped methods over a socket, direct or remote: what most programs would write for themselves. */
export { chatJidOf } from './chat-address.js'
export * from './chat-service.js'
export * from './group-service.js'
export * from './message-sending.js'
export * from './message-service.js'
export type { SocketSource } from './socket-source.js'
export * from './user-service.js'
export { type ContactCard, vcardOf } from './vcard.js'
