export type * from './call-types.js'
