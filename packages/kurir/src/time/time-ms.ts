/** Lengths of time in milliseconds. */
export const TimeMs = {
  Minute: 60_000,
  Hour: 3_600_000,
  Day: 86_400_000,
  Week: 604_800_000,
} as const

/** Unix seconds of a date, rounded down; now by default. */
export function unixTimestampSeconds(date: Date = new Date()): number {
  return Math.floor(date.getTime() / 1000)
}
