import { enumTables } from '../generated/codec.js'

/** Names to numbers; numbers to names through the prototype, so that `Object.keys` gives the names only. */
export type EnumObject = Readonly<Record<string, number>> & Readonly<Record<number, string>>

let tables: readonly string[] | undefined
const objects = new Map<number, EnumObject>()

/** Made on first use: `A,B,C=5,D` counts on from the value before. */
export function enumOf(index: number): EnumObject {
  let object = objects.get(index)
  if (object === undefined) {
    tables ??= enumTables().split(';')
    const names: Record<number, string> = {}
    const values: Record<string, number> = Object.create(names)
    let next = 0
    for (const entry of tables[index]?.split(',') ?? []) {
      const [name = '', number] = entry.split('=')
      const value = number === undefined ? next : Number(number)
      values[name] = value
      names[value] ??= name
      next = value + 1
    }
    object = values as EnumObject
    objects.set(index, object)
  }
  return object
}
