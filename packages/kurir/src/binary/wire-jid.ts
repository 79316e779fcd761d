/** The JID forms of the wire format (docs/protocol/01, JIDs on the wire), seen from the text side. */

/** Servers whose JIDs have a device form of their own. Every other server is written as a plain pair. */
export type WireServer =
  | { readonly form: 'device'; readonly name: string; readonly domainType: number }
  | { readonly form: 'fb'; readonly name: 'msgr' }
  | { readonly form: 'interop'; readonly name: 'interop' }

export type DeviceServer = Extract<WireServer, { form: 'device' }>

const PHONE_NUMBER: DeviceServer = { form: 'device', name: 's.whatsapp.net', domainType: 0 }
const LID: DeviceServer = { form: 'device', name: 'lid', domainType: 1 }
const HOSTED: DeviceServer = { form: 'device', name: 'hosted', domainType: 128 }
const HOSTED_LID: DeviceServer = { form: 'device', name: 'hosted.lid', domainType: 129 }
const FB: WireServer = { form: 'fb', name: 'msgr' }
const INTEROP: WireServer = { form: 'interop', name: 'interop' }

/** The names differ in length, so the length of the text picks the only candidate. */
const SERVER_BY_NAME_LENGTH: readonly (WireServer | undefined)[] = Array.from({ length: 15 }, (_, length) =>
  [PHONE_NUMBER, LID, HOSTED, HOSTED_LID, FB, INTEROP].find(server => server.name.length === length),
)

/** The server with a device form that `text` names from `start` to its end. */
export function serverAt(text: string, start: number): WireServer | undefined {
  const candidate = SERVER_BY_NAME_LENGTH[text.length - start]
  return candidate !== undefined && text.startsWith(candidate.name, start) ? candidate : undefined
}

/** The server of a domain type byte. Unknown ones count as phone numbers, as in Baileys and whatsmeow. */
export function serverOfDomainType(domainType: number): DeviceServer {
  switch (domainType) {
    case 1:
      return LID
    case 128:
      return HOSTED
    case 129:
      return HOSTED_LID
    default:
      return PHONE_NUMBER
  }
}

/** The number 0–65535 written canonically (no sign, no leading zero) in `text` from `start` to `end`; -1 otherwise. */
export function parseUint16(text: string, start: number, end: number): number {
  const digits = end - start
  if (digits < 1 || digits > 5 || (digits > 1 && text.charCodeAt(start) === 0x30)) return -1
  let value = 0
  for (let index = start; index < end; index++) {
    const digit = text.charCodeAt(index) - 0x30
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value <= 0xffff ? value : -1
}

/** True for `digits_digits` up to `end`: an account with an agent, which no wire form can carry. */
export function hasAgent(text: string, end: number): boolean {
  const underscore = text.indexOf('_')
  if (underscore < 1 || underscore >= end - 1) return false
  for (let index = 0; index < end; index++) {
    const digit = text.charCodeAt(index) - 0x30
    if (index !== underscore && (digit < 0 || digit > 9)) return false
  }
  return true
}
