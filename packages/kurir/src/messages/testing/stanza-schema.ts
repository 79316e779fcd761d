import type { BinaryNode } from '../../binary/node.js'
import { readFixture } from './fixtures.js'

/** Checks stanzas against the schema of what a client may send (tests/fixtures/data/message-stanza-schema.json). */

interface NodeRule {
  t?: string
  n?: string
  a?: Record<string, string>
  c?: NodeRule[]
  x?: string
  ref?: string
  one?: NodeRule[]
  any?: NodeRule[]
  when?: string
}
type Root = Record<string, { variants: Record<string, NodeRule> }> & { parts: Record<string, NodeRule>; ack: NodeRule }

const schema = readFixture<Root>('data/message-stanza-schema.json')

const user = /^\d+@(s\.whatsapp\.net|lid|bot|hosted|hosted\.lid|interop)$/
const types: Record<string, RegExp> = {
  id: /^.{1,128}$/,
  text: /^[\s\S]*$/,
  int: /^\d+$/,
  sec: /^\d{1,12}$/,
  bool: /^(true|false)$/,
  user,
  pn: /^\d+@s\.whatsapp\.net$/,
  lid: /^\d+@lid$/,
  device: /^\d+(:[1-9]\d*)?@(s\.whatsapp\.net|lid|bot|hosted|hosted\.lid)$/,
  group: /^[\d-]+@g\.us$/,
  blist: /^\d+@broadcast$/,
  newsletter: /^\d+@newsletter$/,
  jid: /^([^@]*@)?[a-z.]+$/,
}

/** What is wrong with a `<message>` or `<receipt>` of that variant; empty when it fits. */
export function violations(node: BinaryNode, variant: string): string[] {
  const rule = schema[node.tag]?.variants[variant]
  if (rule === undefined) return [`no variant ${variant} of ${node.tag}`]
  return checkNode(node, rule, node.tag)
}

/** What is wrong with an ack. */
export function ackViolations(node: BinaryNode): string[] {
  const { any = [], ...rule } = schema.ack
  const children = (Array.isArray(node.content) ? node.content : []).flatMap(child => {
    const childRule = any.find(each => each.t === child.tag)
    return childRule === undefined ? [`ack/${child.tag} is not known`] : checkNode(child, childRule, `ack/${child.tag}`)
  })
  return [...checkAttributes(node, rule, 'ack'), ...children]
}

function checkNode(node: BinaryNode, rule: NodeRule, path: string): string[] {
  const found = checkAttributes(node, rule, path)
  if (rule.c !== undefined) return [...found, ...checkChildren(node, rule.c, path)]
  return [...found, ...checkContent(node, rule.x, path)]
}

function checkAttributes(node: BinaryNode, rule: NodeRule, path: string): string[] {
  const found: string[] = []
  const known = new Map(Object.entries(rule.a ?? {}).map(([name, type]) => [name.replace('?', ''), { name, type }]))
  for (const [name, value] of Object.entries(node.attrs)) {
    const type = known.get(name)?.type
    if (type === undefined) found.push(`${path}@${name} is not known`)
    else if (typeof value !== 'string' || !fits(value, type)) found.push(`${path}@${name}=${value} is no ${type}`)
  }
  for (const { name } of known.values()) {
    if (!name.endsWith('?') && node.attrs[name] === undefined) found.push(`${path}@${name} is missing`)
  }
  return found
}

function fits(value: string, type: string): boolean {
  if (type.startsWith('=')) return type.slice(1).split('|').includes(value)
  const pattern = types[type]
  if (pattern === undefined) throw new Error(`unknown attribute type ${type}`)
  return pattern.test(value)
}

/** Children have to stand in the order of the schema. */
function checkChildren(node: BinaryNode, rules: NodeRule[], path: string): string[] {
  const found: string[] = []
  const children = Array.isArray(node.content) ? [...node.content] : []
  for (const entry of rules) {
    const rule = entry.ref === undefined ? entry : { ...schema.parts[entry.ref], ...entry }
    const alternatives = rule.one ?? [rule]
    const { minimum, maximum } = cardinality(rule.n)
    let count = 0
    for (let child = children[0]; child !== undefined; child = children[0]) {
      const matching = alternatives.find(each => each.t === child?.tag)
      if (matching === undefined || count === maximum) break
      found.push(...checkNode(child, matching, `${path}/${child.tag}`))
      children.shift()
      count += 1
    }
    if (count < minimum) found.push(`${path} lacks ${alternatives.map(each => each.t).join('|')}`)
  }
  found.push(...children.map(child => `${path}/${child.tag} is out of place`))
  return found
}

function cardinality(text = '1..1'): { minimum: number; maximum: number } {
  const [minimum, maximum] = text.split('..')
  return { minimum: Number(minimum), maximum: maximum ? Number(maximum) : Number.POSITIVE_INFINITY }
}

function checkContent(node: BinaryNode, type: string | undefined, path: string): string[] {
  const length = node.content instanceof Uint8Array ? node.content.byteLength : undefined
  if (type === undefined) return node.content === undefined ? [] : [`${path} has content`]
  const bounds = /^bytes(?:\((\d+)(?:\.\.(\d+))?\))?$/.exec(type)
  if (bounds === null || length === undefined) return [`${path} has no ${type}`]
  const minimum = Number(bounds[1] ?? 1)
  const maximum = Number(bounds[2] ?? bounds[1] ?? Number.POSITIVE_INFINITY)
  return length >= minimum && length <= maximum ? [] : [`${path} has ${length} bytes, not ${type}`]
}
