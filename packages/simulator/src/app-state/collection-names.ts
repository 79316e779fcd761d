/** The five collections of every account (docs/protocol/04 §1.1). */
export const COLLECTION_NAMES = [
  'critical_block',
  'critical_unblock_low',
  'regular_high',
  'regular_low',
  'regular',
] as const

export type CollectionName = (typeof COLLECTION_NAMES)[number]

export const isCollectionName = (name: unknown): name is CollectionName =>
  COLLECTION_NAMES.some(known => known === name)
