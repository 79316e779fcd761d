import type { KurirSignalRepository } from 'kurir/signal'
import type { Account } from '../accounts/account.js'
import type { Device } from '../accounts/device.js'
import type { SeededRandom } from '../random.js'
import type { Service } from '../router/service.js'
import type { PhoneKeys } from './phone-keys.js'
import type { PhoneMemory } from './phone-memory.js'
import type { PhoneWire } from './phone-wire.js'

/** What the parts of a phone share. Keys and sessions are replaced by a reinstallation. */
export interface PhoneContext {
  readonly service: Service
  readonly account: Account
  readonly device: Device
  readonly random: SeededRandom
  readonly wire: PhoneWire
  readonly keys: PhoneKeys
  readonly signal: KurirSignalRepository
  readonly memory: PhoneMemory
}
