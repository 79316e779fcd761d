import { jidNormalizedUser } from '../binary/jid.js'
import type { Awaitable } from '../signal/key-store.js'
import type { SocketCore } from './core.js'

/** Answers come within seconds; this many messages are never under way at once. */
const UNCONFIRMED_KEPT = 1000

/**
 * Remembers which devices hold our sender key of a group (docs/protocol/02, sender-key-memory and rotation). A device
 * counts as holder only after the server took the stanza; when somebody who holds the key is no longer a recipient, the
 * key is replaced, so that who left cannot read what follows.
 */
export class SenderKeyHolders {
  readonly #core: SocketCore
  /** Messages that carry the key and that the server has not answered, oldest first. */
  readonly #unconfirmed = new Map<string, { readonly group: string; readonly devices: readonly string[] }>()

  constructor(core: SocketCore) {
    this.#core = core
  }

  /** The devices among these that still lack the key. */
  async lacking(group: string, devices: readonly string[]): Promise<string[]> {
    const held = await this.#held(group)
    return devices.filter(device => !held[device])
  }

  /** Replaces the key when a holder is missing among the recipients. */
  async rotateIfMembersLeft(group: string, meId: string, devices: readonly string[]): Promise<void> {
    const held = Object.keys(await this.#held(group))
    const present = new Set(devices)
    if (held.every(device => present.has(device))) return
    this.#core.logger.debug({ group }, 'a holder of our sender key left: making a new key')
    await this.discard(group, [meId])
  }

  /** Deletes our sender key of a group: the next message there begins a new one. @param names under which it is filed */
  async discard(group: string, names: readonly string[]): Promise<void> {
    // What is still to be acknowledged carried the old key.
    for (const [id, sent] of this.#unconfirmed) if (sent.group === group) this.#unconfirmed.delete(id)
    for (const jid of names) await this.#core.repository.deleteSenderKey({ group, jid })
    await this.#exclusively(group, () => this.#core.keys.set({ 'sender-key-memory': { [group]: null } }))
  }

  /** The devices hold the key once the server has acknowledged this message. */
  awaitAck(messageId: string, group: string, devices: readonly string[]): void {
    if (devices.length === 0) return
    this.#unconfirmed.set(messageId, { group, devices })
    // A device that is forgotten here gets the key once more.
    for (const oldest of this.#unconfirmed.keys()) {
      if (this.#unconfirmed.size <= UNCONFIRMED_KEPT) return
      this.#unconfirmed.delete(oldest)
    }
  }

  async acknowledged(messageId: string, refused: boolean): Promise<void> {
    const sent = this.#unconfirmed.get(messageId)
    if (!sent) return
    this.#unconfirmed.delete(messageId)
    if (refused) return
    const { group, devices } = sent
    await this.#exclusively(group, async () => {
      const held = { ...(await this.#held(group)) }
      for (const device of devices) held[device] = true
      await this.#core.keys.set({ 'sender-key-memory': { [group]: held } })
    })
  }

  /** A device asked for a retry, or changed its identity: it gets the key again. */
  async forget(group: string, device: string): Promise<void> {
    await this.#exclusively(group, async () => {
      const held = { ...(await this.#held(group)) }
      const user = jidNormalizedUser(device)
      const lost = Object.keys(held).filter(
        holder => holder === device || (device === user && jidNormalizedUser(holder) === user),
      )
      if (lost.length === 0) return
      for (const holder of lost) delete held[holder]
      await this.#core.keys.set({ 'sender-key-memory': { [group]: held } })
    })
  }

  #exclusively(group: string, work: () => Awaitable<void>): Promise<void> {
    return this.#core.keys.transaction(async () => work(), `sender-key-memory:${group}`)
  }

  async #held(group: string): Promise<Record<string, boolean>> {
    const { [group]: held } = await this.#core.keys.get('sender-key-memory', [group])
    return held ?? {}
  }
}
