import type { WAMessage } from '../events/message-types.js'
import type { MessageEffect } from '../messages/message-effects.js'
import { messageSideEffects } from '../messages/side-effects.js'
import type { SocketCore } from './core.js'

/** Applies what follows from a message besides its `messages.upsert`, in order (docs/protocol/03, processMessage). */
export async function applySideEffects(core: SocketCore, message: WAMessage): Promise<void> {
  const { creds, logger } = core
  let effects: MessageEffect[]
  try {
    effects = messageSideEffects(message, { unarchiveChats: creds.accountSettings.unarchiveChats })
  } catch (error) {
    logger.error({ err: error, id: message.key.id }, 'the side effects of a message could not be told')
    return
  }
  for (const effect of effects) {
    try {
      await apply(core, effect)
    } catch (error) {
      logger.error({ err: error, id: message.key.id, effect: effect.kind }, 'a side effect of a message failed')
    }
  }
}

async function apply({ ev, keys, repository, logger }: SocketCore, effect: MessageEffect): Promise<void> {
  switch (effect.kind) {
    case 'event':
      // The union keeps event and payload together; `emit` takes them apart.
      ev.emit<typeof effect.event>(effect.event, effect.data)
      return
    case 'app-state-keys':
      await keys.set({ 'app-state-sync-key': Object.fromEntries(effect.keys.map(({ id, data }) => [id, data])) })
      return
    case 'lid-migration':
      await repository.lidMapping.storeLIDPNMappings(effect.mappings.map(({ pn, lid }) => ({ pn, lid })))
      return
    case 'resent-by-phone':
      ev.emit('messages.upsert', { messages: [effect.message], type: 'notify', requestId: effect.requestId })
      return
    case 'unreadable':
      logger.warn({ err: effect.error }, 'a part of a message could not be read')
      return
    case 'history-sync':
    case 'phone-answer':
    case 'message-secret':
      logger.debug({ effect: effect.kind }, 'nothing here makes use of this side effect')
  }
}
