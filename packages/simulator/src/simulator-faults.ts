import { formatAddress } from './accounts/address.js'
import type { ActiveFault, FaultInjector } from './faults/fault-injector.js'
import type { FaultRule } from './faults/fault-rule.js'
import type { FrameFault, TransportFaults } from './faults/transport-faults.js'
import type { Service } from './router/service.js'
import type { Listener } from './server/listener.js'

/** Everything that can be made to go wrong, deterministic under the seed of the simulator. */
export class SimulatorFaults {
  readonly #service: Service
  readonly #listener: Listener
  readonly #injector: FaultInjector

  constructor(service: Service, listener: Listener, injector: FaultInjector) {
    this.#service = service
    this.#listener = listener
    this.#injector = injector
  }

  /** The rules at work, in their order. */
  get rules(): readonly ActiveFault[] {
    return this.#injector.active
  }

  /** Puts a rule to work on stanzas; the first rule that matches a stanza decides. */
  add(rule: FaultRule): ActiveFault {
    return this.#injector.add(rule)
  }

  /** Sets how links and handshakes behave from now on; what is left out behaves well. */
  setTransport(faults: TransportFaults): void {
    this.#listener.setTransport(faults)
  }

  get transport(): TransportFaults {
    return this.#listener.transport()
  }

  /** Disturbs the next frame that goes to a device (any when absent). */
  disturbFrame(kind: FrameFault, deviceJid?: string): void {
    const device = this.#service.core.accounts.resolve(deviceJid)?.device
    const pn = deviceJid === undefined ? undefined : (device?.pn ?? formatAddress('pn', deviceJid))
    this.#listener.addFrameFault(kind, pn)
  }

  /** Answers WebSocket upgrades with this HTTP status; undefined accepts them again. */
  refuseConnections(status: number | undefined): void {
    this.#listener.refuseUpgrades(status)
  }

  /** Everything behaves well again; what rules held back is let go. */
  clear(): void {
    this.#injector.clear()
    this.#service.media.faults.clear()
    this.#service.appState.faults.clear()
    this.#listener.setTransport({})
    this.#listener.refuseUpgrades(undefined)
  }
}
