import type { BinaryNode } from 'kurir/binary'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import { type IqAnswer, IqFailure, type IqHandler } from '../router/iq-answer.js'
import type { ServiceCore } from '../router/service-core.js'
import { element, SERVICE, textOf } from '../router/stanzas.js'
import { type MexDocument, mexDocument } from './mex-catalogue.js'
import { variablesMisfit } from './mex-variables.js'

/** A GraphQL question of a device. */
export interface MexCall {
  readonly device: Device
  readonly variables: { readonly [name: string]: unknown }
  /** Asked by an older document, which is answered in its own shape. */
  readonly legacy: boolean
}

/** The refusal of a question: it becomes an entry of `errors`. */
export class MexRefusal {
  readonly code: number
  readonly message: string

  constructor(code: number, message: string) {
    this.code = code
    this.message = message
  }
}

/** Gives the member of `data` that was asked for, or refuses. */
export type MexHandler = (call: MexCall) => unknown

/** Persisted GraphQL documents over `w:mex` (docs/protocol/05 §4.1): known by number, checked against their variables. */
export class MexService {
  readonly #core: ServiceCore
  readonly #handlers = new Map<string, MexHandler>()

  constructor(core: ServiceCore) {
    this.#core = core
  }

  /** What answers an operation of the catalogue, by its name. */
  serve(handlers: Readonly<Record<string, MexHandler>>): void {
    for (const [name, handler] of Object.entries(handlers)) this.#handlers.set(name, handler)
  }

  get iqHandlers(): Readonly<Record<string, IqHandler>> {
    return { 'w:mex get query': ({ device, node, child }) => this.#answer(device, node, child) }
  }

  /** Tells devices of an account something, except the one that did it (docs/protocol/05 §4.9). */
  push(account: Account, operation: string, data: Readonly<Record<string, unknown>>, except?: Device): void {
    const content = Buffer.from(JSON.stringify({ data }))
    this.#core.delivery.notifyAccount(
      account,
      () => {
        const attrs = { from: SERVICE, type: 'mex', id: this.#core.stanzaId(), t: this.#core.time() }
        return element('notification', attrs, [element('update', { op_name: operation }, content)])
      },
      except,
    )
  }

  #answer(device: Device, node: BinaryNode, query: BinaryNode | undefined): IqAnswer {
    const document = mexDocument(query?.attrs['query_id'])
    const variables = variablesOf(textOf(query))
    if (variables === undefined) {
      this.#core.violation(device, 'invalid-stanza', 'a GraphQL question is JSON with variables', node)
      return new IqFailure(400, 'bad-request')
    }
    const refusal = this.#check(device, node, document, variables)
    if (refusal !== undefined || document === undefined) {
      return [result({ data: null, errors: [errorOf(refusal ?? unknownDocument, document)] })]
    }
    const handler = this.#handlers.get(document.name)
    const answer = handler?.({ device, variables, legacy: document.legacy }) ?? notServed
    if (answer instanceof MexRefusal) return [result({ data: null, errors: [errorOf(answer, document)] })]
    return [result({ data: { [document.root]: answer } })]
  }

  #check(
    device: Device,
    node: BinaryNode,
    document: MexDocument | undefined,
    variables: MexCall['variables'],
  ): MexRefusal | undefined {
    const lenient = this.#core.modeOf(device) === 'lenient'
    const report = (message: string) => this.#core.violation(device, 'invalid-stanza', message, node)
    if (document === undefined || (document.legacy && !lenient)) {
      report('the present client has no GraphQL document with this number')
      return unknownDocument
    }
    const misfit = lenient ? undefined : variablesMisfit(variables, document.variables)
    if (misfit === undefined) return undefined
    report(`${document.name}: ${misfit}`)
    return new MexRefusal(400, 'Bad Request')
  }
}

const unknownDocument = new MexRefusal(400, 'Bad Request: unknown document')
const notServed = new MexRefusal(400, 'Bad Request: not served here')

const variablesOf = (text: string | undefined): MexCall['variables'] | undefined => {
  try {
    const { variables } = JSON.parse(text ?? '')
    return typeof variables === 'object' && variables !== null ? variables : undefined
  } catch {
    return undefined
  }
}

const errorOf = ({ code, message }: MexRefusal, document: MexDocument | undefined): unknown => ({
  message,
  path: document === undefined ? [] : [document.root],
  extensions: { error_code: code, severity: 'CRITICAL', is_retryable: code >= 500 },
})

const result = (answer: unknown): BinaryNode => element('result', {}, Buffer.from(JSON.stringify(answer)))
