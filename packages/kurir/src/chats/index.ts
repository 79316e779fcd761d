export type * from './chat-types.js'
export * from './contact-types.js'
export { WA_DEFAULT_EPHEMERAL } from './default-timer.js'
export * from './label-types.js'
