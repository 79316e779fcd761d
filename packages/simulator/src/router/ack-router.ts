import type { BinaryNode } from 'kurir/binary'
import type { Device } from '../accounts/device.js'
import type { ServiceCore } from './service-core.js'

/** Takes acks of clients: what they confirm leaves the queue. */
export const takeAck = (core: ServiceCore, device: Device, node: BinaryNode): void => {
  const { id, to, participant, type } = node.attrs
  const stanzaClass = node.attrs['class']
  if (id === undefined || stanzaClass === undefined) return
  const confirmed = device.queue.confirm({ class: stanzaClass, id, from: to, participant, type })
  if (confirmed !== undefined || stanzaClass !== 'message') return
  // A message that was answered by a retry receipt may be acked as well; one that never came may not.
  if (device.deliveredMessages.has(id) || device.deliveredMessages.forgotten) return
  core.violation(device, 'unexpected-receipt', `message ${id} was never delivered to this device`, node)
}
