export type * from './chat-types.js'
export * from './contact-types.js'
export * from './label-types.js'
