import { KurirError } from '../errors/kurir-error.js'

/** One running transaction call; nested calls form a tree under the outermost one. */
export interface LockOwner {
  readonly parent: LockOwner | undefined
  readonly root: LockOwner
  /** Nested calls that have not ended. */
  readonly children: ReadonlySet<LockOwner>
}

interface Waiter {
  readonly owner: LockOwner
  readonly scope: string
  readonly grant: () => void
}

interface Lock {
  /** The outermost transaction that keeps the lock until it has ended. */
  tree: LockOwner
  /** Calls inside that tree that work under the lock, the innermost last; each is nested in the one before it. */
  readonly holders: LockOwner[]
  /** Waiting calls of the same tree, and of other trees, in order of arrival. */
  insiders: Waiter[]
  outsiders: Waiter[]
}

/**
 * Named locks for trees of nested transactions.
 *
 * A lock taken anywhere in a tree stays with the tree until the outermost transaction ends. Inside the tree it passes
 * from call to call: one that is nested in the holder goes on at once, siblings take turns. Whoever would wait for
 * something that waits for it is told so instead.
 */
export class ScopeLocks {
  private readonly locks = new Map<string, Lock>()
  private readonly heldBy = new Map<LockOwner, Set<string>>()
  private readonly waiting = new Map<LockOwner, Waiter>()

  /**
   * Takes a lock.
   *
   * @returns undefined when it is free or the caller's already, else a promise of it; and whether it is new to the tree
   * @throws KurirError `transaction-deadlock` (retryable)
   */
  acquire(owner: LockOwner, scope: string): { readonly isNew: boolean; readonly granted?: Promise<void> } {
    const lock = this.locks.get(scope)
    if (lock === undefined) {
      this.locks.set(scope, { tree: owner.root, holders: [owner], insiders: [], outsiders: [] })
      this.heldSet(owner.root).add(scope)
      return { isNew: true }
    }
    const isInside = lock.tree === owner.root
    if (isInside && canEnter(lock, owner)) {
      lock.holders.push(owner)
      return { isNew: false }
    }
    return { isNew: !isInside, granted: this.wait(owner, scope, isInside ? lock.insiders : lock.outsiders) }
  }

  /** Called when a nested call ends: the lock stays with its tree. */
  leave(owner: LockOwner, scope: string): void {
    const lock = this.locks.get(scope)
    if (lock?.holders.at(-1) !== owner) return
    lock.holders.pop()
    const next = lock.insiders.find(waiter => canEnter(lock, waiter.owner))
    if (next === undefined) return
    lock.insiders = lock.insiders.filter(waiter => waiter !== next)
    lock.holders.push(next.owner)
    this.resume(next)
  }

  /** Called when an outermost call ends: its locks go to whoever waits. */
  releaseTree(root: LockOwner): void {
    const scopes = this.heldBy.get(root)
    this.heldBy.delete(root)
    for (const scope of scopes ?? []) this.passOn(scope)
  }

  private passOn(scope: string): void {
    const lock = this.locks.get(scope)
    const next = lock?.outsiders.shift()
    if (lock === undefined || next === undefined) {
      this.locks.delete(scope)
      return
    }
    const { root } = next.owner
    lock.tree = root
    lock.holders.splice(0, lock.holders.length, next.owner)
    lock.insiders = lock.outsiders.filter(waiter => waiter.owner.root === root)
    lock.outsiders = lock.outsiders.filter(waiter => waiter.owner.root !== root)
    this.heldSet(root).add(scope)
    this.resume(next)
  }

  private wait(owner: LockOwner, scope: string, queue: Waiter[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { owner, scope, grant: resolve }
      queue.push(waiter)
      this.waiting.set(owner, waiter)
      if (!this.isDeadlock(owner)) return
      queue.pop()
      this.waiting.delete(owner)
      reject(
        new KurirError('transaction-deadlock', `Transactions wait for each other: "${scope}" was asked for last`, {
          statusCode: 409,
          retryable: true,
          data: { scope, held: [...(this.heldBy.get(owner.root) ?? [])] },
        }),
      )
    })
  }

  private resume(waiter: Waiter): void {
    this.waiting.delete(waiter.owner)
    waiter.grant()
  }

  private heldSet(root: LockOwner): Set<string> {
    let scopes = this.heldBy.get(root)
    if (scopes === undefined) {
      scopes = new Set()
      this.heldBy.set(root, scopes)
    }
    return scopes
  }

  /** Whether what the owner waits for depends on the owner. */
  private isDeadlock(owner: LockOwner): boolean {
    // Nobody can depend on an outermost call that holds nothing: the usual case, whatever the length of the queue.
    if (owner.root === owner && !this.heldBy.has(owner)) return false
    const seen = new Set<LockOwner>()
    const open = this.blockersOf(owner)
    for (let blocker = open.pop(); blocker !== undefined; blocker = open.pop()) {
      if (blocker === owner) return true
      if (seen.has(blocker)) continue
      seen.add(blocker)
      open.push(...blocker.children, ...this.blockersOf(blocker))
    }
    return false
  }

  /** The calls that must end before a waiting one goes on. */
  private blockersOf(owner: LockOwner): LockOwner[] {
    const waiter = this.waiting.get(owner)
    const lock = waiter === undefined ? undefined : this.locks.get(waiter.scope)
    if (waiter === undefined || lock === undefined) return []
    const isInside = lock.tree === owner.root
    const queue = isInside ? lock.insiders : lock.outsiders
    const earlier = queue.slice(0, queue.indexOf(waiter)).map(other => (isInside ? other.owner : other.owner.root))
    const holder = isInside ? lock.holders.at(-1) : lock.tree
    return holder === undefined ? earlier : [holder, ...earlier]
  }
}

/** A call may work under a lock of its tree when nobody does, or when it is nested in the one that does. */
function canEnter(lock: Lock, owner: LockOwner): boolean {
  const holder = lock.holders.at(-1)
  if (holder === undefined) return true
  for (let ancestor = owner.parent; ancestor !== undefined; ancestor = ancestor.parent) {
    if (ancestor === holder) return true
  }
  return false
}
