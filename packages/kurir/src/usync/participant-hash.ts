import { jidDecode } from '../binary/jid.js'
import { sha256 } from '../crypto/digest.js'
import { KurirError } from '../errors/index.js'

/**
 * Version 2 of the hash that names a set of devices (docs/protocol/02, participant hash): `2:` and 8 characters of
 * standard base64. Sender and server compare it to notice that they fan a message out to different devices. Order does
 * not matter; a JID without device means device 0; `c.us` counts as `s.whatsapp.net`.
 *
 * @throws KurirError `invalid-jid` for a member that is not a JID or whose device is not a number
 */
export function participantHash(deviceJids: readonly string[]): string {
  const canonical = deviceJids.map(canonicalDevice).sort()
  return `2:${sha256(Buffer.from(canonical.join(''))).toString('base64', 0, 6)}`
}

/**
 * {@link participantHash} under Baileys' name. Baileys hashes the JIDs as they are written and takes 6 characters, a
 * value that no server knows, and sorts its argument in place: here it is the hash of the protocol and the argument is
 * left alone (docs/protocol/02 §4.5).
 */
export function generateParticipantHashV2(participants: readonly string[]): string {
  return participantHash(participants)
}

/** `user.0:device@server`: agent and device are always written, and the agent is always 0. */
function canonicalDevice(jid: string): string {
  const decoded = jidDecode(jid)
  const device = decoded?.device ?? 0
  if (decoded === undefined || !Number.isInteger(device)) {
    throw new KurirError('invalid-jid', 'Not the JID of a device', { statusCode: 400, data: { jid } })
  }
  return `${decoded.user}.0:${device}@${decoded.server === 'c.us' ? 's.whatsapp.net' : decoded.server}`
}
