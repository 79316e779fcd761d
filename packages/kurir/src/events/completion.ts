/** How the `process` handlers fared: what they threw or rejected with, empty when all went well. */
export interface EventOutcome {
  readonly failures: readonly unknown[]
}

/**
 * A promise that resolves once everybody who took hold of it has let go. One completion stands for a whole batch: the
 * thousand events merged into it share a promise.
 */
export class Completion {
  readonly promise: Promise<EventOutcome>
  readonly #failures: unknown[] = []
  #resolve: (outcome: EventOutcome) => void = () => {}
  #reject: (error: Error) => void = () => {}
  /** The maker's own hold counts as one. */
  #holds = 1

  constructor() {
    this.promise = new Promise<EventOutcome>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Whoever awaits the promise still sees the rejection; nobody has to.
    this.promise.catch(() => {})
  }

  hold(): void {
    this.#holds += 1
  }

  release(): void {
    this.#holds -= 1
    if (this.#holds === 0) this.#resolve({ failures: this.#failures })
  }

  fail(error: unknown): void {
    this.#failures.push(error)
  }

  /** Waits for `other` too, and shares its fate. */
  follow(other: Completion): void {
    this.hold()
    other.promise.then(
      ({ failures }) => {
        this.#failures.push(...failures)
        this.release()
      },
      error => this.abandon(error),
    )
  }

  /** Ends the wait without success: what was waited for will not happen. */
  abandon(error: Error): void {
    this.#reject(error)
  }
}
