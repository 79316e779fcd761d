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
