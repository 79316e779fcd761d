import type { Direction } from './message-kind.js'

/** Fields that may differ in whatever kind, and why. */
export const usualDifferences: Readonly<Record<Direction, Readonly<Record<string, string>>>> = {
  'kurir to phone': {},
  'phone to kurir': {},
  'kurir to baileys': {
    senderKeyDistributionMessage: 'Baileys reports the sender key that comes along in groups; it is no content.',
  },
  'baileys to kurir': {},
}

/** What does not work with the files of channels, which are not encrypted. */
export const channelFiles: Readonly<Partial<Record<Direction, string>>> = {
  'kurir to baileys':
    'Baileys downloads no files without a key: what is said about the file is compared, the file is not.',
  'baileys to kurir': 'Baileys uploads them as if they were encrypted, which is refused: they are left out.',
}
