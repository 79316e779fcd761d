export { parseGroupMetadata } from './group-metadata.js'
export { GroupRefusal, type GroupRefusalReason, groupRefusalReason } from './group-refusal.js'
export type { GroupReport } from './group-reports.js'
export type * from './group-types.js'
