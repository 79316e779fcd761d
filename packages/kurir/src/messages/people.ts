import { isHostedLidUser, isHostedPnUser, isLidUser, isPnUser } from '../binary/jid.js'
import type { WAMessageKey } from '../events/message-types.js'
import type { Person } from './message-secrets.js'
import { type OwnAccount, userFormOf } from './own-account.js'

/** A person by one JID or by both, without devices. */
export function personOf(jid: string, alternative = ''): Person {
  const names = [jid, alternative]
  const lid = names.find(name => isLidUser(name) || isHostedLidUser(name))
  const pn = names.find(name => isPnUser(name) || isHostedPnUser(name))
  return {
    asSeen: userFormOf(jid),
    ...(lid === undefined ? {} : { lid: userFormOf(lid) }),
    ...(pn === undefined ? {} : { pn: userFormOf(pn) }),
  }
}

/** The own account as a person. */
export function ownPerson(me: OwnAccount): Person {
  return personOf(me.id, me.lid)
}

/** Who wrote the message of a key, as far as the key tells (docs/protocol/03, 1.2). Keys are from our view. */
export function authorOf(key: WAMessageKey, me: OwnAccount): Person {
  if (key.fromMe === true) return ownPerson(me)
  return key.participant
    ? personOf(key.participant, key.participantAlt)
    : personOf(key.remoteJid ?? '', key.remoteJidAlt)
}

/** Whether both are known to be one person. A phone number and a LID alone prove nothing. */
export function isSamePerson(left: Person, right: Person): boolean {
  return (
    left.asSeen === right.asSeen ||
    (left.lid !== undefined && left.lid === right.lid) ||
    (left.pn !== undefined && left.pn === right.pn)
  )
}

/** Whether both are known by a name of one kind, and it differs. */
export function isOtherPerson(left: Person, right: Person): boolean {
  if (isSamePerson(left, right)) return false
  return (left.lid !== undefined && right.lid !== undefined) || (left.pn !== undefined && right.pn !== undefined)
}
