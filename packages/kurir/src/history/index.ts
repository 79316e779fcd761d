/** History that the phone sends: reading it as a stream, and what is in it. */
export * from './download-history.js'
export * from './history-contents.js'
export * from './history-reader.js'
export * from './notification.js'
export * from './open-history.js'
export * from './process-history.js'
export * from './read-history.js'
