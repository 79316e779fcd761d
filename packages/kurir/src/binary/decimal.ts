/** A non-negative decimal integer, or undefined when the text is anything else (absent, signed, too long …). */
export function parseDecimal(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined
  return Number(text)
}
