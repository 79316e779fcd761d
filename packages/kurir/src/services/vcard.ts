import { KurirError } from '../errors/kurir-error.js'

/** A person in an address book. */
export interface ContactCard {
  readonly name: string
  /** With country code; `+62 811 1000 1`. */
  readonly phone: string
  readonly organization?: string | undefined
  readonly email?: string | undefined
}

/**
 * A vCard 3.0 as WhatsApp shows it: `waid` ties the number to an account, so that people can write to it at once
 * (docs/protocol/03, 2.4).
 *
 * @throws KurirError `invalid-contact-card` (400) without a name or a number
 */
export function vcardOf({ name, phone, organization, email }: ContactCard): string {
  const digits = String(phone ?? '').replace(/\D/g, '')
  if (!name || digits === '') {
    throw new KurirError('invalid-contact-card', 'A contact has a name and a phone number', {
      statusCode: 400,
      data: { field: name ? 'phone' : 'name' },
    })
  }
  const lines = [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `N:;${escaped(name)};;;`,
    `FN:${escaped(name)}`,
    ...(organization ? [`ORG:${escaped(organization)}`] : []),
    `TEL;type=CELL;type=VOICE;waid=${digits}:+${digits}`,
    ...(email ? [`EMAIL:${escaped(email)}`] : []),
    'END:VCARD',
  ]
  return lines.join('\n')
}

/** Commas and semicolons part the values of a line, and a line ends at its end (RFC 6350, 3.4). */
function escaped(text: string): string {
  return text.replace(/[\\,;]/g, '\\$&').replace(/\r?\n/g, '\\n')
}
