import { describe, expect, it } from 'vitest'
import { HandledNames, handledRowIds } from './handled-names.js'

describe('names of handled messages', () => {
  it('are known to the next process: the last thousand of them', () => {
    const rows = new Map<string, Uint8Array>()
    let names = new HandledNames()
    for (let index = 0; index < 3000; index += 1) {
      for (const [id, row] of Object.entries(names.add([`name ${index}`]))) if (row) rows.set(id, row)
      if (index % 777 === 0) {
        names = new HandledNames()
        names.load(rows)
      }
    }
    const known = new Set(new HandledNames().load(rows))
    expect(rows.size).toBe(handledRowIds.length)
    for (let index = 2010; index < 3000; index += 1) expect(known).toContain(`name ${index}`)
    expect(known).not.toContain('name 1900')
  })

  it('of one batch may fill several rows', () => {
    const rows = new Map(Object.entries(new HandledNames().add(Array.from({ length: 100 }, (_, index) => `n${index}`))))
    const stored = new Map([...rows].flatMap(([id, row]) => (row ? [[id, row] as const] : [])))
    expect(new HandledNames().load(stored)).toHaveLength(100)
  })

  it('skips damaged rows', () => {
    expect(new HandledNames().load(new Map([['handled-3', Buffer.from('nonsense\na')]]))).toEqual([])
  })
})
