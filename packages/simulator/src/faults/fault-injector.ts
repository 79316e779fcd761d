import type { BinaryNode } from 'kurir/binary'
import type { Device } from '../accounts/device.js'
import type { Clock } from '../clock.js'
import type { SeededRandom } from '../random.js'
import { corruptCiphertext, type FaultAction, type FaultRule, matches, withoutContent } from './fault-rule.js'

/** A rule at work. */
export interface ActiveFault {
  readonly rule: FaultRule
  /** How often it struck. */
  readonly hits: number
  remove(): void
}

/** What the injector cannot do itself. */
export interface FaultEffects {
  endWithStreamError(device: Device, code: number): void
  disconnect(device: Device): void
  refuse(device: Device, node: BinaryNode, code: number): void
  /** Writes a lost stanza again, unless it was confirmed by another copy. */
  redeliver(device: Device, node: BinaryNode): void
}

type Pass = (node: BinaryNode) => void

interface Entry {
  readonly rule: FaultRule
  seen: number
  hits: number
}

interface Held {
  remaining: number
  readonly release: () => void
}

/** Applies fault rules to stanzas in both directions; the first rule that matches decides. */
export class FaultInjector {
  readonly #entries: Entry[] = []
  readonly #held = new Map<string, Held[]>()
  readonly #clock: Clock
  readonly #random: SeededRandom
  #effects: FaultEffects | undefined

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock
    this.#random = random
  }

  connect(effects: FaultEffects): void {
    this.#effects = effects
  }

  /** True while nothing can happen, so that the normal path need not ask. */
  get idle(): boolean {
    return this.#entries.length === 0 && this.#held.size === 0
  }

  get active(): readonly ActiveFault[] {
    return this.#entries.map(entry => this.#view(entry))
  }

  /** Puts a rule to work, after those that are there. */
  add(rule: FaultRule): ActiveFault {
    const entry: Entry = { rule, seen: 0, hits: 0 }
    this.#entries.push(entry)
    return this.#view(entry)
  }

  /** Removes all rules and lets go of what they held back. */
  clear(): void {
    this.#entries.length = 0
    for (const held of [...this.#held.values()].flat()) held.release()
    this.#held.clear()
  }

  outgoing(device: Device, node: BinaryNode, pass: Pass): void {
    this.#apply('to-client', device, node, pass)
  }

  incoming(device: Device, node: BinaryNode, pass: Pass): void {
    this.#apply('from-client', device, node, pass)
  }

  #view(entry: Entry): ActiveFault {
    return {
      rule: entry.rule,
      get hits() {
        return entry.hits
      },
      remove: () => {
        const index = this.#entries.indexOf(entry)
        if (index >= 0) this.#entries.splice(index, 1)
      },
    }
  }

  #apply(direction: FaultRule['direction'], device: Device, node: BinaryNode, pass: Pass): void {
    const entry = this.#entries.find(
      candidate => candidate.rule.direction === direction && this.#strikes(candidate, device, node),
    )
    const lane = `${direction} ${device.pn}`
    if (entry === undefined) pass(node)
    else this.#perform(entry.rule.action, direction, device, node, pass)
    if (entry?.rule.action.kind !== 'reorder') this.#countDown(lane)
  }

  #strikes(entry: Entry, device: Device, node: BinaryNode): boolean {
    const { rule } = entry
    if (rule.times !== undefined && entry.hits >= rule.times) return false
    if (!matches(rule.match, device, node)) return false
    entry.seen += 1
    if (entry.seen <= (rule.skip ?? 0)) return false
    if (!this.#random.chance(rule.probability ?? 1)) return false
    entry.hits += 1
    return true
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
