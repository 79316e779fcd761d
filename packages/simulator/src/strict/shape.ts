import type { BinaryNode } from 'kurir/binary'
import { type SchemaNode, stanzaSchema } from './schema.js'
import { type ContentCheck, contentCheck, type ValueCheck, valueCheck } from './value-checks.js'

/** A compiled node of the schema. */
export interface Shape {
  readonly attributes: ReadonlyMap<string, ValueCheck>
  readonly required: readonly string[]
  readonly content: ContentCheck
  /** Undefined when children are not looked at. */
  readonly children: ChildRules | undefined
  /** Unknown attributes and children are tolerated. */
  readonly open: boolean
}

interface ChildRules {
  readonly byTag: ReadonlyMap<string, readonly ChildRule[]>
  readonly slots: readonly Slot[]
}

interface ChildRule {
  readonly slot: number
  readonly shape: Shape
}

/** A place in the list of children: how many nodes must and may stand there. */
interface Slot {
  readonly label: string
  readonly minimum: number
  readonly maximum: number
}

/** Compiles a schema node; `lenient` adds what its `compat` entry tolerates. */
export const compileShape = (schema: SchemaNode, lenient: boolean, inheritedOpen = false): Shape => {
  const compat = lenient ? schema.compat : undefined
  const open = inheritedOpen || compat?.deep === true
  const attributes = new Map<string, ValueCheck>()
  const required: string[] = []
  for (const [name, type] of Object.entries({ ...schema.a, ...compat?.a })) {
    const optional = name.endsWith('?')
    const plain = optional ? name.slice(0, -1) : name
    attributes.set(plain, valueCheck(type))
    if (!optional && !compat?.absent?.includes(plain)) required.push(plain)
  }
  const entries = [...(schema.c ?? []), ...(compat?.c ?? [])]
  const optionalEntries = (schema.any ?? []).map(entry => ({ ...entry, n: entry.n ?? '0..1' }))
  const hasChildren = schema.c !== undefined || schema.any !== undefined || entries.length > 0
  const children = hasChildren ? compileChildren([...entries, ...optionalEntries], open) : undefined
  const content = hasChildren ? isList : contentCheck(schema.x)
  return { attributes, required, content, children, open }
}

const isList: ContentCheck = content => content === undefined || Array.isArray(content) || content.length === 0

const compileChildren = (entries: readonly SchemaNode[], open: boolean): ChildRules => {
  const byTag = new Map<string, ChildRule[]>()
  const slots: Slot[] = []
  for (const written of entries) {
    const entry = resolvePart(written)
    const alternatives = entry.one ?? entry.anyOf ?? [entry]
    const label = alternatives.map(alternative => resolvePart(alternative).t ?? '?').join(' | ')
    const slot = slots.length
    slots.push({ label, ...range(entry.n) })
    for (const alternative of alternatives) {
      const node = resolvePart(alternative)
      const rules = byTag.get(node.t ?? '') ?? []
      rules.push({ slot, shape: compileShape(node, false, open) })
      byTag.set(node.t ?? '', rules)
    }
  }
  return { byTag, slots }
}

const resolvePart = (node: SchemaNode): SchemaNode => {
  if (node.ref === undefined) return node
  const part = stanzaSchema().parts[node.ref]
  if (part === undefined) throw new RangeError(`The stanza schema names an unknown part: ${node.ref}`)
  return node.n === undefined ? part : { ...part, n: node.n }
}

const range = (text: string | undefined): { minimum: number; maximum: number } => {
  if (text === undefined) return { minimum: 1, maximum: 1 }
  const [low = '1', high] = text.split('..')
  const minimum = Number(low)
  return { minimum, maximum: high === undefined ? minimum : high === '' ? Number.POSITIVE_INFINITY : Number(high) }
}

/** What does not fit, as a sentence with the path of the node; undefined when everything fits. */
export const findMisfit = (node: BinaryNode, shape: Shape, ignored?: ReadonlySet<string>): string | undefined =>
  attributeMisfit(node, shape, ignored) ?? contentMisfit(node, shape)

const attributeMisfit = (node: BinaryNode, shape: Shape, ignored?: ReadonlySet<string>): string | undefined => {
  for (const name in node.attrs) {
    if (ignored?.has(name)) continue
    const check = shape.attributes.get(name)
    const value = node.attrs[name] ?? ''
    if (check === undefined) {
      if (!shape.open) return `<${node.tag}> must not have the attribute ${name}`
    } else if (!check(value)) return `<${node.tag}> has a wrong value of ${name}: ${value}`
  }
  for (const name of shape.required) {
    if (node.attrs[name] === undefined) return `<${node.tag}> lacks the attribute ${name}`
  }
  return undefined
}

const contentMisfit = (node: BinaryNode, shape: Shape): string | undefined => {
  if (!shape.content(node.content)) return `<${node.tag}> has content of a wrong kind or length`
  if (shape.children === undefined) return undefined
  const { byTag, slots } = shape.children
  const counts = new Array<number>(slots.length).fill(0)
  for (const child of Array.isArray(node.content) ? node.content : []) {
    const rules = byTag.get(child.tag)
    if (rules === undefined) {
      if (shape.open) continue
      return `<${node.tag}> must not have a child <${child.tag}>`
    }
    const fitting = rules.find(rule => findMisfit(child, rule.shape) === undefined)
    if (fitting === undefined) {
      const [first] = rules
      return `<${node.tag}> / ${first === undefined ? child.tag : findMisfit(child, first.shape)}`
    }
    counts[fitting.slot] = (counts[fitting.slot] ?? 0) + 1
  }
  for (const [index, slot] of slots.entries()) {
    const count = counts[index] ?? 0
    if (count < slot.minimum) return `<${node.tag}> lacks a child <${slot.label}>`
    if (count > slot.maximum) return `<${node.tag}> has more than ${slot.maximum} <${slot.label}>`
  }
  return undefined
}
