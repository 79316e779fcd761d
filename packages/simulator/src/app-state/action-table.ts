import { readFileSync } from 'node:fs'
import type { CollectionName } from './collection-names.js'

/** One part of an index: see the file itself. */
export interface IndexSlot {
  readonly kind: 'literal' | 'jid' | 'flag' | 'jidOrZero' | 'enum' | 'string'
}

/** What is known of one action (docs/protocol/04 §2.2). */
export interface ActionFacts {
  readonly name: string
  readonly collection: CollectionName
  /** Null where nobody knows it. */
  readonly version: number | null
  /** Undefined where nobody knows it. */
  readonly index: readonly IndexSlot[] | undefined
  /** Member of SyncActionValue with the payload; null: there is none, or nobody knows it. */
  readonly valueField: string | null
}

interface ActionFile {
  readonly actions: readonly ActionFacts[]
  readonly otherNames: readonly (Omit<ActionFacts, 'index'> & { readonly index?: readonly string[] })[]
}

let loaded: ReadonlyMap<string, ActionFacts> | undefined

/** The actions that the current client knows, by name; read once. */
export const actionTable = (): ReadonlyMap<string, ActionFacts> => {
  loaded ??= readTable()
  return loaded
}

const readTable = (): ReadonlyMap<string, ActionFacts> => {
  // The file lies beside src and dist alike, so one relative path serves both.
  const text = readFileSync(new URL('../../data/app-state-actions.json', import.meta.url), 'utf8')
  const { actions, otherNames } = JSON.parse(text) as ActionFile
  const others = otherNames.map(facts => ({ ...facts, index: undefined }))
  return new Map([...others, ...actions].map(facts => [facts.name, facts]))
}
