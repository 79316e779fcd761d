import type { BinaryNode } from 'kurir/binary'
import type { Device } from '../accounts/device.js'
import { element, SERVICE } from './stanzas.js'

/** A request of a logged-in device. */
export interface IqRequest {
  readonly device: Device
  readonly node: BinaryNode
  /** The first child of the iq; undefined when it has none. */
  readonly child: BinaryNode | undefined
}

/** Refusal of a request: becomes `<iq type=error><error code text/></iq>`. */
export class IqFailure {
  readonly code: number
  readonly text: string
  readonly children: readonly BinaryNode[]

  constructor(code: number, text: string, children: readonly BinaryNode[] = []) {
    this.code = code
    this.text = text
    this.children = children
  }
}

/** A request that stays without an answer: a fault wants it so. */
export const UNANSWERED = Symbol('unanswered')

/** Children of the result, or a refusal. */
export type IqAnswer = readonly BinaryNode[] | IqFailure
/** The answer comes at once, or later where files have to be written or read for it. */
export type IqHandled = IqAnswer | typeof UNANSWERED | Promise<IqAnswer | typeof UNANSWERED>
export type IqHandler = (request: IqRequest) => IqHandled

export const NO_CHILDREN: readonly BinaryNode[] = []

/** The stanza that carries an answer back: same id, from the address that was asked. */
export const iqReply = (request: BinaryNode, answer: IqAnswer, seconds: number): BinaryNode => {
  const { id, to } = request.attrs
  const from = to === undefined || to === 's.whatsapp.net' ? SERVICE : to
  if (answer instanceof IqFailure) {
    const error = element('error', { code: String(answer.code), text: answer.text }, optional(answer.children))
    return element('iq', { from, id, type: 'error', t: String(seconds) }, [error])
  }
  return element('iq', { from, id, type: 'result', t: String(seconds) }, optional(answer))
}

const optional = (children: readonly BinaryNode[]): BinaryNode[] | undefined =>
  children.length === 0 ? undefined : [...children]
