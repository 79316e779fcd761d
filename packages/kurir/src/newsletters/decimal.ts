/** A non-negative decimal integer; undefined for anything else. */
export function decimalOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
