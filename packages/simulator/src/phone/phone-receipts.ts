import { element } from '../router/stanzas.js'
import type { PhoneContext } from './phone-context.js'
import type { PhoneMessage } from './phone-messages.js'

/** How an author is told that a message was looked at. */
export type ReadingReceipt = 'read' | 'read-self' | 'played'

/** Tells the author of a message that it was read or played (docs/protocol/03 §5.1). */
export const markRead = (
  { wire, service }: PhoneContext,
  { id, chat, sender }: Pick<PhoneMessage, 'id' | 'chat' | 'sender'>,
  type: ReadingReceipt,
): void => {
  const participant = chat.endsWith('@g.us') || chat.endsWith('@broadcast') ? sender : undefined
  wire.write(element('receipt', { id, to: chat, type, participant, t: service.core.time() }))
}
