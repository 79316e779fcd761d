import type { WAMessage, WAMessageKey } from '../events/message-types.js'
import { addOnEffects } from '../messages/add-on-effects.js'
import type { AddOnParentRecord, EventEffect } from '../messages/message-effects.js'
import type { Person } from '../messages/message-secrets.js'
import { authorOf, personOf } from '../messages/people.js'
import { type AddOnParent, openAddOn, type SealedAddOn } from '../messages/sealed-add-ons.js'
import { addOnParentOf } from '../messages/side-effects.js'
import { ExpiringMap } from '../time/expiring-map.js'
import type { SocketCore } from './core.js'
import type { MessageSecretStore } from './message-secret-store.js'
import { ownAccount } from './own-account.js'

const WAITING = 500
const WAITING_MS = 3_600_000
/** Add-ons that wait for one message. */
const WAITING_EACH = 100

interface WaitingAddOn {
  readonly message: WAMessage
  readonly addOn: SealedAddOn
}

/**
 * Opens votes, answers, reactions, comments and edits that are sealed with the secret of the message they belong to:
 * from what is remembered, else from what `getMessage` of the config gives. Those that overtake their message wait for
 * it.
 */
export class AddOnOpener {
  readonly #core: SocketCore
  readonly #secrets: MessageSecretStore
  readonly #waiting: ExpiringMap<readonly WaitingAddOn[]>

  constructor(core: SocketCore, secrets: MessageSecretStore) {
    this.#core = core
    this.#secrets = secrets
    this.#waiting = new ExpiringMap({ limit: WAITING, ttlMs: WAITING_MS, clock: core.config.clock })
  }

  /** A message came; with it, the add-ons that waited for it can be opened. */
  async remember(parent: AddOnParentRecord): Promise<EventEffect[]> {
    await this.#secrets.remember([parent], ownAccount(this.#core.creds))
    const id = parent.key.id ?? ''
    const waiting = this.#waiting.get(id) ?? []
    this.#waiting.delete(id)
    const opened: EventEffect[] = []
    for (const { message, addOn } of waiting) opened.push(...(await this.open(message, addOn)))
    return opened
  }

  /** What an add-on changes. Failures are logged: the message itself was handed over. */
  async open(message: WAMessage, addOn: SealedAddOn): Promise<EventEffect[]> {
    const { logger, creds } = this.#core
    const { id } = message.key
    try {
      const parents = await this.#parentsOf(addOn.target)
      if (parents.length === 0) {
        this.#wait(message, addOn)
        return []
      }
      const me = ownAccount(creds)
      const sender = await this.#complete(authorOf(message.key, me))
      const claimed = await this.#complete(authorOf(addOn.target, me))
      for (const parent of parents) {
        const author = parent.author && (await this.#complete(parent.author))
        const opened = openAddOn(addOn, { ...parent, author }, claimed, sender)
        if (opened?.kind === 'refused') logger.warn({ id, why: opened.why }, 'an add-on to a message was refused')
        if (opened) return addOnEffects(message, addOn, opened)
      }
      logger.warn({ id, useCase: addOn.useCase }, 'an add-on was not sealed for the message it names')
    } catch (error) {
      logger.warn({ err: error, id, useCase: addOn.useCase }, 'an add-on to a message could not be read')
    }
    return []
  }

  async #parentsOf(target: WAMessageKey): Promise<readonly AddOnParent[]> {
    const remembered = await this.#secrets.find(target)
    if (remembered.length > 0) return remembered
    const message = await this.#core.config.getMessage(target)
    const parent = message && addOnParentOf({ key: target, message })
    return parent ? [{ ...parent, author: undefined }] : []
  }

  #wait(message: WAMessage, addOn: SealedAddOn): void {
    const targetId = addOn.target.id ?? ''
    const waiting = this.#waiting.get(targetId) ?? []
    this.#core.logger.debug({ id: message.key.id, targetId }, 'an add-on to a message that is not known')
    if (waiting.length < WAITING_EACH) this.#waiting.set(targetId, [...waiting, { message, addOn }])
  }

  /** The other name of a person, where it is known. */
  async #complete(person: Person): Promise<Person> {
    const { lidMapping } = this.#core.repository
    const { lid, pn, asSeen } = person
    if (lid !== undefined && pn === undefined) {
      return { ...person, ...personOf(asSeen, (await lidMapping.getPNForLID(lid)) ?? undefined), asSeen }
    }
    if (pn !== undefined && lid === undefined) {
      return { ...person, ...personOf(asSeen, (await lidMapping.getLIDForPN(pn)) ?? undefined), asSeen }
    }
    return person
  }
}
