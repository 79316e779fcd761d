export { makeWASocket, makeWASocket as default } from './socket/make-wa-socket.js'
export type { WASocket } from './socket/make-wa-socket.js'
