import type { Contact } from '../chats/contact-types.js'
import { identityOf } from './identity.js'
import type { PendingHistory } from './merge-history.js'

/** Puts the defined members of `later` over `target`, in place. */
export const mergeContact = (target: Partial<Contact>, later: Partial<Contact>): void => {
  for (const [name, value] of Object.entries(later)) {
    if (value !== undefined) Object.assign(target, { [name]: value })
  }
}

/** What the buffer holds of contacts.upsert and contacts.update. */
export class PendingContactChanges {
  readonly upserts = new Map<unknown, Contact>()
  readonly updates = new Map<unknown, Partial<Contact>>()
  readonly #history: PendingHistory

  constructor(history: PendingHistory) {
    this.#history = history
  }

  /** Members left out or undefined do not overwrite; an earlier update stays below (docs/protocol/04, 7.5). */
  upsert(contact: Contact): void {
    const id = identityOf(contact)
    const earlier = this.updates.get(id)
    this.updates.delete(id)
    const known = this.#pendingContact(id)
    if (known) {
      Object.assign(known, earlier)
      mergeContact(known, contact)
      return
    }
    const merged = { ...contact, ...earlier }
    if (earlier) mergeContact(merged, contact)
    this.upserts.set(id, merged)
  }

  /** Later members win, undefined too: the buffered result is what applying one update after the other gives. */
  update(update: Partial<Contact>): void {
    const id = identityOf(update)
    const known = this.#pendingContact(id) ?? this.updates.get(id)
    if (known) Object.assign(known, update)
    else this.updates.set(id, { ...update })
  }

  #pendingContact(id: unknown): Contact | undefined {
    return this.upserts.get(id) ?? this.#history.contacts.get(id)
  }
}
