import type { BinaryNode } from 'kurir/binary'
import type { ValidationMode } from '../accounts/account.js'
import { messageForm } from './message-form.js'
import { messageRuleMisfit } from './message-rules.js'
import { receiptForm, receiptRuleMisfit } from './receipt-rules.js'
import { type SchemaOperation, stanzaSchema } from './schema.js'
import { compileShape, findMisfit, type Shape } from './shape.js'
import { valueCheck } from './value-checks.js'

/** Why a request was refused: the code of the iq error and what did not fit. */
export interface RequestMisfit {
  readonly code: 400 | 479 | 501
  readonly message: string
}

interface Operation {
  readonly name: string
  readonly to: (value: string) => boolean
  readonly shape: Shape
  readonly typeOptional: boolean
}

const ENVELOPE = new Set(['id', 'to', 'type', 'xmlns'])

/**
 * Checks the stanzas of clients against the schema. Strict mode accepts the current forms only; lenient mode also what
 * the schema lists as sent by other or older clients.
 */
export class StanzaValidator {
  readonly #shapes = new Map<string, Shape>()
  readonly #operations = { strict: new Map<string, Operation[]>(), lenient: new Map<string, Operation[]>() }
  readonly #namespaces = new Set<string>()

  constructor() {
    for (const [name, schema] of Object.entries(stanzaSchema().operations)) {
      this.#namespaces.add(schema.xmlns)
      this.#addOperation('strict', name, schema)
      this.#addOperation('lenient', name, schema)
    }
  }

  /** What is wrong with a stanza that is no iq request; undefined when it fits. `phone`: sent by a device 0. */
  check(node: BinaryNode, mode: ValidationMode, phone = false): string | undefined {
    switch (node.tag) {
      case 'message': {
        const form = messageForm(node)
        return (
          this.#misfit('message', form, node, mode) ??
          messageRuleMisfit(node, form, { phone, lenient: mode === 'lenient' })
        )
      }
      case 'receipt': {
        const form = receiptForm(node)
        return this.#misfit('receipt', form, node, mode) ?? receiptRuleMisfit(node, form)
      }
      case 'presence':
        return this.#misfit('presence', presenceForm(node), node, mode)
      case 'ib':
        return this.#misfit('ib', ibForm(node), node, mode)
      case 'iq':
        return this.#misfit('iqResult', answerForm(node), node, mode)
      default:
        return stanzaSchema().forms[node.tag] === undefined
          ? `no client sends <${node.tag}>`
          : this.#misfit(node.tag, node.tag, node, mode)
    }
  }

  /** What is wrong with an iq request; undefined when one of the known operations fits. */
  checkRequest(node: BinaryNode, mode: ValidationMode): RequestMisfit | undefined {
    const { xmlns, type, to, id } = node.attrs
    if (id === undefined || xmlns === undefined || to === undefined) {
      return { code: 400, message: 'an iq has id, to, type and xmlns' }
    }
    const first = Array.isArray(node.content) ? (node.content[0]?.tag ?? '') : ''
    const known = this.#operations[mode]
    const candidates = known.get(`${xmlns} ${type ?? ''} ${first}`) ?? known.get(`${xmlns} ${type ?? ''} `)
    if (candidates === undefined) {
      const code = this.#namespaces.has(xmlns) ? 501 : 400
      return { code, message: `no operation ${xmlns} ${type ?? ''} <${first}>` }
    }
    let misfit: RequestMisfit | undefined
    for (const operation of candidates) {
      const found = operationMisfit(node, operation, to)
      if (found === undefined) return undefined
      misfit ??= found
    }
    return misfit
  }

  #misfit(tag: string, form: string, node: BinaryNode, mode: ValidationMode): string | undefined {
    const key = `${mode}/${tag}/${form}`
    let shape = this.#shapes.get(key)
    if (shape === undefined) {
      const schema = stanzaSchema().forms[tag]?.[form]
      if (schema === undefined) return `<${node.tag}> has no known form`
      shape = compileShape(schema, mode === 'lenient')
      this.#shapes.set(key, shape)
    }
    const misfit = findMisfit(node, shape)
    return misfit === undefined ? undefined : `${form}: ${misfit}`
  }

  #addOperation(mode: ValidationMode, name: string, schema: SchemaOperation): void {
    const shape = compileShape(schema, mode === 'lenient')
    const operation: Operation = { name, to: valueCheck(schema.to), shape, typeOptional: false }
    for (const tag of firstTags(schema)) {
      const keys = [`${schema.xmlns} ${schema.type} ${tag}`]
      if (mode === 'lenient' && schema.compat?.absent?.includes('type')) keys.push(`${schema.xmlns}  ${tag}`)
      for (const key of keys) {
        const present = this.#operations[mode].get(key)
        if (present === undefined) this.#operations[mode].set(key, [operation])
        else present.push(operation)
      }
    }
  }
}

const operationMisfit = (node: BinaryNode, operation: Operation, to: string): RequestMisfit | undefined => {
  if (!operation.to(to)) return { code: 479, message: `${operation.name}: wrong kind of address in to: ${to}` }
  const misfit = findMisfit(node, operation.shape, ENVELOPE)
  if (misfit === undefined) return undefined
  const code = /lacks the attribute|wrong value/.test(misfit) ? 479 : 400
  return { code, message: `${operation.name}: ${misfit}` }
}

/**
 * The tags a request of this operation may begin with: any of its children, since their order is free; the empty one
 * when it may have none.
 */
const firstTags = (schema: SchemaOperation): ReadonlySet<string> => {
  const tags = new Set<string>()
  let required = false
  for (const entry of schema.c ?? []) {
    const node = entry.ref === undefined ? entry : (stanzaSchema().parts[entry.ref] ?? entry)
    for (const alternative of node.one ?? node.anyOf ?? [node]) tags.add(alternative.t ?? '')
    if (!entry.n?.startsWith('0')) required = true
  }
  if (!required) tags.add('')
  return tags
}

const presenceForm = (node: BinaryNode): string => {
  const { type } = node.attrs
  if (type === 'subscribe' || type === 'unsubscribe') return type
  return type === undefined && node.attrs['name'] !== undefined ? 'name' : 'state'
}

const ibForm = (node: BinaryNode): string => {
  const first = Array.isArray(node.content) ? node.content[0]?.tag : undefined
  return first === 'unified_session' ? 'unifiedSession' : 'offlineBatch'
}

const answerForm = (node: BinaryNode): string => {
  const first = Array.isArray(node.content) ? node.content[0]?.tag : undefined
  if (first === 'pair-device-sign') return 'pairDeviceSign'
  if (node.attrs['type'] === 'error') return 'pairRefused'
  return node.attrs['xmlns'] !== undefined || node.attrs['id'] === undefined ? 'pong' : 'pairDevice'
}
