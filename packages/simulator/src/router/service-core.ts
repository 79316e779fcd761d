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

export interface ServiceParts {
  readonly clock: Clock
  readonly random: SeededRandom
  readonly accounts: AccountRegistry
  readonly groups: GroupRegistry
  readonly violations: ViolationLog
  readonly delivery: Delivery
  readonly trace: StanzaTrace
  readonly validation: ValidationMode
}

/** What the parts of the service share. */
export interface ServiceCore extends ServiceParts {
  /** Unix seconds. */
  now(): number
  /** The `t` of a stanza. */
  time(): string
  /** A fresh id for a stanza of the service. */
  stanzaId(): string
  modeOf(device: Device): ValidationMode
  /** Records a breach by a device. */
  violation(device: Device, kind: ViolationKind, message: string, stanza?: BinaryNode): void
}

export const makeServiceCore = (parts: ServiceParts): ServiceCore => {
  const now = () => unixSeconds(parts.clock)
  let stanzaNumber = 0
  return {
    ...parts,
    now,
    time: () => String(now()),
    stanzaId: () => {
      stanzaNumber += 1
      return String(stanzaNumber)
    },
    modeOf: device => device.account.validation ?? parts.validation,
    violation: (device, kind, message, stanza) =>
      parts.violations.report(kind, message, { device: device.pn, ...(stanza === undefined ? {} : { stanza }) }),
  }
}
