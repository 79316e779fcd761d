import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import { storeError } from './database-errors.js'
import type { SqlLock } from './sql.js'

const LOCK_SUFFIX = '-owner'

/**
 * One process serves the sessions of a file. It holds a small database beside it, `<file>-owner`, in exclusive mode: the
 * operating system takes that lock away when the process ends, however it ends. Within the process every name has one
 * holder.
 */
export class SqliteLocks {
  readonly #file: string
  readonly #held = new Set<string>()
  #owner: DatabaseSyncInstance | undefined

  constructor(file: string) {
    this.#file = `${file}${LOCK_SUFFIX}`
  }

  async take(name: string): Promise<SqlLock | undefined> {
    if (this.#held.has(name) || !this.#own()) return undefined
    this.#held.add(name)
    return {
      // A lock of the operating system stays.
      onLost: () => {},
      release: async () => {
        if (this.#held.delete(name) && this.#held.size === 0) this.close()
      },
    }
  }

  close(): void {
    this.#held.clear()
    this.#owner?.close()
    this.#owner = undefined
  }

  #own(): boolean {
    if (this.#owner !== undefined) return true
    const database = new DatabaseSync(this.#file, { timeout: 0 })
    try {
      database.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    } catch (error) {
      database.close()
      const trouble = storeError(error)
      if (trouble instanceof Error && 'code' in trouble && trouble.code === 'store-busy') return false
      throw trouble
    }
    this.#owner = database
    return true
  }
}
