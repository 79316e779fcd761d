/** Names further apart than this are no typing errors of each other. */
const maxDistance = 2

/** The known name that somebody probably meant; undefined when none is near. */
export function suggestionFor(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let nearest = maxDistance + 1
  for (const candidate of known) {
    const distance = distanceOf(name.toLowerCase(), candidate.toLowerCase())
    // Short names are near to everything.
    if (distance >= nearest || distance >= candidate.length - 1) continue
    best = candidate
    nearest = distance
  }
  return best
}

/** How many letters have to be changed, put in or left out. */
function distanceOf(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > maxDistance) return maxDistance + 1
  let row = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let line = 1; line <= left.length; line += 1) {
    const next = [line]
    for (let column = 1; column <= right.length; column += 1) {
      const above = row[column] ?? 0
      const before = next[column - 1] ?? 0
      const across = (row[column - 1] ?? 0) + (left[line - 1] === right[column - 1] ? 0 : 1)
      next.push(Math.min(above + 1, before + 1, across))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
