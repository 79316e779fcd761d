import type { BinaryNode } from 'kurir/binary'
import type { Device } from '../accounts/device.js'
import type { Clock } from '../clock.js'
import type { SeededRandom } from '../random.js'
import { type ActiveRule, ActiveRules } from './active-rules.js'
import { corruptCiphertext, type FaultAction, type FaultRule, matches, withoutContent } from './fault-rule.js'

/** A rule for stanzas at work. */
export type ActiveFault = ActiveRule<FaultRule>

/** What the injector cannot do itself. */
export interface FaultEffects {
  endWithStreamError(device: Device, code: number): void
  disconnect(device: Device): void
  refuse(device: Device, node: BinaryNode, code: number): void
  /** Writes a lost stanza again, unless it was confirmed by another copy. */
  redeliver(device: Device, node: BinaryNode): void
}

type Pass = (node: BinaryNode) => void

interface Held {
  remaining: number
  readonly release: () => void
}

/** Applies fault rules to stanzas in both directions; the first rule that matches decides. */
export class FaultInjector {
  readonly #rules: ActiveRules<FaultRule>
  readonly #held = new Map<string, Held[]>()
  readonly #clock: Clock
  readonly #random: SeededRandom
  #effects: FaultEffects | undefined

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock
    this.#random = random
    this.#rules = new ActiveRules(random)
  }

  connect(effects: FaultEffects): void {
    this.#effects = effects
  }

  /** True while nothing can happen, so that the normal path need not ask. */
  get idle(): boolean {
    return this.#rules.isEmpty && this.#held.size === 0
  }

  get active(): readonly ActiveFault[] {
    return this.#rules.list()
  }

  /** Puts a rule to work, after those that are there. */
  add(rule: FaultRule): ActiveFault {
    return this.#rules.add(rule)
  }

  /** Removes all rules and lets go of what they held back. */
  clear(): void {
    this.#rules.clear()
    for (const held of [...this.#held.values()].flat()) held.release()
    this.#held.clear()
  }

  outgoing(device: Device, node: BinaryNode, pass: Pass): void {
    this.#apply('to-client', device, node, pass)
  }

  incoming(device: Device, node: BinaryNode, pass: Pass): void {
    this.#apply('from-client', device, node, pass)
  }

  #apply(direction: FaultRule['direction'], device: Device, node: BinaryNode, pass: Pass): void {
    const rule = this.#rules.strike(
      candidate => candidate.direction === direction && matches(candidate.match, device, node),
    )
    const lane = `${direction} ${device.pn}`
    if (rule === undefined) pass(node)
    else this.#perform(rule.action, direction, device, node, pass)
    if (rule?.action.kind !== 'reorder') this.#countDown(lane)
  }

  #perform(action: FaultAction, direction: FaultRule['direction'], device: Device, node: BinaryNode, pass: Pass): void {
    switch (action.kind) {
      case 'drop':
        if (action.redeliverAfterMs === undefined) return
        this.#clock.schedule(action.redeliverAfterMs, () => this.#effects?.redeliver(device, node))
        return
      case 'delay':
        this.#clock.schedule(this.#draw(action.milliseconds), () => pass(node))
        return
      case 'duplicate':
        pass(node)
        for (let copy = 0; copy < (action.copies ?? 1); copy += 1) {
          if (action.afterMs === undefined) pass(node)
          else this.#clock.schedule(action.afterMs, () => pass(node))
        }
        return
      case 'reorder':
        this.#hold(`${direction} ${device.pn}`, action.window, action.holdMs ?? 100, () => pass(node))
        return
      case 'corrupt':
        pass(corruptCiphertext(node, limit => this.#random.below(limit)))
        return
      case 'unavailable':
        pass(withoutContent(node, action.type))
        return
      case 'alter': {
        const altered = action.alter(node)
        if (altered !== undefined) pass(altered)
        return
      }
      case 'nack':
        if (direction === 'from-client') this.#effects?.refuse(device, node, action.code)
        else pass(node)
        return
      case 'stream-error':
        this.#effects?.endWithStreamError(device, action.code)
        return
      case 'disconnect':
        this.#effects?.disconnect(device)
    }
  }

  #draw(milliseconds: number | readonly [number, number]): number {
    if (typeof milliseconds === 'number') return milliseconds
    const [low, high] = milliseconds
    return low + this.#random.fraction() * (high - low)
  }

  #hold(lane: string, window: number, holdMs: number, release: () => void): void {
    let released = false
    const once = () => {
      if (released) return
      released = true
      cancel()
      release()
    }
    const cancel = this.#clock.schedule(holdMs, once)
    const held = this.#held.get(lane) ?? []
    held.push({ remaining: Math.max(1, window), release: once })
    this.#held.set(lane, held)
  }

  /** One more stanza went by on this lane: lets go of those that have waited long enough. */
  #countDown(lane: string): void {
    const held = this.#held.get(lane)
    if (held === undefined) return
    const due: Held[] = []
    const waiting: Held[] = []
    for (const entry of held) {
      entry.remaining -= 1
      ;(entry.remaining <= 0 ? due : waiting).push(entry)
    }
    if (waiting.length === 0) this.#held.delete(lane)
    else this.#held.set(lane, waiting)
    for (const entry of due) entry.release()
  }
}
