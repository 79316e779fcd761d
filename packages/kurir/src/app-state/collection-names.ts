/** The five collections of app state (docs/protocol/04, 1.1), critical ones first. */
export const ALL_WA_PATCH_NAMES = [
  'critical_block',
  'critical_unblock_low',
  'regular_high',
  'regular_low',
  'regular',
] as const

/** Name of an app-state collection. */
export type WAPatchName = (typeof ALL_WA_PATCH_NAMES)[number]

const names: ReadonlySet<string> = new Set(ALL_WA_PATCH_NAMES)

/** Whether a text from the wire names a collection. */
export function isCollectionName(text: string | undefined): text is WAPatchName {
  return text !== undefined && names.has(text)
}
