import type { Simulator } from '@kurir/simulator'
import type { BinaryNode } from 'kurir/binary'

/** Remembers what passed between the service and everybody, so that the way of a lost message can be told. */
export class MessageTrace {
  readonly #lines = new Map<string, string[]>()
  #order = 0

  constructor(service: Simulator) {
    service.onStanza(({ direction, device, node }) => {
      const { id } = node.attrs
      if (id === undefined || node.tag === 'iq') return
      this.#order += 1
      const line = `${this.#order} ${direction === 'to-client' ? '→' : '←'} ${device} ${describe(node)}`
      const lines = this.#lines.get(id)
      if (lines === undefined) this.#lines.set(id, [line])
      else lines.push(line)
    })
  }

  /** Every stanza with this id, oldest first, one a line. */
  of(id: string): string {
    return (this.#lines.get(id) ?? ['nothing']).join('\n')
  }
}

function describe(node: BinaryNode): string {
  const { id: _, t: _t, notify: _n, ...attrs } = node.attrs
  const shown = Object.entries(attrs).map(([name, value]) => `${name}=${value}`)
  const children = Array.isArray(node.content) ? node.content.map(summary) : []
  return [node.tag, ...shown, ...children].join(' ')
}

function summary(node: BinaryNode): string {
  const { type, count, jid, error } = node.attrs
  const inner = Array.isArray(node.content) ? `(${node.content.map(summary).join(' ')})` : ''
  return `<${[node.tag, type, count, jid, error].filter(Boolean).join(' ')}>${inner}`
}
