import { animatedWebp, lottie, mp4, opus, pdf, png, webp } from './files.js'

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

/** Small files that the tests make; besides bytes, every kind takes `{ url }` and `{ stream }`. */
export const picture = png(4, 3)
export const video = mp4(640, 480, 7)
export const song = opus(61)
export const voice = opus(3)
export const waveform = Uint8Array.from({ length: 64 }, (_, index) => index)
export const leaflet = pdf()
export const sticker = webp()
export const animatedSticker = animatedWebp()
export const animation = lottie()
