export type * from './group-types.js'
