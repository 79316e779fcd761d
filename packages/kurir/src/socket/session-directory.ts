import type { KeyBundle } from '../auth/key-bundles.js'
import { KurirError } from '../errors/kurir-error.js'
import { checkCompanion, isCompanion } from '../signal/companion-trust.js'
import type { SocketCore } from './core.js'
import { queryKeyBundles } from './key-bundle-query.js'
import { canonicalDevice } from './own-account.js'

/** Devices asked for in one request (docs/protocol/02, fetch bundles: keep under a few hundred). */
const BUNDLES_PER_QUERY = 200

/**
 * Makes sure that there is a session with each device before something is encrypted for it. Bundles are fetched once
 * for all who ask at the same time: every fetch uses up a one-time prekey of the device.
 */
export class SessionDirectory {
  readonly #core: SocketCore
  readonly #fetching = new Map<string, Promise<void>>()

  constructor(core: SocketCore) {
    this.#core = core
  }

  /**
   * Fetches and builds the sessions that are missing, or all of them with `force`. Devices that the server does not
   * serve, whose keys are not signed, or for which no account vouches are skipped and logged: the others are not held up
   * by them (docs/protocol/02 §8.1).
   *
   * @returns whether anything was fetched
   */
  async assert(jids: readonly string[], force = false): Promise<boolean> {
    const wanted = [...new Set(jids.map(canonicalDevice))]
    const missing = force ? wanted : await this.#withoutSession(wanted)
    if (missing.length === 0) return false
    const fresh = missing.filter(jid => !this.#fetching.has(jid))
    for (let start = 0; start < fresh.length; start += BUNDLES_PER_QUERY) {
      const batch = fresh.slice(start, start + BUNDLES_PER_QUERY)
      const fetched = this.#fetch(batch, force).finally(() => {
        for (const jid of batch) this.#fetching.delete(jid)
      })
      for (const jid of batch) this.#fetching.set(jid, fetched)
    }
    await Promise.all(missing.map(jid => this.#fetching.get(jid)))
    return true
  }

  async #withoutSession(jids: readonly string[]): Promise<string[]> {
    const established = await this.#core.repository.devicesWithSession(jids)
    return jids.filter(jid => !established.has(jid))
  }

  async #fetch(jids: readonly string[], identityChanged: boolean): Promise<void> {
    const bundles = await queryKeyBundles(this.#core, jids, identityChanged)
    // The identities of phones vouch for those of the companions.
    await this.#build(bundles.filter(({ jid }) => !isCompanion(jid)))
    await this.#build(await this.#vouchedFor(bundles.filter(({ jid }) => isCompanion(jid))))
  }

  async #build(bundles: readonly KeyBundle[]): Promise<void> {
    if (bundles.length === 0) return
    const { repository } = this.#core
    for (const { jid, error } of await repository.injectE2ESessions(bundles)) if (error) this.#refused(jid, error)
  }

  /** The bundles of companions that can show that their account vouches for them. */
  async #vouchedFor(bundles: readonly KeyBundle[]): Promise<KeyBundle[]> {
    const accepted: KeyBundle[] = []
    for (const bundle of bundles) {
      const { jid, deviceIdentity, session } = bundle
      try {
        await checkCompanion(this.#core.repository, { jid, identityKey: session.identityKey, deviceIdentity }, 'refuse')
        accepted.push(bundle)
      } catch (error) {
        if (!KurirError.is(error)) throw error
        this.#refused(jid, error)
      }
    }
    return accepted
  }

  #refused(jid: string, error: KurirError): void {
    this.#core.logger.error({ jid, err: error }, 'a key bundle was refused')
  }
}
