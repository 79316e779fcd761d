/** HTTP: everything that leaves a socket besides its WebSocket goes through `send`. */
export * from './http-request.js'
export * from './private-addresses.js'
