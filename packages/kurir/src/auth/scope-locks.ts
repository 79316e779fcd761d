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
 * A lock taken anywhere in a tree stays with the tree until the outermost transaction ends. Inside the tree one that is
 * nested in the holder goes on at once, and others take turns: a call that ends well leaves its locks to the one that
 * it is nested in, which alone sees what was written under them. Whoever would wait for something that waits for it is
 * told so instead.
 */
export class ScopeLocks {
  private readonly locks = new Map<string, Lock>()
  /** Scopes by outermost call. */
  private readonly keptBy = new Map<LockOwner, Set<string>>()
  /** Scopes by the call that holds them. */
  private readonly heldBy = new Map<LockOwner, string[]>()
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
      const fresh: Lock = { tree: owner.root, holders: [], insiders: [], outsiders: [] }
      this.locks.set(scope, fresh)
      this.keep(owner.root, scope)
      this.enter(fresh, scope, owner)
      return { isNew: true }
    }
    const isInside = lock.tree === owner.root
    if (isInside && canEnter(lock, owner)) {
      this.enter(lock, scope, owner)
      return { isNew: false }
    }
    return { isNew: !isInside, granted: this.wait(owner, scope, isInside ? lock.insiders : lock.outsiders) }
  }

  /**
   * Called when a nested call ends.
   *
   * @param heir the call that it is nested in, when that takes over what was written
   */
  leave(owner: LockOwner, heir: LockOwner | undefined): void {
    const scopes = this.heldBy.get(owner)
    this.heldBy.delete(owner)
    for (const scope of scopes?.reverse() ?? []) {
      const lock = this.locks.get(scope)
      if (lock === undefined) continue
      lock.holders.pop()
      if (heir !== undefined && lock.holders.at(-1) !== heir) this.enter(lock, scope, heir)
      const next = lock.insiders.find(waiter => canEnter(lock, waiter.owner))
      if (next === undefined) continue
      lock.insiders = lock.insiders.filter(waiter => waiter !== next)
      this.enter(lock, scope, next.owner)
      this.resume(next)
    }
  }

  /** Called when an outermost call ends: its locks go to whoever waits. */
  releaseTree(root: LockOwner): void {
    this.heldBy.delete(root)
    const scopes = this.keptBy.get(root)
    this.keptBy.delete(root)
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
    lock.holders.length = 0
    this.enter(lock, scope, next.owner)
    lock.insiders = lock.outsiders.filter(waiter => waiter.owner.root === root)
    lock.outsiders = lock.outsiders.filter(waiter => waiter.owner.root !== root)
    this.keep(root, scope)
    this.resume(next)
  }

  private enter(lock: Lock, scope: string, owner: LockOwner): void {
    lock.holders.push(owner)
    const scopes = this.heldBy.get(owner)
    if (scopes === undefined) this.heldBy.set(owner, [scope])
    else scopes.push(scope)
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
          data: { scope, held: [...(this.keptBy.get(owner.root) ?? [])] },
        }),
      )
    })
  }

  private resume(waiter: Waiter): void {
    this.waiting.delete(waiter.owner)
    waiter.grant()
  }

  private keep(root: LockOwner, scope: string): void {
    const scopes = this.keptBy.get(root)
    if (scopes === undefined) this.keptBy.set(root, new Set([scope]))
    else scopes.add(scope)
  }

  /** Whether what the owner waits for depends on the owner. */
  private isDeadlock(owner: LockOwner): boolean {
    // Nobody can depend on an outermost call that holds nothing: the usual case, whatever the length of the queue.
    if (owner.root === owner && !this.keptBy.has(owner)) return false
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
    if (lock.tree !== owner.root) {
      const earlier = lock.outsiders.slice(0, lock.outsiders.indexOf(waiter))
      return [lock.tree, ...earlier.map(other => other.owner.root)]
    }
    const holder = lock.holders.at(-1)
    const earlier = lock.insiders.slice(0, lock.insiders.indexOf(waiter)).map(other => other.owner)
    return (holder === undefined ? earlier : [holder, ...earlier]).map(blocker => branchBeside(blocker, owner))
  }
}

/**
 * The outermost call that the blocker is nested in and the other one is not: a lock is inherited upwards until it
 * belongs to a call that both are nested in.
 */
function branchBeside(blocker: LockOwner, other: LockOwner): LockOwner {
  const common = new Set<LockOwner>()
  for (let ancestor = other.parent; ancestor !== undefined; ancestor = ancestor.parent) common.add(ancestor)
  let branch = blocker
  while (branch.parent !== undefined && !common.has(branch.parent)) branch = branch.parent
  return branch
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
