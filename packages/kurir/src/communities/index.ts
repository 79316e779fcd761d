export type { LinkedGroup } from './linked-groups.js'
