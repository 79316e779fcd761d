/** Small functions that programs written for Baileys import and that nothing in Kurir needs. */

/** Whether there is no text. */
export function isStringNullOrEmpty(value: string | null | undefined): value is '' | null | undefined {
  return value === null || value === undefined || value === ''
}

/** Removes members that are undefined, in place, and returns the same object. */
export function trimUndefined(object: { [member: string]: unknown }): { [member: string]: unknown } {
  for (const member of Object.keys(object)) {
    if (object[member] === undefined) delete object[member]
  }
  return object
}
