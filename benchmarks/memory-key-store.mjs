/** A key store in memory for libraries that take Baileys' `SignalKeyStore`, the same for every contender. */
export const memoryKeyStore = () => {
  const rows = new Map()
  return {
    get: async (type, ids) => {
      const found = {}
      for (const id of ids) {
        const value = rows.get(`${type}-${id}`)
        if (value !== undefined) found[id] = value
      }
      return found
    },
    set: async data => {
      for (const [type, entries] of Object.entries(data)) {
        for (const [id, value] of Object.entries(entries)) {
          if (value === null || value === undefined) rows.delete(`${type}-${id}`)
          else rows.set(`${type}-${id}`, value)
        }
      }
    },
  }
}
