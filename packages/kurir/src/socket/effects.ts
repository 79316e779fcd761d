import { readKeyShare } from '../app-state/key-messages.js'
import { jidNormalizedUser } from '../binary/jid.js'
import type { WAMessage } from '../events/message-types.js'
import type { AuthoredChange, MessageEffect } from '../messages/message-effects.js'
import { authorOf, isOtherPerson, isSamePerson, personOf } from '../messages/people.js'
import { messageSideEffects } from '../messages/side-effects.js'
import { AddOnOpener } from './add-on-opener.js'
import type { AppStateSync } from './app-state-sync.js'
import type { SocketCore } from './core.js'
import type { HistoryReceiver } from './history-receiver.js'
import type { MessageSecretStore } from './message-secret-store.js'
import { ownAccount } from './own-account.js'

type PhoneAnswer = Extract<MessageEffect, { kind: 'phone-answer' }>['result']

export interface MessageEffectsParts {
  readonly secrets: MessageSecretStore
  readonly history: HistoryReceiver
  readonly appState: Pick<AppStateSync, 'takeKeys' | 'takeRecovery'>
}

/** Effects that nobody repeats: keys, mappings and history that the phone sends once. */
const lasting: ReadonlySet<MessageEffect['kind']> = new Set(['app-state-keys', 'lid-migration', 'history-sync'])

/** Applies what follows from a message besides its `messages.upsert`, in order (docs/protocol/03, processMessage). */
export class MessageEffects {
  readonly #core: SocketCore
  readonly #parts: MessageEffectsParts
  readonly #addOns: AddOnOpener

  constructor(core: SocketCore, parts: MessageEffectsParts) {
    this.#core = core
    this.#parts = parts
    this.#addOns = new AddOnOpener(core, parts.secrets)
  }

  /**
   * Failures are logged; only where something of lasting worth could not be stored does this reject, so that the message
   * stays in the inbox and comes again.
   */
  async apply(message: WAMessage): Promise<void> {
    const { creds, logger } = this.#core
    let effects: MessageEffect[]
    try {
      const { unarchiveChats } = creds.accountSettings
      effects = messageSideEffects(message, { me: ownAccount(creds), unarchiveChats })
    } catch (error) {
      logger.error({ err: error, id: message.key.id }, 'the side effects of a message could not be told')
      return
    }
    const lost: unknown[] = []
    for (const effect of effects) {
      try {
        await this.#apply(effect)
      } catch (error) {
        logger.error({ err: error, id: message.key.id, effect: effect.kind }, 'a side effect of a message failed')
        if (lasting.has(effect.kind)) lost.push(error)
      }
    }
    if (lost.length > 0) throw lost[0]
  }

  async #apply(effect: MessageEffect): Promise<void> {
    const { repository, logger, hooks, ev } = this.#core
    switch (effect.kind) {
      case 'event':
        // The union keeps event and payload together; `emit` takes them apart.
        ev.emit<typeof effect.event>(effect.event, effect.data)
        return
      case 'authored-change':
        if (await this.#isRightful(effect)) await this.#apply(effect.event)
        else logger.warn({ id: effect.key.id, change: effect.change }, "refused a change of somebody else's message")
        return
      case 'sealed-add-on':
        for (const event of await this.#addOns.open(effect.message, effect.addOn)) await this.#apply(event)
        return
      case 'message-secret':
        for (const event of await this.#addOns.remember(effect.parent)) await this.#apply(event)
        return
      case 'app-state-keys':
        await this.#parts.appState.takeKeys(readKeyShare(effect.share))
        return
      case 'lid-migration':
        await repository.lidMapping.storeLIDPNMappings(effect.mappings.map(({ pn, lid }) => ({ pn, lid })))
        return
      case 'history-sync':
        await this.#parts.history.take(effect)
        return
      case 'resent-by-phone':
        await hooks.resentByPhone(effect.message, effect.requestId)
        return
      case 'unreadable':
        logger.warn({ err: effect.error }, 'a part of a message could not be read')
        return
      case 'phone-answer':
        await this.#answered(effect.result)
    }
  }

  async #answered(result: PhoneAnswer): Promise<void> {
    const recovery = result.syncdSnapshotFatalRecoveryResponse
    if (recovery) await this.#parts.appState.takeRecovery(recovery)
    else this.#core.logger.debug({}, 'nothing here makes use of an answer of the phone')
  }

  /**
   * Whether somebody may change a message: its author, or for a deletion an admin of the group (docs/protocol/03, 12).
   * Of a message that nobody remembers, its author is whom the change names: the pure part has compared them.
   */
  async #isRightful({ key, targetId, right, change }: AuthoredChange): Promise<boolean> {
    if (key.fromMe === true) return true
    const sender = authorOf(key, ownAccount(this.#core.creds))
    if (right === 'author') {
      const authors = await this.#parts.secrets.authorsOf({ ...key, id: targetId })
      if (authors.length === 0 || authors.some(author => !isOtherPerson(author, sender))) return true
    }
    if (change !== 'revoke' || key.remoteJid?.endsWith('@g.us') !== true) return false
    const group = await this.#core.hooks.groupMetadata(jidNormalizedUser(key.remoteJid))
    const member = group?.participants.find(({ id, lid, phoneNumber }) =>
      isSamePerson(personOf(id, lid ?? phoneNumber), sender),
    )
    return member?.admin === 'admin' || member?.admin === 'superadmin'
  }
}
