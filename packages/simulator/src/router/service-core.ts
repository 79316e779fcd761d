import type { BinaryNode } from 'kurir/binary'
import type { ValidationMode } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import type { AccountRegistry } from '../accounts/registry.js'
import { type Clock, unixSeconds } from '../clock.js'
import type { GroupRegistry } from '../groups/group.js'
import type { SeededRandom } from '../random.js'
import type { ViolationKind, ViolationLog } from '../violations.js'
import type { Delivery } from './delivery.js'
import type { StanzaTrace } from './stanza-trace.js'

/** What the parts of the service share. */
export class ServiceCore {
  readonly clock: Clock
  readonly random: SeededRandom
  readonly accounts: AccountRegistry
  readonly groups: GroupRegistry
  readonly violations: ViolationLog
  readonly delivery: Delivery
  readonly trace: StanzaTrace
  readonly validation: ValidationMode
  #stanzaNumber = 0

  constructor(parts: {
    readonly clock: Clock
    readonly random: SeededRandom
    readonly accounts: AccountRegistry
    readonly groups: GroupRegistry
    readonly violations: ViolationLog
    readonly delivery: Delivery
    readonly trace: StanzaTrace
    readonly validation: ValidationMode
  }) {
    this.clock = parts.clock
    this.random = parts.random
    this.accounts = parts.accounts
    this.groups = parts.groups
    this.violations = parts.violations
    this.delivery = parts.delivery
    this.trace = parts.trace
    this.validation = parts.validation
  }

  /** Unix seconds. */
  now(): number {
    return unixSeconds(this.clock)
  }

  /** The `t` of a stanza. */
  time(): string {
    return String(this.now())
  }

  /** A fresh id for a stanza of the service. */
  stanzaId(): string {
    this.#stanzaNumber += 1
    return String(this.#stanzaNumber)
  }

  modeOf(device: Device): ValidationMode {
    return device.account.validation ?? this.validation
  }

  /** Records a breach by a device. */
  violation(device: Device, kind: ViolationKind, message: string, stanza?: BinaryNode): void {
    this.violations.report(kind, message, { device: device.pn, ...(stanza === undefined ? {} : { stanza }) })
  }
}
