import { buildBlocklistQuery, parseBlocklist } from '../privacy/blocklist.js'
import { buildPrivacyQuery, parsePrivacySettings } from '../privacy/privacy-settings.js'
import type { SocketCore } from './core.js'

export interface PrivacyMembers {
  /** Privacy settings by category, cached until `force`. */
  fetchPrivacySettings(force?: boolean): Promise<Record<string, string>>
  /** Whom the account has blocked. */
  fetchBlocklist(): Promise<string[]>
}

/** What the account lets others see, and whom it has blocked (docs/protocol/04 §5). */
export class Privacy implements PrivacyMembers {
  readonly #core: SocketCore
  #settings: Record<string, string> | undefined

  constructor(core: SocketCore) {
    this.#core = core
  }

  async fetchPrivacySettings(force = false): Promise<Record<string, string>> {
    if (this.#settings && !force) return this.#settings
    this.#settings = parsePrivacySettings(await this.#core.connection.query(buildPrivacyQuery()))
    return this.#settings
  }

  async fetchBlocklist(): Promise<string[]> {
    return parseBlocklist(await this.#core.connection.query(buildBlocklistQuery()))
  }
}
