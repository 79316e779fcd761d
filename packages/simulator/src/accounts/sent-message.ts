import type { Device } from './device.js'

/** What the service remembers of a message: who sent it, who was given it, and who asked for it again. */
export class SentMessage {
  /** The device that sent it. */
  readonly device: Device
  readonly #recipients = new Set<Device>()
  #group: readonly Device[] | undefined
  #retries: Set<Device> | undefined

  constructor(device: Device) {
    this.device = device
  }

  /** True when `device` is to be given this message: it has not had it yet, or asked for it again. */
  isFor(device: Device): boolean {
    if (this.#retries?.delete(device)) return true
    return !this.#recipients.has(device) && this.#group?.includes(device) !== true
  }

  given(device: Device): void {
    this.#recipients.add(device)
  }

  /** Notes in one go that all devices of a group were given it; the list is kept as it is, not copied. */
  givenToGroup(devices: readonly Device[]): void {
    this.#group = devices
  }

  /** A retry receipt of `device` came: the next copy for it goes through. */
  askedAgain(device: Device): void {
    this.#retries ??= new Set()
    this.#retries.add(device)
  }
}
