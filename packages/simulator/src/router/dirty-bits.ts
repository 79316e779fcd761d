import { type BinaryNode, getBinaryNodeChildren } from 'kurir/binary'
import type { Device } from '../accounts/device.js'
import { type IqAnswer, type IqRequest, NO_CHILDREN } from './iq-answer.js'
import type { ServiceCore } from './service-core.js'
import { element, SERVICE } from './stanzas.js'

/** Parts of the service's memory that a device has to fetch again (docs/protocol/04 §3.1). */
export type DirtyType = 'account_sync' | 'groups' | 'syncd_app_state' | 'newsletter_metadata'

interface DirtyBit {
  /** Unix seconds. */
  readonly timestamp: string
  /** For `account_sync`: what has changed, such as `devices` or `blocklist`. */
  readonly parts: readonly string[]
}

/** Tells devices what has changed while they were offline, at every login until they have cleaned it. */
export class DirtyBits {
  readonly #core: ServiceCore
  readonly #bits = new WeakMap<Device, Map<DirtyType, DirtyBit>>()
  /** `type timestamp` of everything that a device was ever told. */
  readonly #told = new WeakMap<Device, Set<string>>()

  constructor(core: ServiceCore) {
    this.#core = core
  }

  /** Marks a part; a device that is there is told at the next {@link announce}. */
  mark(device: Device, type: DirtyType, parts: readonly string[] = []): void {
    const bits = this.#bits.get(device) ?? new Map<DirtyType, DirtyBit>()
    bits.set(type, { timestamp: this.#core.time(), parts })
    this.#bits.set(device, bits)
  }

  /** What a device has not cleaned yet. */
  of(device: Device): readonly DirtyType[] {
    return [...(this.#bits.get(device)?.keys() ?? [])]
  }

  /** Tells a device everything that is dirty. */
  announce(device: Device): void {
    const bits = [...(this.#bits.get(device) ?? [])]
    if (bits.length === 0) return
    const told = this.#told.get(device) ?? new Set()
    this.#told.set(device, told)
    for (const [type, { timestamp }] of bits) told.add(`${type} ${timestamp}`)
    this.#core.delivery.write(device, element('ib', { from: SERVICE }, bits.map(dirtyElement)))
  }

  /** Answers `<clean>`: bits go that are not newer than what the device has seen. */
  clean({ device, node }: IqRequest): IqAnswer {
    for (const { attrs } of getBinaryNodeChildren(node, 'clean')) {
      const { type = '', timestamp } = attrs
      if (timestamp !== undefined && this.#told.get(device)?.has(`${type} ${timestamp}`) !== true) {
        if (this.#core.modeOf(device) === 'strict') {
          this.#core.violation(device, 'unexpected-answer', `${type} was never dirty at ${timestamp}`, node)
        }
        continue
      }
      const bits = this.#bits.get(device)
      const bit = bits?.get(type as DirtyType)
      if (bit !== undefined && (timestamp === undefined || bit.timestamp === timestamp)) bits?.delete(type as DirtyType)
    }
    return NO_CHILDREN
  }
}

const dirtyElement = ([type, { timestamp, parts }]: readonly [DirtyType, DirtyBit]): BinaryNode =>
  element('dirty', { type, timestamp }, parts.length === 0 ? undefined : parts.map(part => element(part)))
