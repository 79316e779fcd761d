import type { BinaryNode } from 'kurir/binary'
import type { Device } from '../accounts/device.js'
import type { ServiceCore } from './service-core.js'
import { childrenOf } from './stanzas.js'

/** Takes acks of clients: what they confirm leaves the queue. */
export const takeAck = (core: ServiceCore, device: Device, node: BinaryNode): void => {
  const { id, to, participant, type } = node.attrs
  const stanzaClass = node.attrs['class']
  if (id === undefined || stanzaClass === undefined) return
  const confirmed = device.queue.confirm({ class: stanzaClass, id, from: to, participant, type })
  if (confirmed !== undefined) {
    if (core.modeOf(device) === 'strict' && !isAckOf(node, confirmed)) {
      core.violation(device, 'unexpected-receipt', 'an ack copies from, participant and type of its stanza', node)
    }
    return
  }
  if (stanzaClass !== 'message') return
  // A message that was answered by a retry receipt may be acked as well; one that never came may not.
  if (device.deliveredMessages.has(id) || device.deliveredMessages.forgotten) return
  core.violation(device, 'unexpected-receipt', `message ${id} was never delivered to this device`, node)
}

/** The ack names sender, participant and type as the stanza has them (docs/protocol/03 §4.8); of a call its payload. */
const isAckOf = (ack: BinaryNode, stanza: BinaryNode): boolean => {
  const { from, participant } = stanza.attrs
  const type = stanza.tag === 'call' ? payloadOf(stanza, ack) : stanza.attrs['type']
  const sameSender = ack.attrs['to'] === from || `@${ack.attrs['to'] ?? ''}` === from
  const sameParticipant = ack.attrs['participant'] === participant || isLeftOut(ack, stanza)
  return sameSender && sameParticipant && ack.attrs['type'] === type
}

/** Of notifications only those about groups have to name the participant (docs/protocol/04 §4.8). */
const isLeftOut = (ack: BinaryNode, { tag, attrs }: BinaryNode): boolean =>
  ack.attrs['participant'] === undefined && tag === 'notification' && attrs['type'] !== 'w:gp2'

/** Either form of acknowledging a call is known: with the name of the payload, and without (docs/protocol/03 §10.3). */
const payloadOf = (call: BinaryNode, ack: BinaryNode): string | undefined =>
  ack.attrs['type'] === undefined ? undefined : childrenOf(call)[0]?.tag
