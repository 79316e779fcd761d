import type { FurtherRows } from '../auth/record-slots.js'

/** Names in one row: small enough to be written again with each batch. */
const NAMES_PER_ROW = 32
const ROWS = 32

/** The rows that {@link HandledNames} uses. */
export const handledRowIds: readonly string[] = Array.from({ length: ROWS }, (_, row) => `handled-${row}`)

/**
 * The names of the last thousand messages that were handled, as rows of a key store: another copy of one of them, which
 * the ratchets do not recognise, must not be handed over again after a restart.
 */
export class HandledNames {
  /** Rows begun so far; the last one is being filled. */
  #row = 0
  #names: string[] = []

  /** Goes on behind what an earlier process has written; answers its names. */
  load(rows: ReadonlyMap<string, Uint8Array>): string[] {
    const all: string[] = []
    for (const [id, bytes] of rows) {
      const [row = '', ...names] = Buffer.from(bytes).toString().split('\n')
      const number = Number(row)
      if (!Number.isSafeInteger(number) || idOf(number) !== id) continue
      all.push(...names)
      if (number > this.#row || (number === this.#row && names.length > this.#names.length)) {
        this.#row = number
        this.#names = names
      }
    }
    return all
  }

  /** Takes names in; answers the rows to be written. */
  add(names: readonly string[]): FurtherRows {
    const rows: Record<string, Uint8Array> = {}
    for (const name of names) {
      if (this.#names.length >= NAMES_PER_ROW) {
        rows[idOf(this.#row)] = this.#bytes()
        this.#row += 1
        this.#names = []
      }
      this.#names.push(name)
    }
    if (names.length > 0) rows[idOf(this.#row)] = this.#bytes()
    return rows
  }

  #bytes(): Uint8Array {
    return Buffer.from([this.#row, ...this.#names].join('\n'))
  }
}

function idOf(row: number): string {
  return `handled-${row % ROWS}`
}
