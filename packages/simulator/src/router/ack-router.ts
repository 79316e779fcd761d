import type { BinaryNode } from 'kurir/binary'
import type { Device } from '../accounts/device.js'
import type { ServiceCore } from './service-core.js'

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

/** The ack names sender, participant and type as the stanza has them (docs/protocol/03 §4.8). */
const isAckOf = (ack: BinaryNode, stanza: BinaryNode): boolean => {
  const { from, participant, type } = stanza.attrs
  const sameSender = ack.attrs['to'] === from || `@${ack.attrs['to'] ?? ''}` === from
  return sameSender && ack.attrs['participant'] === participant && ack.attrs['type'] === type
}
