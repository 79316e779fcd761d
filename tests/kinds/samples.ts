export const vcard = (name: string): string =>
  `BEGIN:VCARD\nVERSION:3.0\nFN:${name}\nTEL;type=CELL;waid=15550002222:+1 555 000 2222\nEND:VCARD`

export const place = { degreesLatitude: -6.1754, degreesLongitude: 106.8272, name: 'Monas', address: 'Jakarta' }

export const startDate = new Date(1_800_000_000_000)

export const preview = {
  'canonical-url': 'https://example.com/a',
  'matched-text': 'https://example.com/a',
  title: 'Example',
  description: 'About examples',
}
