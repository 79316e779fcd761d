export { parseGroupMetadata } from './group-metadata.js'
export type * from './group-types.js'
