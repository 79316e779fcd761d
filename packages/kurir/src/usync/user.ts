import type { BinaryNode } from '../binary/node.js'

/** What we already know about a user's devices; the server then leaves out a list that has not changed. */
export interface KnownDeviceList {
  /** Hash of the list, see `deviceListHash`. */
  readonly deviceHash: string
  /** Seconds: the time of the signed key index list we have. */
  readonly timestamp: number
  /** Seconds: a newer time that the server announced. */
  readonly expectedTimestamp?: number
}

/**
 * One user of a {@link USyncQuery}: an account JID, or a phone number or username to look up. Setters can be chained.
 */
export class USyncUser {
  /** Account JID; a device part is not sent. */
  id?: string
  /** Known LID of a user given by phone number. */
  lid?: string
  /** Phone number to look up, with a leading `+`. */
  phone?: string
  username?: string
  /** The short number that protects a username. */
  usernameKey?: string
  type?: string
  /** Persona of a bot. */
  personaId?: string
  knownDevices?: KnownDeviceList
  /** Shows the token that the user has given us, for what they let only contacts see. */
  proof?: BinaryNode

  withId(id: string): this {
    this.id = id
    return this
  }

  withLid(lid: string): this {
    this.lid = lid
    return this
  }

  withPhone(phone: string): this {
    this.phone = phone
    return this
  }

  withUsername(username: string): this {
    this.username = username
    return this
  }

  withUsernameKey(usernameKey: string): this {
    this.usernameKey = usernameKey
    return this
  }

  withType(type: string): this {
    this.type = type
    return this
  }

  withPersonaId(personaId: string): this {
    this.personaId = personaId
    return this
  }

  withKnownDevices(knownDevices: KnownDeviceList): this {
    this.knownDevices = knownDevices
    return this
  }

  withProof(proof: BinaryNode): this {
    this.proof = proof
    return this
  }
}
