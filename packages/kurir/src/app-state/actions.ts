import type { proto } from '../proto/index.js'
import { type ActionName, actionTable, isActionName, type SlotKind } from './action-table.js'
import type { AppStateMutation } from './mutation.js'

/** What the slots of an index are read as. */
interface SlotValues {
  readonly jid: string
  readonly flag: boolean
  /** Undefined for own messages, and outside of groups. */
  readonly jidOrZero: string | undefined
  readonly enum: number
  readonly string: string
}

type Slots<Name extends ActionName> = (typeof actionTable)[Name]['slots']
type Target<Name extends ActionName> = {
  readonly [Slot in keyof Slots<Name>]: Slots<Name>[Slot] extends SlotKind ? SlotValues[Slots<Name>[Slot]] : never
}
type ValueField<Name extends ActionName> = (typeof actionTable)[Name]['value']
type Value<Name extends ActionName> =
  ValueField<Name> extends keyof proto.ISyncActionValue
    ? NonNullable<proto.ISyncActionValue[ValueField<Name>]> | undefined
    : undefined

/** An action of the table. */
export type KnownAction<Name extends ActionName = ActionName> = {
  readonly [Each in Name]: {
    readonly name: Each
    /** What it is about: the slots of the index by name. */
    readonly target: Target<Each>
    /** What it says; absent in removals and in actions that say everything by their index. */
    readonly value: Value<Each>
    readonly index: readonly string[]
  }
}[Name]

/** An action that this version knows nothing of, or whose index is too short. */
export interface UnknownAction {
  readonly name: 'unknown'
  readonly index: readonly string[]
  readonly value: proto.ISyncActionValue | undefined
}

/** What a mutation of app state is about, by `name` (docs/protocol/04, 2.2). */
export type AppStateAction = KnownAction | UnknownAction

/** Reads index and value of a mutation. */
export function decodeAction({ index, value }: Pick<AppStateMutation, 'index' | 'value'>): AppStateAction {
  const [name, ...texts] = index
  const unknown: UnknownAction = { name: 'unknown', index, value }
  if (!isActionName(name)) return unknown
  const facts = actionTable[name]
  const slots = Object.entries<SlotKind>(facts.slots)
  if (texts.length < slots.length) return unknown
  const target = Object.fromEntries(
    slots.map(([slot, kind], position) => [slot, readSlot(kind, texts[position] ?? '')]),
  )
  const content = facts.value === undefined ? undefined : (value?.[facts.value] ?? undefined)
  // The table gives all four members their types; they cannot be followed through its look-up.
  return { name, target, value: content, index } as KnownAction
}

function readSlot(kind: SlotKind, text: string): string | number | boolean | undefined {
  switch (kind) {
    case 'flag':
      return text === '1'
    case 'jidOrZero':
      return text === '0' || text === '' ? undefined : text
    case 'enum':
      return Number(text)
    default:
      return text
  }
}
