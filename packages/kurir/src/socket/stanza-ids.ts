import { randomInt } from '../crypto/random.js'

/** Prefix of the stanza ids of one connection: two random 16-bit numbers (docs/protocol/01, message ids). */
export const generateMdTagPrefix = (): string => `${randomInt(0, 65_536)}.${randomInt(0, 65_536)}-`

/** Hands out the ids of stanzas: a random prefix per connection and a counter from 1. */
export class StanzaIds {
  readonly #prefix = generateMdTagPrefix()
  #counter = 0

  next(): string {
    this.#counter += 1
    return this.#prefix + this.#counter
  }
}
